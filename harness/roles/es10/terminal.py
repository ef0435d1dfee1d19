"""The terminal around a card: what TS 102 221 and TS 102 223 make it do at a reset and after a 91xx.

Rules of this room:
- After each reset the terminal says what it is: TERMINAL CAPABILITY in its IoT form, then TERMINAL PROFILE. Some eUICCs
  keep the first TERMINAL CAPABILITY and answer 6985 to ES10 without it.
- A 91xx is answered at once: FETCH, TERMINAL RESPONSE, again as long as the card has more to ask; the number is bounded.
- After a REFRESH of any mode the card is reset, after its TERMINAL RESPONSE and before anything else is sent. One that
  wants the next REFRESH during each reset gives a malformed answer.
- Everything that happened here is kept in order, for cases to read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.codec import DecodeError, tlv
from harness.errors import MalformedAnswer
from harness.roles.es10.ports import APDU_DEADLINE, CardPort
from harness.roles.es10.status import split

IOT_TERMINAL_CAPABILITY = bytes.fromhex("80AA00000DA90B8100820101830107840101")
"""TERMINAL CAPABILITY with 83 (eUICC related capabilities) and 84 (IPAd), as IoT eUICCs expect it."""
TERMINAL_PROFILE = bytes.fromhex("80100000050300E80001")
"""Profile and SMS-PP data download; MORE TIME, POLL INTERVAL, POLLING OFF, REFRESH; SET UP EVENT LIST (TS 102 223 §5.2)."""

_REFRESH = 0x01
_POLL_INTERVAL = 0x03
_UNDERSTOOD = frozenset({_REFRESH, 0x02, _POLL_INTERVAL, 0x04, 0x05})
_PERFORMED, _BEYOND_CAPABILITIES = b"\x00", b"\x30"
_MOST_COMMANDS_IN_A_ROW = 16
_MOST_REFRESHES_IN_A_ROW = 4
"""A card that wants a REFRESH after each reset would be reset for ever."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """One REFRESH that the card asked for."""

    mode: int
    """The command qualifier: 0x04 UICC reset, 0x09 eUICC profile state change… (TS 102 223 §8.6)."""
    raw: bytes
    """The proactive command as fetched."""


@dataclass(frozen=True, slots=True)
class TerminalEvent:
    """One thing that the terminal did."""

    kind: str
    """reset, terminal-capability, terminal-profile, proactive, terminal-response, recovery."""
    octets: bytes
    """The ATR, the command sent or fetched, or the refused command of a recovery."""
    status: int = 0
    """The card's status word; 0 where there was none."""


class Terminal:
    """A CardPort around another one that plays the terminal. A card not yet reset through it is reset at first use."""

    def __init__(self, port: CardPort) -> None:
        self._port = port
        self._introduced = False
        self._events: list[TerminalEvent] = []
        self._refreshes: list[Refresh] = []
        self._refreshing = 0
        self._listeners: list[Callable[[], None]] = []

    @property
    def refreshes(self) -> tuple[Refresh, ...]:
        """Every REFRESH so far, oldest first."""
        return tuple(self._refreshes)

    @property
    def events(self) -> tuple[TerminalEvent, ...]:
        """Everything the terminal did so far, oldest first."""
        return tuple(self._events)

    def on_reset(self, forget: Callable[[], None]) -> None:
        """Calls `forget` at every reset: the card's logical channels are closed then."""
        self._listeners.append(forget)

    def reset(self, *, capability: bytes = IOT_TERMINAL_CAPABILITY, profile: bytes = TERMINAL_PROFILE) -> bytes:
        """Resets the card, introduces the terminal and returns the ATR. An empty command is not sent."""
        atr = self._port.reset()
        self._introduced = True
        self._note("reset", atr)
        for forget in self._listeners:
            forget()
        for kind, command in (("terminal-capability", capability), ("terminal-profile", profile)):
            if command:
                self._introduce(kind, command)
        return atr

    def transmit(self, command: bytes, *, deadline: float = APDU_DEADLINE) -> bytes:
        """Sends one command APDU and serves what the card asks for after it. The response is returned as it came."""
        if not self._introduced:
            self.reset()
        response = self._port.transmit(command, deadline=deadline)
        _, sw = split(response)
        if sw >> 8 == 0x91:
            self._serve(sw & 0xFF)
        return response

    def note_recovery(self, command: bytes, sw: int) -> None:
        """Keeps that a command was refused with `sw` and the card is reset for it."""
        self._note("recovery", command, sw)

    def _introduce(self, kind: str, command: bytes) -> None:
        _, sw = split(self._port.transmit(command, deadline=APDU_DEADLINE))
        self._note(kind, command, sw)
        if sw >> 8 == 0x91:
            self._serve(sw & 0xFF)

    def _serve(self, length: int) -> None:
        refreshed = False
        for _ in range(_MOST_COMMANDS_IN_A_ROW):
            fetch = bytes([0x80, 0x12, 0x00, 0x00, length])
            command, sw = split(self._port.transmit(fetch, deadline=APDU_DEADLINE))
            self._note("proactive", command, sw)
            if not command:
                break
            kind, qualifier, answer = self._answer(command)
            if kind == _REFRESH:
                self._refreshes.append(Refresh(qualifier, command))
                refreshed = True
            sw = self._respond(answer)
            if sw >> 8 != 0x91:
                break
            length = sw & 0xFF
        if refreshed:
            self._refresh()

    def _refresh(self) -> None:
        """The reset that a REFRESH asks for. The card may ask for the next one during it."""
        if self._refreshing == _MOST_REFRESHES_IN_A_ROW:
            raise MalformedAnswer(f"a REFRESH after each of {_MOST_REFRESHES_IN_A_ROW} resets in a row")
        self._refreshing += 1
        try:
            self.reset()
        finally:
            self._refreshing -= 1

    def perform(self, kind: int, command: tlv.Tlv) -> tuple[bytes, bytes]:
        """Does what a proactive command of this type asks for: the value of its result, and what the answer has besides."""
        if kind == _POLL_INTERVAL:
            return _PERFORMED, b"".join(child.raw for child in command.children if child.tag & 0x7F == 0x04)
        return _PERFORMED if kind in _UNDERSTOOD else _BEYOND_CAPABILITIES, b""

    def _answer(self, command: bytes) -> tuple[int, int, bytes]:
        """Type, qualifier and TERMINAL RESPONSE data for a proactive command (TS 102 223 §6.8)."""
        try:
            outer = tlv.parse(command)
            details = next(child for child in outer.children if child.tag & 0x7F == 0x01)
            number, kind, qualifier = details.value
        except (DecodeError, StopIteration, ValueError):
            return 0, 0, _response(bytes.fromhex("8103010000"), _BEYOND_CAPABILITIES)
        result, further = self.perform(kind, outer)
        return kind, qualifier, _response(tlv.build(0x81, bytes([number, kind, qualifier])), result) + further

    def _respond(self, answer: bytes) -> int:
        response = bytes([0x80, 0x14, 0x00, 0x00, len(answer)]) + answer
        _, sw = split(self._port.transmit(response, deadline=APDU_DEADLINE))
        self._note("terminal-response", response, sw)
        return sw

    def _note(self, kind: str, octets: bytes, status: int = 0) -> None:
        self._events.append(TerminalEvent(kind, octets, status))


def _response(details: bytes, result: bytes) -> bytes:
    terminal_to_card = tlv.build(0x82, bytes.fromhex("8281"))
    return details + terminal_to_card + tlv.build(0x83, result)
