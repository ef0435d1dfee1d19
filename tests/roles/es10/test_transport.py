"""Channels, STORE DATA chains, GET RESPONSE and recovery, against a card that is nothing but transport."""

from __future__ import annotations

import pytest

from harness.errors import MalformedAnswer
from harness.roles.es10 import Es10, StatusWordFault, Terminal
from tests.roles.es10.card import FCI, ScriptedCard

EID = bytes.fromhex("BF3E125A1089049032123451234512345678900012")


def store_data(card: ScriptedCard) -> list[bytes]:
    return [command for command in card.commands if command[1] == 0xE2]


def test_get_eid_is_sent_as_the_standard_shows_it() -> None:
    card = ScriptedCard(lambda request: EID)
    assert Es10(card).get_eid() == EID[5:]
    assert card.commands == [
        bytes.fromhex("0070000001"),
        bytes.fromhex("01A4040010A0000005591010FFFFFFFF8900000100"),
        bytes([0x01, 0xC0, 0, 0, len(FCI)]),
        bytes.fromhex("81E2910006BF3E035C015A"),
        bytes([0x81, 0xC0, 0, 0, len(EID)]),
    ]


def test_select_answer_is_kept() -> None:
    assert Es10(ScriptedCard(lambda request: EID)).open() == FCI


@pytest.mark.parametrize(
    ("size", "block_size", "blocks"), [(255, 255, 1), (256, 255, 2), (1020, 255, 4), (300, 120, 3)]
)
def test_long_requests_are_chained(size: int, block_size: int, blocks: int) -> None:
    seen: list[bytes] = []
    card = ScriptedCard(lambda request: seen.append(request) or b"\x01\x00")  # type: ignore[func-returns-value]
    request = bytes(n & 0xFF for n in range(size))
    Es10(card, block_size=block_size).call(request)
    assert seen == [request]
    sent = store_data(card)
    assert [(command[2], command[3]) for command in sent] == [
        *((0x11, n) for n in range(blocks - 1)),
        (0x91, blocks - 1),
    ]
    assert max(command[4] for command in sent) <= block_size


def test_long_answers_are_collected() -> None:
    answer = bytes(n & 0xFF for n in range(1000))
    assert Es10(ScriptedCard(lambda request: answer)).call(b"\x01\x00") == answer


def test_wrong_length_is_corrected_with_the_one_named() -> None:
    card = ScriptedCard(lambda request: EID)
    es10 = Es10(card)
    es10.open()
    card.wants_exact_length = True
    assert es10.get_eid() == EID[5:]


def test_basic_channel_serves_where_there_is_no_other() -> None:
    card = ScriptedCard(lambda request: EID)
    card.has_channels = False
    es10 = Es10(card)
    assert es10.get_eid() == EID[5:]
    es10.close()
    assert store_data(card)[0][0] == 0x80
    assert [command for command in card.commands if command[1] == 0x70] == [bytes.fromhex("0070000001")]


def test_close_gives_the_channel_back() -> None:
    card = ScriptedCard(lambda request: EID)
    es10 = Es10(card)
    es10.get_eid()
    es10.close()
    es10.close()
    assert card.commands[-1] == bytes.fromhex("0070800100")
    assert es10.get_eid() == EID[5:]


def test_refusal_until_reset_is_recovered_once_and_kept() -> None:
    card = ScriptedCard(lambda request: EID)
    terminal = Terminal(card)
    es10 = Es10(terminal)
    card.refusals = [0x6985]
    assert es10.get_eid() == EID[5:]
    assert card.resets == 2
    [recovery] = [event for event in terminal.events if event.kind == "recovery"]
    assert recovery.status == 0x6985
    card.refusals = [0x6985, 0x6985]
    with pytest.raises(StatusWordFault) as caught:
        es10.get_eid()
    assert caught.value.sw == 0x6985


def test_recovery_can_be_left_out() -> None:
    card = ScriptedCard(lambda request: EID)
    card.refusals = [0x6985]
    with pytest.raises(StatusWordFault):
        Es10(card, recover=False).get_eid()
    assert card.resets == 0


def test_a_lost_channel_is_opened_again() -> None:
    card = ScriptedCard(lambda request: EID)
    es10 = Es10(card)
    es10.open()
    card.reset()
    assert es10.get_eid() == EID[5:]


def test_other_status_words_are_told() -> None:
    card = ScriptedCard(lambda request: EID)
    card.refusals = [0x6A80]
    with pytest.raises(StatusWordFault) as caught:
        Es10(card).get_eid()
    assert caught.value.sw == 0x6A80
    assert len(store_data(card)) == 1


@pytest.mark.parametrize("answer", [b"", b"\x00", b"\xbf\x3e\x7f\x00", bytes.fromhex("BF3E025A00"), b"\x30\x00"])
def test_unreadable_answers_are_the_cards_fault(answer: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        Es10(ScriptedCard(lambda request: answer)).get_eid()


def test_endless_get_response_ends() -> None:
    class Endless(ScriptedCard):
        def transmit(self, command: bytes, *, deadline: float = 10.0) -> bytes:
            return b"\x61\xff" if command[1] in (0xC0, 0xE2) else super().transmit(command)

    card = Endless(lambda request: EID)
    card.has_channels = False
    with pytest.raises(StatusWordFault):
        Es10(_Unselectable(card)).get_eid()
    with pytest.raises(MalformedAnswer):
        Es10(_Selected(card)).get_eid()


class _Unselectable:
    def __init__(self, card: ScriptedCard) -> None:
        self._card = card

    def reset(self) -> bytes:
        return self._card.reset()

    def transmit(self, command: bytes, *, deadline: float = 10.0) -> bytes:
        return b"\x6a\x82" if command[1] == 0xA4 else self._card.transmit(command)


class _Selected(_Unselectable):
    def transmit(self, command: bytes, *, deadline: float = 10.0) -> bytes:
        return b"\x90\x00" if command[1] == 0xA4 else self._card.transmit(command)
