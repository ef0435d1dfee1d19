"""Whatever a card answers, ES10 returns a value or calls the answer malformed."""

from __future__ import annotations

import random

import pytest

from harness.errors import DeviceFault
from harness.roles.eim.commands import enable, list_profile_info
from harness.roles.es10 import Es10
from tests.roles.es10.card import ScriptedCard
from tests.roles.ipa.world import World, profile

MUTATIONS = 200


@pytest.fixture(scope="module")
def exchanges() -> dict[bytes, bytes]:
    """Requests and answers of a card that has lived: a profile, results, notifications."""
    world = World(installed=("operational-a",))
    world.es10.load_package(world.eim.package(enable(profile("operational-a").iccid, rollback=False)))
    world.es10.load_package(world.eim.package(list_profile_info()))
    found: dict[bytes, bytes] = {}
    call = world.es10.call

    def kept(request: bytes, *, deadline: float = 10.0) -> bytes:
        found[request] = call(request, deadline=deadline)
        return found[request]

    world.es10.call = kept  # type: ignore[method-assign]
    for ask in CALLS:
        ask(world.es10)
    return found


CALLS = (
    Es10.get_eid,
    Es10.get_euicc_info1,
    Es10.get_euicc_info2,
    Es10.get_euicc_challenge,
    Es10.get_configured_addresses,
    Es10.get_certs,
    Es10.get_eim_configuration,
    Es10.get_profiles_info,
    Es10.list_notifications,
    Es10.retrieve_notifications,
    lambda es10: es10.retrieve_notifications(results=True),
    Es10.profile_rollback,
)


@pytest.mark.parametrize("place", range(len(CALLS)))
def test_one_changed_octet_is_a_value_or_malformed(place: int, exchanges: dict[bytes, bytes]) -> None:
    draw = random.Random(place)
    state: dict[str, bytes] = {}

    def answer(request: bytes) -> bytes:
        octets = bytearray(exchanges[request])
        octets[draw.randrange(len(octets))] = draw.randrange(256)
        state["answer"] = bytes(octets)
        return state["answer"]

    es10 = Es10(ScriptedCard(answer))
    refused = 0
    for _ in range(MUTATIONS):
        try:
            CALLS[place](es10)
        except DeviceFault:
            refused += 1
        except Exception as fault:
            raise AssertionError(f"{type(fault).__name__} for {state['answer'].hex()}") from fault
    assert refused < MUTATIONS


def test_truncated_answers_are_malformed(exchanges: dict[bytes, bytes]) -> None:
    for place, ask in enumerate(CALLS):
        es10 = Es10(ScriptedCard(lambda request: exchanges[request][:-1]))
        with pytest.raises(DeviceFault):
            ask(es10)
        assert place < len(CALLS)
