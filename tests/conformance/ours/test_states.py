"""States: what a snapshot holds is what the standard's functions reach."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness import resources
from harness.conformance.case import State
from harness.conformance.ours.parties import Parties, euicc_over, prepared_card
from harness.conformance.ours.states import clear, described
from harness.errors import DeviceFault
from harness.lab.benches.cards import conforming_card
from harness.lab.file.configuration import read_lab
from harness.lab.rack import Rack
from harness.links.memory import MemoryLink
from harness.simulators.euicc import CardConfig

ENABLED = State(eims=2, profiles=("operational-a", "bootstrap"), enabled="operational-a")
CONFIG = CardConfig()


@pytest.fixture(scope="module")
def rack() -> Iterator[Rack]:
    with Rack(read_lab(resources.path("lab-config/simulated.yaml")), seed=1) as rack:
        yield rack


def card_in(rack: Rack, state: State, config: CardConfig = CONFIG) -> tuple[MemoryLink, Parties]:
    card = conforming_card(rack, config)
    card.restore(prepared_card(rack, config, state).snapshot)
    return MemoryLink(card), Parties(rack, "test", state)


@pytest.mark.parametrize("habit", ["refresh", "reset"])
def test_a_state_is_what_it_says(rack: Rack, habit: str) -> None:
    config = CardConfig(after_enable="reset" if habit == "reset" else "refresh")
    euicc = euicc_over(*card_in(rack, ENABLED, config))
    assert {eim.eim_id for eim in euicc.get_eim_configuration()} == {"eim.harness.test", "other-eim.harness.test"}
    assert euicc.enabled_profile == "operational-a"
    assert euicc.find_profile("bootstrap") is not None
    assert euicc.find_profile("operational-b") is None
    assert euicc.list_notifications() == ()
    assert euicc.retrieve_notifications(results=True).results == ()


def test_the_eims_know_what_the_card_knows_of_them(rack: Rack) -> None:
    prepared = prepared_card(rack, CONFIG, ENABLED)
    first, second = prepared.associations
    assert first.counter > second.counter == 0, "the first one had a package executed"
    configured = euicc_over(*card_in(rack, ENABLED)).get_eim_configuration()
    assert {eim.association_token for eim in configured} == {first.token, second.token}


def test_a_snapshot_is_made_once(rack: Rack) -> None:
    assert prepared_card(rack, CONFIG, ENABLED) is prepared_card(rack, CONFIG, ENABLED)


def test_clearing_leaves_a_virgin_card(rack: Rack) -> None:
    euicc = euicc_over(*card_in(rack, ENABLED))
    clear(euicc)
    assert euicc.get_profiles_info() == ()
    assert euicc.get_eim_configuration() == ()
    assert euicc.list_notifications() == ()


def test_the_certificate_of_a_stranger_is_the_devices_fault(rack: Rack) -> None:
    parties = Parties(rack, "test", State())
    identity = rack.pki.euicc_identity("nist", CONFIG.eid)
    assert parties.checked(identity.certificate, identity.eum_certificate).eid == CONFIG.eid
    with pytest.raises(DeviceFault, match="leads to no CI"):
        parties.checked(identity.certificate, identity.ci_certificate)


def test_a_state_in_words() -> None:
    assert described(State()) == "no eIM; no profile"
    assert described(ENABLED) == "2 eIM associated; installed: operational-a, bootstrap; enabled: operational-a"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"eims": 3}, "0, 1 or 2"),
        ({"eims": 1, "enabled": "operational-a"}, "not one of profiles"),
        ({"profiles": ("test",), "enabled": "test"}, "needs eims=1"),
    ],
)
def test_a_state_that_cannot_be_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        State(**wrong)  # type: ignore[arg-type]
