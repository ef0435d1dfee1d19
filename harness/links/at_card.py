"""What both ways to a card behind a modem share: who the terminal is, how the card is reset, how an APDU is written.

Rules of this room:
- The modem is the terminal: TERMINAL PROFILE, FETCH and the reset after REFRESH are its own business.
- A card behind a modem is reset by taking the radio and the SIM down and up again. Its ATR is not to be seen.
- Some modems let APDUs through in one mode only: the way is opened at the first APDU and closed by whoever ends the work.
- Whatever a modem answers to a well-formed APDU but +CME ERROR or an APDU of the announced length is malformed.
"""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.errors import DeviceSilent, MalformedAnswer
from harness.links.apdu import DEFAULT_DEADLINE, Channel, checked_response
from harness.links.at import AtEngine
from harness.links.at_access import CardAccess
from harness.links.at_grammar import AtAnswer
from harness.links.events import Direction, Interface

_APDU = re.compile(r'^([0-9]{1,9})\s*,\s*"?([0-9A-Fa-f]*)"?$')


@dataclass(frozen=True, slots=True)
class SimReset:
    """How a module's SIM is reset."""

    commands: Sequence[str] = ("AT+CFUN=0", "AT+CFUN=1")
    command_deadline: float = 30.0
    ready_query: str = "AT+CPIN?"
    ready_answer: str = "READY"
    ready_within: float = 30.0
    """Seconds from the last command until the SIM must be ready."""


DEFAULT_SIM_RESET = SimReset()


class Forgettable(Protocol):
    """A channel, which a reset closes."""

    def forget(self) -> None: ...


class AtCard:
    """A card behind a modem: base of the two links that send APDUs by AT commands."""

    is_terminal = False
    name = ""

    def __init__(
        self, engine: AtEngine, *, sim_reset: SimReset = DEFAULT_SIM_RESET, access: CardAccess | None = None
    ) -> None:
        self._engine = engine
        self.access = access or CardAccess(engine)
        self._sim_reset = sim_reset
        self._listeners: list[weakref.WeakMethod[Callable[[], None]]] = []
        self._channels: weakref.WeakSet[Forgettable] = weakref.WeakSet()
        self.observers = engine.observers

    @property
    def block_size(self) -> int:
        """The most octets of command data that get through."""
        return self.access.habits.block_size

    @property
    def engine(self) -> AtEngine:
        """The AT engine underneath."""
        return self._engine

    def on_reset(self, forget: Callable[[], None]) -> None:
        """Calls `forget` at every reset: the channels of the card are gone then.

        `forget` is a method; its object is not kept alive for it, since a link outlives those who use it.
        """
        self._listeners = [known for known in self._listeners if known() is not None]
        self._listeners.append(weakref.WeakMethod(forget))

    def reset(self) -> bytes:
        """Takes the SIM down and up and waits until it is ready. Returns no ATR. Raises DeviceSilent, AtRefused."""
        how = self._sim_reset
        self.access.forget()
        for channel in self._channels:
            channel.forget()
        for known in self._listeners:
            forget = known()
            if forget is not None:
                forget()
        for command in how.commands:
            self._engine.command(command, deadline=how.command_deadline).checked()
        until = time.monotonic() + how.ready_within
        pause = 0.01
        while True:
            value = self._engine.command(how.ready_query).value("+CPIN")
            if value == how.ready_answer:
                break
            if time.monotonic() + pause >= until:
                raise DeviceSilent(
                    f"the SIM was not ready within {how.ready_within:g} s", hint="is a SIM in the module?"
                )
            time.sleep(pause)
            pause = min(pause * 2, 1.0)
        self.observers.tell(Interface.APDU, Direction.FROM_DEVICE, b"", {"link": self.name, "event": "reset"})
        return b""

    def blocked(self, aid: bytes) -> str:
        """Why no APDU gets through to an application; empty where one does, whatever the card answers to it.

        `aid` is the application that is wanted. A refusal is asked for again after a reset of the SIM.
        """
        reason = self._refusal(aid)
        if reason:
            self.reset()
            reason = self._refusal(aid)
        return reason

    def _refusal(self, aid: bytes) -> str:
        """The modem's own refusal; empty where it passes APDUs on."""
        raise NotImplementedError

    def transmit(self, command: bytes, *, deadline: float = DEFAULT_DEADLINE) -> bytes:
        """One command APDU on the basic channel; its class byte may say another one."""
        raise NotImplementedError

    def open_channel(self, aid: bytes, *, deadline: float = DEFAULT_DEADLINE) -> Channel:
        """A channel to an application."""
        raise NotImplementedError

    def close(self) -> None:
        """The engine stays open: it belongs to whoever made it."""

    def _opened(self, channel: Forgettable) -> None:
        self._channels.add(channel)

    def _tell_apdu(self, direction: Direction, octets: bytes) -> None:
        self.observers.tell(Interface.APDU, direction, octets, {"link": self.name})


def apdu_parameter(command: bytes) -> str:
    """An APDU as a command's parameter: its length in characters, then the hexadecimal digits."""
    return f'{len(command) * 2},"{command.hex().upper()}"'


def apdu_answer(answer: AtAnswer, name: str) -> bytes:
    """The response APDU in the line `name: <length>,"<digits>"`. Raises MalformedAnswer."""
    value = answer.value(name)
    match = _APDU.match(value or "")
    if match is None:
        raise MalformedAnswer(f"{answer.command[:24]} answered without {name}: {' | '.join(answer.lines) or 'nothing'}")
    digits = match[2]
    if int(match[1]) != len(digits) or len(digits) % 2:
        raise MalformedAnswer(f"{name} announces {match[1]} characters and gives {len(digits)}")
    return checked_response(bytes.fromhex(digits))
