"""A card that its module hides: what is reached over polls, and what is said where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.conformance.case import State
from harness.conformance.devices import device
from harness.conformance.preparing.over_polls import OverPolls
from harness.errors import DeviceSilent, LabFault, Withheld
from harness.lab.benches.assembly import assemble
from harness.lab.benches.cards import slot_eid
from harness.lab.benches.module_bench import ModuleBench
from harness.lab.file.configuration import read_lab
from harness.lab.file.effects import Sparing
from harness.lab.parties import new_eim
from harness.lab.rack import Rack
from harness.lab.reaching.shared_port import shared_port
from harness.links.events import Interface
from harness.links.https_client import HttpsClient
from harness.links.tls import Trust
from harness.roles.eim.commands import delete_eim, list_profile_info
from harness.roles.eim.state import DONE
from tests.sealed_module import lab_file, sealed_module

ENABLED = State(eims=2, profiles=("operational-a", "operational-b"), enabled="operational-a")


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """This module answers at once, or never."""
    monkeypatch.setattr(device, "POLL_DEADLINE", 3.0)
    monkeypatch.setattr(device, "TELL_EVERY", 1.0)
    monkeypatch.setattr(device, "PAUSE_IN_A_VISIT", 3.0)
    monkeypatch.setattr(device, "BETWEEN_EIMS", 1.0)
    monkeypatch.setattr(device, "AFTER_A_CHANGE", 0.5)


@contextmanager
def opened(lab: Path) -> Iterator[ModuleBench]:
    """The bench of the module in a rack of its own, as in one run."""
    read = read_lab(lab)
    with shared_port(read, read.slots.values(), lambda arrival: None) as front, Rack(read, 1, front) as rack:
        bench = assemble(rack, read.slots["modem"], "modem", None, lambda link: lambda exchange: None)
        assert isinstance(bench, ModuleBench)
        bench.open()
        try:
            yield bench
        finally:
            bench.close()


def over_polls(bench: ModuleBench, label: str = "case") -> OverPolls:
    roots = tuple(bench.rack.pki.trust(curve).ci.certificate for curve in bench.rack.pki.curves)
    return OverPolls(bench, label, HttpsClient(Trust(roots), interface=Interface.ES9P, addresses=bench.addresses))


def test_a_state_is_reached_and_left_in_run_after_run(tmp_path: Path) -> None:
    lab = lab_file(tmp_path)
    with sealed_module(lab):
        for _ in range(2):
            with opened(lab) as bench:
                assert "AT+CSIM" in bench.hides_card
                prepared = over_polls(bench)
                prepared.reach(ENABLED)
                assert bench.known_eid is not None, "its polls have told it"
                eims = [new_eim(bench.rack, bench.rack.entropy.child("case"), number) for number in (0, 1)]
                prepared.introduce(eims)
                assert all(eim.device().euicc_certificate for eim in eims)
                assert all(eim.device().association.token for eim in eims)
                over_polls(bench, "again").reach(ENABLED)
                over_polls(bench, "farewell").leave()


def test_an_eim_that_a_case_deleted_comes_back(tmp_path: Path) -> None:
    lab = lab_file(tmp_path)
    with sealed_module(lab):
        with opened(lab) as bench:
            prepared = over_polls(bench)
            prepared.reach(State(eims=2))
            other = prepared._eims[1]
            with prepared._visits.served(is_met=True, are_several=True):
                gone = other.queue_package(bench.known_eid, delete_eim(prepared._eims[0].identity.eim_id))
                prepared._visits.work_off(other, [gone])
            prepared.remember(prepared._eims)
            again = over_polls(bench, "next")
            again.reach(State(eims=1))
            with again._visits.served(is_met=True, are_several=False):
                listed = again._eims[0].queue_package(bench.known_eid, list_profile_info())
                assert again._visits.work_off(again._eims[0], [listed])[0].state == DONE
        with opened(lab) as bench:
            over_polls(bench).reach(State(eims=1))


def test_what_our_eim_offers_is_exchanged_by_the_other_one(tmp_path: Path) -> None:
    lab = lab_file(tmp_path)
    with sealed_module(lab), opened(lab) as bench:
        over_polls(bench).reach(State(eims=1, offers_indirect_download=False))
        over_polls(bench, "next").reach(State(eims=1))
    forbidden = replace(bench.slot, sparing=Sparing())
    with sealed_module(lab), opened(lab) as bench:
        bench.slot = forbidden
        with pytest.raises(Withheld, match="would have to be deleted first"):
            over_polls(bench).reach(State(eims=1, offers_indirect_download=False))


def test_a_device_that_nobody_provisioned_is_left_out(tmp_path: Path) -> None:
    lab = lab_file(tmp_path)
    with sealed_module(lab, provisioned=False), opened(lab) as bench:
        with pytest.raises(Withheld, match="has never polled our eIM") as raised:
            over_polls(bench).reach(State(eims=1))
        assert "provisioning-kit modem" in raised.value.hint
        with pytest.raises(Withheld, match="has never polled our eIM"):
            over_polls(bench, "next").reach(State(eims=1))  # at once: nobody waits for it a second time


def test_a_device_that_polled_before_fell_silent(tmp_path: Path) -> None:
    lab = lab_file(tmp_path)
    with sealed_module(lab) as module:
        with opened(lab) as bench:
            over_polls(bench).reach(State(eims=1))
        module.set_addresses({})
        with opened(lab) as bench, pytest.raises(DeviceSilent, match="no poll came within 3 s"):
            over_polls(bench).reach(State(eims=1))


def test_the_eid_of_the_lab_file_is_kept_and_another_device_is_told(tmp_path: Path) -> None:
    eid = slot_eid(7)
    lab = lab_file(tmp_path, eid=f'"{eid}"')
    with sealed_module(lab), opened(lab) as bench:
        assert bench.known_eid == bytes.fromhex(eid)
        with pytest.raises(LabFault, match=f"instead of {eid}"):
            over_polls(bench).reach(State(eims=1))


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        (State(), "without an eIM nobody could bring it back"),
        (State(eims=1, exact=True), "nothing else on it"),
        (State(eims=1, profiles=("operational-locked",)), "policy rules"),
    ],
)
def test_what_is_out_of_an_eims_reach_is_withheld(sealed: ModuleBench, needs: State, said: str) -> None:
    with pytest.raises(Withheld, match=said):
        over_polls(sealed).reach(needs)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleBench]:
    lab = lab_file(tmp_path_factory.mktemp("sealed"))
    with sealed_module(lab), opened(lab) as bench:
        yield bench
