"""The module's SIM interface: one card, one terminal, and two users of it, the AT port and the firmware.

Rules of this room:
- One lock around every exchange with the card, with what the terminal does after it; whoever comes second waits.
- The module is the terminal: it introduces itself after a reset, serves proactive commands, and resets the card after a
  REFRESH. Logical channels and sessions are gone then.
- The identity (ICCID, IMSI) is read right after each reset, before anybody else uses the basic channel again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol
from weakref import WeakMethod

from harness.codec.digits import unswapped
from harness.codec.tlv import Tlv
from harness.errors import DeviceFault
from harness.roles.es10 import Terminal
from harness.roles.es10.ports import APDU_DEADLINE, CardPort
from harness.roles.es10.terminal import IOT_TERMINAL_CAPABILITY
from harness.rules import Rules

_CHANNELS = range(0x40, 0x45)
"""The proactive commands of the bearer independent protocol (TS 102 223 §9.4)."""
_USIM = bytes.fromhex("A0000000871002")
_EF_ICCID, _EF_IMSI = bytes.fromhex("2FE2"), bytes.fromhex("6F07")


class Card(Protocol):
    """The card inside: bytes in, bytes out."""

    def power_on(self) -> bytes: ...

    def power_off(self) -> None: ...

    def transmit(self, command: bytes) -> bytes: ...

    def snapshot(self) -> bytes: ...

    def restore(self, snapshot: bytes) -> None: ...


class CardChannels(Protocol):
    """The bearer independent protocol, as the module has it."""

    def perform(self, kind: int, command: Tlv) -> tuple[bytes, bytes]:
        """Does a proactive command: the value of its result, and what the TERMINAL RESPONSE has besides."""

    def close_all(self) -> None:
        """Closes every channel."""


class _NoChannels:
    def perform(self, kind: int, command: Tlv) -> tuple[bytes, bytes]:
        return b"\x30", b""

    def close_all(self) -> None:
        """There are none."""


class NoSim(DeviceFault):
    """The SIM has no power."""


class Sim:
    """The card of a module while the module has power. A CardPort for the firmware's ES10."""

    def __init__(self, card: Card, rules: Rules) -> None:
        self._card = card
        self._rules = rules
        self._bare = _Bare(card)
        self._terminal = _ModemTerminal(self, self._bare, rules)
        self._terminal.on_reset(self._was_reset)
        self._terminal.on_reset(lambda: self.channels.close_all())
        self._lock = threading.RLock()
        self._powered = False
        self._stale = False
        self._listeners: list[WeakMethod[Callable[[], None]]] = []
        self.channels: CardChannels = _NoChannels()
        """What the card's channels are opened by."""
        self.iccid: str | None = None
        """Digits of EF_ICCID of the enabled profile; None where none is enabled or the SIM is off."""
        self.imsi: str | None = None

    @property
    def is_powered(self) -> bool:
        return self._powered

    def on_reset(self, forget: Callable[[], None]) -> None:
        """Calls `forget` at every reset and power-off: logical channels are gone then.

        `forget` is a method; its object is not kept alive for it, so that firmware of an earlier boot just goes.
        """
        self._listeners = [known for known in self._listeners if known() is not None]
        self._listeners.append(WeakMethod(forget))

    def power_on(self) -> None:
        """Powers the card up and reads who it is."""
        with self._lock:
            self._powered = True
            self.reset()

    def power_off(self) -> None:
        """Takes the card's power away."""
        with self._lock:
            if self._powered:
                self._powered = False
                self._card.power_off()
                self.channels.close_all()
                self.iccid = self.imsi = None
                self._tell()

    def reset(self) -> bytes:
        """Resets the card; its ATR. Raises NoSim."""
        with self._lock:
            self._check()
            atr = self._terminal.reset()
            self._settle()
            return atr

    def transmit(self, command: bytes, *, deadline: float = APDU_DEADLINE) -> bytes:
        """One command APDU, and whatever the card asks of its terminal after it. Raises NoSim."""
        with self._lock:
            self._check()
            response = self._terminal.transmit(command, deadline=deadline)
            self._settle()
            return response

    def restore(self, snapshot: bytes) -> None:
        """Puts a state back into the card and resets it."""
        with self._lock:
            self._card.restore(snapshot)
            if self._powered:
                self.reset()

    def snapshot(self) -> bytes:
        """Everything the card keeps."""
        with self._lock:
            return self._card.snapshot()

    def read(self, file: bytes, length: int, *, application: bytes = b"") -> bytes | None:
        """A transparent file by identifier, below the MF or in an application; None where there is none."""
        with self._lock:
            selects = [(b"\x04", application)] if application else [(b"\x00", b"\x3f\x00")]
            for p1, name in (*selects, (b"\x00", file)):
                answer = self._bare.transmit(b"\x00\xa4" + p1 + b"\x04" + bytes([len(name)]) + name)
                if answer[-2] not in (0x90, 0x91, 0x61):
                    return None
            answer = self._bare.transmit(b"\x00\xb0\x00\x00" + bytes([length]))
            return answer[:-2] if answer[-2] in (0x90, 0x91) else None

    def _check(self) -> None:
        if not self._powered:
            raise NoSim("the SIM has no power")

    def _was_reset(self) -> None:
        self._stale = True

    def _settle(self) -> None:
        """After a reset, whoever asked for it: reads the identity and tells those who hold channels."""
        if not self._stale:
            return
        self._stale = False
        self.iccid, self.imsi = self._rules["identity-after-reset"](self)
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            forget = listener()
            if forget is not None:
                forget()


def identity_read(sim: Sim) -> tuple[str | None, str | None]:
    """ICCID and IMSI as the card has them now."""
    return _iccid(sim.read(_EF_ICCID, 10)), _imsi(sim.read(_EF_IMSI, 9, application=_USIM))


def terminal_capability() -> bytes:
    """What the module tells its card of itself: it knows eUICCs, and has an IPAd."""
    return IOT_TERMINAL_CAPABILITY


class _ModemTerminal(Terminal):
    """The terminal that a module is."""

    def __init__(self, sim: Sim, port: CardPort, rules: Rules) -> None:
        super().__init__(port)
        self._sim = sim
        self._rules = rules

    def reset(self, *, capability: bytes | None = None, profile: bytes = b"") -> bytes:
        told = self._rules["terminal-profile"]()
        return super().reset(capability=self._rules["terminal-capability"](), profile=told)

    def perform(self, kind: int, command: Tlv) -> tuple[bytes, bytes]:
        return self._sim.channels.perform(kind, command) if kind in _CHANNELS else super().perform(kind, command)


class _Bare:
    """The card without a terminal around it."""

    def __init__(self, card: Card) -> None:
        self._card = card

    def reset(self) -> bytes:
        return self._card.power_on()

    def transmit(self, command: bytes, *, deadline: float = APDU_DEADLINE) -> bytes:
        return self._card.transmit(command)


def _iccid(contents: bytes | None) -> str | None:
    """The digits of EF_ICCID, whose nibbles are swapped and padded with F."""
    digits = "" if contents is None else unswapped(contents)
    return digits if digits.isdigit() else None


def _imsi(contents: bytes | None) -> str | None:
    """The digits of EF_IMSI: a length, a parity nibble, then swapped nibbles (TS 31.102 §4.2.2)."""
    if contents is None or not 1 <= contents[0] <= 8:
        return None
    digits = unswapped(contents[1 : 1 + contents[0]])[1:]
    return digits if digits.isdigit() else None
