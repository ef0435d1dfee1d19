"""APDU links in memory, and what all APDU links share."""

from __future__ import annotations

import pytest

from harness.errors import ChannelLost, DeviceSilent, MalformedAnswer
from harness.links.apdu import CardLink, ChannelRefused, LogicalChannel, class_byte
from harness.links.events import Direction, Exchange
from harness.links.memory import MemoryLink
from tests.endpoints.stub_card import ATR, StubCard

KNOWN = bytes.fromhex("A001")


class Scripted:
    """A card that answers from a list."""

    def __init__(self, *answers: str) -> None:
        self.answers = [bytes.fromhex(answer) for answer in answers]
        self.commands: list[str] = []

    def power_on(self) -> bytes:
        return ATR

    def power_off(self) -> None:
        pass

    def transmit(self, command: bytes) -> bytes:
        self.commands.append(command.hex().upper())
        return self.answers.pop(0)


def test_the_link_is_a_card_link() -> None:
    link = MemoryLink(StubCard())
    assert isinstance(link, CardLink)
    assert (link.name, link.is_terminal) == ("memory", True)


def test_every_exchange_is_told_in_order() -> None:
    told: list[Exchange] = []
    link = MemoryLink(StubCard(), [told.append])
    assert link.reset() == ATR
    assert link.transmit(bytes.fromhex("8002000002CAFE")) == bytes.fromhex("CAFE9000")
    assert [(e.direction, e.octets.hex().upper(), e.note.get("event")) for e in told] == [
        (Direction.FROM_DEVICE, ATR.hex().upper(), "reset"),
        (Direction.TO_DEVICE, "8002000002CAFE", None),
        (Direction.FROM_DEVICE, "CAFE9000", None),
    ]
    assert [e.at_ns for e in told] == sorted(e.at_ns for e in told)


def test_an_observer_can_leave() -> None:
    told: list[Exchange] = []
    link = MemoryLink(StubCard())
    leave = link.observers.add(told.append)
    link.reset()
    leave()
    link.reset()
    assert len(told) == 1


def test_the_first_command_powers_the_card() -> None:
    card = StubCard()
    link = MemoryLink(card)
    assert link.transmit(bytes.fromhex("8001000000")) == bytes.fromhex("00019000")
    link.close()
    assert not card.powered
    link.close()


def test_a_channel_completes_the_class_byte_and_closes_once() -> None:
    card = Scripted("039000", "6105", "6F038401AA9000", "BF3E009000", "9000")
    channel = MemoryLink(card).open_channel(KNOWN)
    assert channel.number == 3
    assert channel.select_response == bytes.fromhex("6F038401AA9000")
    assert channel.transmit(bytes.fromhex("80E2910006BF3E035C015A")) == bytes.fromhex("BF3E009000")
    channel.close()
    channel.close()
    assert card.commands == ["0070000001", "03A4040002A001", "03C0000005", "83E2910006BF3E035C015A", "00708003"]
    with pytest.raises(ChannelLost):
        channel.transmit(bytes.fromhex("80E29100"))


def test_a_reset_forgets_channels_without_a_word_to_the_card() -> None:
    card = Scripted("019000", "9000")
    link = MemoryLink(card)
    channel = link.open_channel(KNOWN)
    link.reset()
    channel.close()
    assert len(card.commands) == 2


def test_a_card_without_logical_channels_is_served_on_the_basic_one() -> None:
    card = Scripted("6881", "9000", "9000")
    channel = MemoryLink(card).open_channel(KNOWN)
    channel.transmit(bytes.fromhex("80E29100"))
    channel.close()
    assert channel.number == 0
    assert card.commands == ["0070000001", "00A4040002A001", "80E29100"]


def test_an_unknown_application_closes_the_channel_again() -> None:
    card = Scripted("029000", "6A82", "9000")
    with pytest.raises(ChannelRefused) as refusal:
        MemoryLink(card).open_channel(KNOWN)
    assert refusal.value.status_word == 0x6A82
    assert card.commands[-1] == "02708002"


@pytest.mark.parametrize("answers", [["009000"], ["149000"], ["9000"], ["01029000"]])
def test_manage_channel_must_open_one_channel_of_1_to_19(answers: list[str]) -> None:
    with pytest.raises(MalformedAnswer):
        MemoryLink(Scripted(*answers)).open_channel(KNOWN)


def test_a_select_that_never_ends_is_malformed() -> None:
    def transmit(command: bytes, deadline: float) -> bytes:
        return bytes.fromhex("019000") if command[1] == 0x70 else bytes.fromhex("6100")

    with pytest.raises(MalformedAnswer, match="61xx"):
        LogicalChannel.open(transmit, KNOWN)


def test_a_mute_card_is_silent_and_a_short_answer_malformed() -> None:
    with pytest.raises(DeviceSilent):
        MemoryLink(Scripted("")).transmit(bytes.fromhex("80E29100"))
    with pytest.raises(MalformedAnswer):
        MemoryLink(Scripted("90")).transmit(bytes.fromhex("80E29100"))


@pytest.mark.parametrize(
    ("cla", "channel", "expected"),
    [(0x80, 1, 0x81), (0x80, 3, 0x83), (0x00, 4, 0x40), (0x80, 4, 0xC0), (0x80, 19, 0xCF), (0x8C, 2, 0x8E), (0x90, 5, 0xD1)],
)  # fmt: skip
def test_class_bytes_for_logical_channels(cla: int, channel: int, expected: int) -> None:
    assert class_byte(cla, channel) == expected
