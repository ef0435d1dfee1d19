"""Bringing cards with habits of their own into a state: no eIM reset, other CIs, channels left open, an emergency."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness import resources
from harness.conformance.case import State
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.parties import Parties, euicc_over
from harness.conformance.ours.states import associate, clear, reach
from harness.errors import DeviceFault
from harness.lab.benches.cards import conforming_card
from harness.lab.file.configuration import read_lab
from harness.lab.rack import Rack
from harness.links.memory import MemoryLink
from harness.roles.eim import Eim
from harness.roles.eim.commands import configure_immediate_enable
from harness.simulators.euicc import CardConfig, SimulatedEuicc, VolatileMemory

BOTH = State(eims=2)
NOT_AVAILABLE = 1
"""immediateEnableNotAvailable of ES10b.ImmediateEnable."""


@pytest.fixture(scope="module")
def rack() -> Iterator[Rack]:
    with Rack(read_lab(resources.path("lab-config/simulated.yaml")), seed=1) as rack:
        yield rack


def on_the_bench(rack: Rack, config: CardConfig) -> tuple[SimulatedEuicc, EuiccUnderTest, Parties]:
    card, parties = conforming_card(rack, config), Parties(rack, "odd", BOTH)
    return card, euicc_over(MemoryLink(card), parties), parties


def put_into(state: State, euicc: EuiccUnderTest, parties: Parties) -> None:
    reach(state, euicc, parties.eims, parties.profiles, parties.download_to(euicc))


def test_eims_delete_each_other_where_the_card_cannot_reset_them(rack: Rack) -> None:
    _, euicc, parties = on_the_bench(rack, CardConfig(eim_reset_supported=False))
    put_into(BOTH, euicc, parties)
    assert len(euicc.get_eim_configuration()) == 2
    clear(euicc, parties.eims)
    assert euicc.get_eim_configuration() == ()


def test_an_association_without_a_token_is_ended_too(rack: Rack) -> None:
    """What the lab remembers is the token of the association before."""
    _, euicc, parties = on_the_bench(rack, CardConfig(eim_reset_supported=False))
    eim: Eim = parties.eims[0]
    associate(euicc, [eim])
    assert eim.device().association.token
    clear(euicc, [eim])
    assert euicc.add_initial_eim([eim.configuration()]).entries == (None,)
    clear(euicc, [eim])
    assert euicc.get_eim_configuration() == ()


def test_the_eim_of_somebody_else_is_left_alone(rack: Rack) -> None:
    _, euicc, parties = on_the_bench(rack, CardConfig(eim_reset_supported=False))
    euicc.add_initial_eim([parties.eims[0].configuration() | {"eimId": "somebody.example.com"}])
    with pytest.raises(DeviceFault, match=r"somebody\.example\.com"):
        clear(euicc, parties.eims)


def test_channels_that_were_left_open_are_closed_by_a_reset(rack: Rack) -> None:
    card, euicc, parties = on_the_bench(rack, CardConfig(channels=2))
    euicc.open()
    another = euicc_over(MemoryLink(card), parties)
    another.transmit(bytes.fromhex("0070000001"))
    put_into(State(eims=1), another, parties)
    assert len(another.get_eim_configuration()) == 1


def test_results_are_checked_under_the_ci_that_our_eims_name(rack: Rack) -> None:
    config = CardConfig()
    identities = tuple(reversed(rack.pki.euicc_identities(config.eid)))
    parties = Parties(rack, "odd", BOTH)
    made = conforming_card(rack, config)
    card = SimulatedEuicc(config, identities, VolatileMemory(), rack.entropy.child("odd"))
    card.restore(made.snapshot())
    euicc = euicc_over(MemoryLink(card), parties)
    assert euicc.get_certs().euicc == identities[0].certificate, "the card prefers the other one"
    assert euicc.certificate.raw == rack.pki.euicc_identity("nist", config.eid).certificate


def test_what_an_earlier_case_allowed_is_not_allowed_any_more(rack: Rack) -> None:
    _, euicc, parties = on_the_bench(rack, CardConfig())
    put_into(BOTH, euicc, parties)
    euicc.load_package(parties.eims[0].package(configure_immediate_enable()))
    put_into(BOTH, euicc, parties)
    assert parties.download_to(euicc)("operational-a").is_success
    assert euicc.immediate_enable() == NOT_AVAILABLE
    assert euicc.enabled_profile is None
