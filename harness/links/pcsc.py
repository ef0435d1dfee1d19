"""A card in a PC/SC reader, through pyscard (the `[pcsc]` extra) and pcscd.

Rules of this room:
- Readers are matched by name and serial number, never by their place in a list.
- A handle never survives card removal or a restart of the daemon. The link then reports a LabFault; `reset` connects
  anew and the record shows the gap.
- SCardTransmit knows no deadline. The watchdog shuts down the socket between libpcsclite and pcscd when one passes, so
  that a mute card is DeviceSilent and not a hanging run.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterable

from harness.errors import DeviceSilent, LabFault
from harness.links.apdu import DEFAULT_DEADLINE, LogicalChannel, checked_response
from harness.links.events import Direction, Interface, Observer, Observers
from harness.links.pcsc_context import (
    COMM_ERROR,
    HINTS,
    NOT_TRANSACTED,
    UNRESPONSIVE,
    Context,
    ReaderState,
    availability,
    lab_fault,
    readers,
    scard_module,
    wait_for_card,
)
from harness.links.watchdog import Watchdog

__all__ = ["PcscLink", "ReaderState", "availability", "readers", "wait_for_card"]

_CARD_IS_GONE_WITHIN = 1.0
"""Seconds that pcscd may take to notice a removed card: it polls readers without interrupt every 0.4 s."""


class PcscLink:
    """The harness is the terminal of a card in a PC/SC reader. Not for several threads."""

    name = "pcsc"
    is_terminal = True

    def __init__(
        self,
        reader: str,
        *,
        serial: str | None = None,
        exclusive: bool = False,
        observers: Iterable[Observer] = (),
        deadline: float = DEFAULT_DEADLINE,
        power_cycle: Callable[[], None] | None = None,
    ) -> None:
        """`reader` is a reader's name, with or without the " 00 00" that pcsclite appends; `serial` tells twins apart.

        `exclusive` keeps every other program away. `deadline` (seconds) is for connecting. `power_cycle` takes the
        power from the card and gives it back, where the rig can do that; `reset` uses it after the handle was lost,
        since a reader that waits for a mute card hears nothing else. Raises LabFault.
        """
        self._scard = scard_module()
        self._wanted, self._serial, self._exclusive, self._deadline = reader, serial, exclusive, deadline
        self._power_cycle = power_cycle
        self._channels: weakref.WeakSet[LogicalChannel] = weakref.WeakSet()
        self._lost: str | None = None
        self.observers = Observers(observers)
        self._open()

    def _open(self) -> None:
        self._context = Context()
        self._watchdog = Watchdog(self._context.cut)
        try:
            self._reader = self._match()
            with self._watchdog.guard(self._deadline):
                result, self._card, protocol = self._scard.SCardConnect(
                    self._context.handle, self._reader, self._share_mode, self._protocols
                )
            if self._watchdog.bitten:
                raise LabFault(
                    f"reader {self._reader!r} did not connect within {self._deadline:g} s",
                    hint="it still waits for a mute card: take the power from the card",
                )
            if result == UNRESPONSIVE:
                raise DeviceSilent(f"the card in {self._reader!r} does not answer its reset", hint=HINTS[UNRESPONSIVE])
            if result != self._scard.SCARD_S_SUCCESS:
                raise lab_fault(self._scard, result, f"no connection to the card in {self._reader!r}")
        except Exception:
            self._watchdog.close()
            self._context.release()
            self._lost = "it was never opened"
            raise
        self._use(protocol)
        self._lost = None

    @property
    def _share_mode(self) -> int:
        return int(self._scard.SCARD_SHARE_EXCLUSIVE if self._exclusive else self._scard.SCARD_SHARE_SHARED)

    @property
    def _protocols(self) -> int:
        return int(self._scard.SCARD_PROTOCOL_T0 | self._scard.SCARD_PROTOCOL_T1)

    def _use(self, protocol: int) -> None:
        self._header = (
            self._scard.SCARD_PCI_T1 if protocol == self._scard.SCARD_PROTOCOL_T1 else self._scard.SCARD_PCI_T0
        )

    def _match(self) -> str:
        plugged = self._context.readers()
        found = [name for name in plugged if self._wanted in (name, _base_name(name))]
        if self._serial is not None:
            found = [name for name in found if self._context.serial(name) == self._serial]
        if len(found) > 1:  # one housing with several slots: the one that holds the card is meant
            found = [name for name in found if self._context.state(name)[0]] or found
        if len(found) == 1:
            return found[0]
        which = repr(self._wanted) + (f" with serial {self._serial}" if self._serial else "")
        if found:
            raise LabFault(f"several readers are {which}: {', '.join(found)}", hint="add the reader's serial number")
        raise LabFault(f"no reader is {which}", hint="readers now: " + (", ".join(plugged) or "none"))

    @property
    def reader(self) -> str:
        """The reader's full name, as pcscd has it now."""
        return self._reader

    def reset(self) -> bytes:
        """A cold reset; returns the ATR. Where the handle was lost it connects anew, and the record shows it."""
        for channel in self._channels:
            channel.forget()
        event = "reset"
        if self._lost is not None:
            event = "reconnected"
            self._release()
            if self._power_cycle is not None:
                self._power_cycle()
            self._open()
        with self._watchdog.guard(self._deadline):
            result, protocol = self._scard.SCardReconnect(
                self._card, self._share_mode, self._protocols, self._scard.SCARD_UNPOWER_CARD
            )
            if result == self._scard.SCARD_S_SUCCESS:
                result, _, _, _, atr = self._scard.SCardStatus(self._card)
        if self._watchdog.bitten or result == UNRESPONSIVE:
            self._lost = "the card did not answer its reset"
            raise DeviceSilent(f"the card in {self._reader!r} does not answer its reset", hint=HINTS[UNRESPONSIVE])
        if result != self._scard.SCARD_S_SUCCESS:
            raise self._loss(result, "the reset failed")
        self._use(protocol)
        octets = bytes(atr)
        self.observers.tell(Interface.APDU, Direction.FROM_DEVICE, octets, {"link": self.name, "event": event})
        return octets

    def transmit(self, command: bytes, *, deadline: float = DEFAULT_DEADLINE) -> bytes:
        """Sends one command APDU. `deadline` in seconds; after DeviceSilent or LabFault only `reset` is of use."""
        if self._lost is not None:
            raise LabFault(f"the card in {self._reader!r} is lost: {self._lost}", hint="reset the link")
        self.observers.tell(Interface.APDU, Direction.TO_DEVICE, command)
        watchdog = self._watchdog
        watchdog.arm(deadline)
        result, response = self._scard.SCardTransmit(self._card, self._header, list(command))
        watchdog.disarm()
        if result or not response:  # vpcd calls it a success with nothing in it when its card goes away
            raise self._failure(result or NOT_TRANSACTED, deadline)
        octets = bytes(response)
        self.observers.tell(Interface.APDU, Direction.FROM_DEVICE, octets)
        return checked_response(octets)

    def _failure(self, result: int, deadline: float) -> Exception:
        if self._watchdog.bitten:
            self._lost = f"it gave no answer within {deadline:g} s"
            self._gap(self._lost)
            return DeviceSilent(f"the card gave no answer within {deadline:g} s", hint="reset the card")
        if result in (NOT_TRANSACTED, COMM_ERROR) and not self._card_is_gone():
            # The reader's own patience ended before ours.
            self._lost = f"the reader gave up on it ({result:08X})"
            self._gap(self._lost)
            return DeviceSilent(f"the reader gave up waiting for the card ({result:08X})", hint="reset the card")
        return self._loss(result, "the card was lost")

    def _loss(self, result: int, what: str) -> LabFault:
        fault = lab_fault(self._scard, result, f"{what} in {self._reader!r}")
        self._lost = str(fault)
        self._gap(self._lost)
        return fault

    def _gap(self, reason: str) -> None:
        self.observers.tell(
            Interface.APDU, Direction.FROM_DEVICE, b"", {"link": self.name, "event": "lost", "reason": reason}
        )

    def _card_is_gone(self) -> bool:
        try:
            return wait_for_card(self._reader, present=False, deadline=_CARD_IS_GONE_WITHIN)
        except LabFault:  # the daemon or the reader is gone, and the card with it
            return True

    def open_channel(self, aid: bytes, *, deadline: float = DEFAULT_DEADLINE) -> LogicalChannel:
        """MANAGE CHANNEL, then SELECT. Raises ChannelRefused."""
        channel = LogicalChannel.open(lambda command, within: self.transmit(command, deadline=within), aid, deadline)
        self._channels.add(channel)
        return channel

    def close(self) -> None:
        """Powers the card off and gives the reader back."""
        if self._lost != "closed":
            self._release()
            self._lost = "closed"

    def _release(self) -> None:
        if self._lost == "it was never opened":
            return
        with self._watchdog.guard(self._deadline):
            self._scard.SCardDisconnect(self._card, self._scard.SCARD_UNPOWER_CARD)
            self._context.release()
        self._watchdog.close()


def _base_name(reader: str) -> str:
    """A reader's name without the interface and slot numbers that pcsclite appends in hexadecimal."""
    return re.sub(r" [0-9A-F]{2} [0-9A-F]{2}$", "", reader)
