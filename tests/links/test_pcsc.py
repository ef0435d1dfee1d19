"""The PC/SC link and the card process, on a real pcscd with a virtual reader."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.endpoints.card_process import CardProcess
from harness.endpoints.pcscd import READER, PrivatePcscd, availability
from harness.errors import DeviceSilent, LabFault
from harness.links import pcsc
from harness.links.apdu import CardLink, ChannelRefused
from harness.links.events import Exchange
from harness.links.pcsc import PcscLink
from tests.endpoints.stub_card import ATR

pytestmark = pytest.mark.skipif(availability() is not None, reason=str(availability()))

COUNT, ECHO, BREAK = bytes.fromhex("8001000000"), bytes.fromhex("8002000003AABBCC"), bytes.fromhex("8003000000")


@pytest.fixture(scope="module")
def pcscd() -> Iterator[PrivatePcscd]:
    with PrivatePcscd() as daemon:
        yield daemon


@pytest.fixture(scope="class")
def shared_card(pcscd: PrivatePcscd) -> Iterator[CardProcess]:
    with CardProcess(pcscd, "tests.endpoints.stub_card:create", {}) as process:
        yield process
    assert pcsc.wait_for_card(process.reader, present=False, deadline=10)


@pytest.fixture
def own_card(pcscd: PrivatePcscd, tmp_path: Path) -> Iterator[CardProcess]:
    """A card with a file, for tests that cut its power. It must not be used beside `shared_card`."""
    with CardProcess(pcscd, "tests.endpoints.stub_card:create", {"file": str(tmp_path / "state")}) as process:
        yield process
    assert pcsc.wait_for_card(process.reader, present=False, deadline=10)


class TestLink:
    @pytest.fixture
    def link(self, shared_card: CardProcess) -> Iterator[PcscLink]:
        link = PcscLink(shared_card.reader)
        link.reset()
        yield link
        link.close()

    def test_it_is_a_card_link(self, link: PcscLink) -> None:
        assert isinstance(link, CardLink)
        assert (link.name, link.is_terminal) == ("pcsc", True)

    def test_reset_gives_the_atr_and_every_byte_is_told(self, link: PcscLink) -> None:
        told: list[Exchange] = []
        link.observers.add(told.append)
        assert link.reset() == ATR
        assert link.transmit(ECHO) == bytes.fromhex("AABBCC9000")
        assert [e.octets for e in told] == [ATR, ECHO, bytes.fromhex("AABBCC9000")]
        assert told[0].note == {"link": "pcsc", "event": "reset"}

    def test_a_long_command_and_answer(self, link: PcscLink) -> None:
        data = bytes(range(255))
        assert link.transmit(bytes.fromhex("80020000FF") + data) == data + b"\x90\x00"

    def test_a_channel(self, link: PcscLink) -> None:
        channel = link.open_channel(bytes.fromhex("A001"))
        assert (channel.number, channel.select_response) == (1, bytes.fromhex("6F01009000"))
        assert channel.transmit(ECHO) == bytes.fromhex("AABBCC9000")
        channel.close()
        with pytest.raises(ChannelRefused):
            link.open_channel(bytes.fromhex("A002"))

    def test_the_reader_is_found_by_name_without_its_numbers(self, shared_card: CardProcess) -> None:
        link = PcscLink(READER)  # two slots have this name; one holds a card
        assert link.reader == shared_card.reader
        link.close()
        link.close()

    def test_a_closed_link_is_a_lab_fault(self, shared_card: CardProcess) -> None:
        link = PcscLink(shared_card.reader)
        link.close()
        with pytest.raises(LabFault, match="closed"):
            link.transmit(COUNT)

    def test_an_unknown_reader_names_those_that_are_there(self, shared_card: CardProcess) -> None:
        with pytest.raises(LabFault, match="no reader is 'Bit4id'") as fault:
            PcscLink("Bit4id")
        assert READER in fault.value.hint

    def test_an_unknown_serial_is_another_reader(self, shared_card: CardProcess) -> None:
        with pytest.raises(LabFault, match="with serial 4711"):
            PcscLink(READER, serial="4711")

    def test_an_empty_slot_says_to_seat_the_card(self, shared_card: CardProcess) -> None:
        with pytest.raises(LabFault, match="8010000C") as fault:
            PcscLink(f"{READER} 00 01")
        assert "seat the card" in fault.value.hint

    def test_exclusive_keeps_others_out(self, shared_card: CardProcess) -> None:
        link = PcscLink(shared_card.reader, exclusive=True)
        with pytest.raises(LabFault, match="8010000B") as fault:
            PcscLink(shared_card.reader)
        assert "another program" in fault.value.hint
        link.close()

    def test_readers_are_listed_with_their_cards(self, shared_card: CardProcess) -> None:
        found = {reader.name: (reader.has_card, reader.atr) for reader in pcsc.readers()}
        assert found == {f"{READER} 00 00": (True, ATR), f"{READER} 00 01": (False, b"")}

    def test_opening_and_closing_leaks_no_descriptor(self, shared_card: CardProcess) -> None:
        PcscLink(shared_card.reader).close()
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            PcscLink(shared_card.reader).close()
        assert len(os.listdir("/proc/self/fd")) == before

    def test_snapshot_restore_and_defects(self, link: PcscLink, shared_card: CardProcess) -> None:
        snapshot = shared_card.snapshot()
        first = link.transmit(COUNT)
        shared_card.restore(snapshot)
        link.reset()
        assert link.transmit(COUNT) == first
        shared_card.set_defects(["reverses-echo"])
        link.reset()
        assert link.transmit(ECHO) == bytes.fromhex("CCBBAA9000")
        shared_card.set_defects([])
        link.reset()
        assert link.transmit(ECHO) == bytes.fromhex("AABBCC9000")


def test_a_mute_card_is_silent_within_the_deadline_and_speaks_after_a_power_cycle(own_card: CardProcess) -> None:
    told: list[Exchange] = []
    link = PcscLink(own_card.reader, observers=[told.append], deadline=0.3)
    own_card.mute()
    begun = time.monotonic()
    with pytest.raises(DeviceSilent):
        link.transmit(COUNT, deadline=0.2)
    assert time.monotonic() - begun < 2
    assert told[-1].note["event"] == "lost"
    with pytest.raises(LabFault):  # the reader still waits for the card: nothing but its power helps
        link.reset()
    own_card.mute(False)
    own_card.power_cycle()
    assert link.reset() == ATR
    assert told[-1].note["event"] == "reconnected"
    assert link.transmit(COUNT) == bytes.fromhex("00019000")
    link.close()


def test_a_rig_that_can_cut_the_power_brings_a_mute_card_back_by_reset(own_card: CardProcess) -> None:
    link = PcscLink(own_card.reader, power_cycle=own_card.power_cycle)
    own_card.mute()
    with pytest.raises(DeviceSilent):
        link.transmit(COUNT, deadline=0.1)
    own_card.mute(False)
    assert link.reset() == ATR
    own_card.kill()
    with pytest.raises(LabFault):
        link.transmit(COUNT)
    assert link.reset() == ATR
    assert link.transmit(COUNT) == bytes.fromhex("00019000")
    link.close()


def test_a_power_cut_loses_the_link_and_keeps_what_was_stored(own_card: CardProcess) -> None:
    link = PcscLink(own_card.reader)
    assert link.transmit(COUNT) == bytes.fromhex("00019000")
    own_card.kill()
    with pytest.raises(LabFault, match="80100069") as fault:
        link.transmit(COUNT)
    assert "seat the card" in fault.value.hint
    with pytest.raises(LabFault, match="lost"):
        link.transmit(COUNT)
    with pytest.raises(LabFault, match="not running"):
        own_card.snapshot()
    own_card.restart()
    assert link.reset() == ATR
    assert link.transmit(COUNT) == bytes.fromhex("00029000")
    link.close()


def test_a_power_cut_within_a_command_is_the_labs_fault(own_card: CardProcess) -> None:
    link = PcscLink(own_card.reader)
    own_card.mute()
    cut = threading.Timer(0.1, os.kill, (own_card.pid, signal.SIGKILL))
    cut.start()
    with pytest.raises(LabFault):
        link.transmit(COUNT, deadline=20)
    cut.join(10)
    own_card.kill()
    link.close()


def test_a_broken_simulation_is_not_the_devices_behaviour(own_card: CardProcess) -> None:
    link = PcscLink(own_card.reader)
    with pytest.raises(LabFault):
        link.transmit(BREAK)
    with pytest.raises(RuntimeError, match="ZeroDivisionError: a fault of the simulation"):
        own_card.check()
    with pytest.raises(LabFault, match="gone"):
        own_card.snapshot()
    link.close()


def test_a_factory_that_fails_says_why(pcscd: PrivatePcscd) -> None:
    with pytest.raises(RuntimeError, match=r"No module named 'tests\.nowhere'"):
        CardProcess(pcscd, "tests.nowhere:create", {}).start()


def test_a_restarted_daemon_is_a_lab_fault_and_then_served_again(pcscd: PrivatePcscd, own_card: CardProcess) -> None:
    link = PcscLink(own_card.reader)
    pcscd.stop()
    with pytest.raises(LabFault) as fault:
        link.transmit(COUNT)
    assert fault.value.hint
    with pytest.raises(LabFault, match="8010001D"):
        link.reset()
    pcscd.start()
    own_card.insert()
    assert link.reset() == ATR
    assert link.transmit(COUNT) == bytes.fromhex("00019000")
    link.close()


def test_without_pyscard_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert pcsc.availability() == "pyscard missing: pip install sgp32-harness[pcsc]"
    with pytest.raises(LabFault) as fault:
        PcscLink(READER)
    assert fault.value.hint == "pip install sgp32-harness[pcsc]"
