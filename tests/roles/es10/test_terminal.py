"""What the terminal does at a reset and after a 91xx."""

from __future__ import annotations

import pytest

from harness.errors import MalformedAnswer
from harness.roles.es10 import Es10, Terminal
from tests.roles.es10.card import ScriptedCard

REFRESH_UICC_RESET = bytes.fromhex("D009810301010482028182")
POLL_INTERVAL = bytes.fromhex("D00D81030103008202818284020114")
DISPLAY_TEXT = bytes.fromhex("D00F8103012180820281028D0404616263")
ANSWER = bytes.fromhex("BF2E00")


def kinds(terminal: Terminal) -> list[str]:
    return [event.kind for event in terminal.events]


def test_a_terminal_introduces_itself_after_each_reset() -> None:
    card = ScriptedCard(lambda request: ANSWER)
    terminal = Terminal(card)
    assert terminal.reset()[0] == 0x3B
    assert card.commands == [
        bytes.fromhex("80AA00000DA90B8100820101830107840101"),
        bytes.fromhex("80100000050300E80001"),
    ]
    assert kinds(terminal) == ["reset", "terminal-capability", "terminal-profile"]


def test_a_card_is_reset_before_first_use() -> None:
    card = ScriptedCard(lambda request: ANSWER)
    Es10(Terminal(card)).open()
    assert card.resets == 1
    assert card.commands[0][:2] == b"\x80\xaa"


def test_refresh_is_fetched_answered_and_followed_by_a_reset() -> None:
    card = ScriptedCard(lambda request: ANSWER)
    terminal = Terminal(card)
    es10 = Es10(terminal)
    es10.open()
    card.commands.clear()
    card.proactive = [REFRESH_UICC_RESET]
    assert es10.call(b"\xbf\x51\x00") == ANSWER
    fetch = card.commands.index(bytes.fromhex("801200000B"))
    assert card.commands[fetch + 1] == bytes.fromhex("801400000C810301010482028281830100")
    assert [refresh.mode for refresh in terminal.refreshes] == [0x04]
    assert terminal.refreshes[0].raw == REFRESH_UICC_RESET
    assert card.resets == 2
    es10.call(b"\xbf\x2e\x00")
    assert [command[:4] for command in card.commands].count(bytes.fromhex("00700000")) == 1


def test_other_proactive_commands_get_an_honest_answer() -> None:
    card = ScriptedCard(lambda request: ANSWER)
    terminal = Terminal(card)
    es10 = Es10(terminal)
    es10.open()
    card.proactive = [POLL_INTERVAL, DISPLAY_TEXT]
    es10.call(b"\xbf\x2e\x00")
    responses = [event.octets[5:] for event in terminal.events if event.kind == "terminal-response"]
    assert responses == [
        bytes.fromhex("81030103008202828183010084020114"),
        bytes.fromhex("810301218082028281830130"),
    ]
    assert card.resets == 1
    assert terminal.refreshes == ()


def test_unreadable_proactive_commands_do_not_stop_the_terminal() -> None:
    card = ScriptedCard(lambda request: ANSWER)
    terminal = Terminal(card)
    es10 = Es10(terminal)
    es10.open()
    card.proactive = [b"\xd0", b"\xd0\x03\x81\x01\x00", b"\xff"]
    assert es10.call(b"\xbf\x2e\x00") == ANSWER
    assert kinds(terminal).count("terminal-response") == 3


def test_a_card_that_wants_a_refresh_after_each_reset_is_not_reset_for_ever() -> None:
    class Restless(ScriptedCard):
        def reset(self) -> bytes:
            self.proactive = [REFRESH_UICC_RESET]
            return super().reset()

    card = Restless(lambda request: ANSWER)
    with pytest.raises(MalformedAnswer, match="REFRESH"):
        Terminal(card).reset()
    assert card.resets == 5


def test_a_card_that_never_stops_asking_is_left() -> None:
    class Chatty(ScriptedCard):
        def transmit(self, command: bytes, *, deadline: float = 10.0) -> bytes:
            self.proactive = [POLL_INTERVAL]
            return super().transmit(command)

    terminal = Terminal(Chatty(lambda request: ANSWER))
    terminal.reset()
    assert kinds(terminal).count("terminal-response") == 32
