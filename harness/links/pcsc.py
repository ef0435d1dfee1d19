"""A card in a PC/SC reader, through pyscard (the `[pcsc]` extra) and pcscd.

Rules of this room:
- Readers are matched by name and serial number, never by their place in a list.
- A handle never survives card removal or a restart of the daemon. The link then reports a LabFault; `reset` connects
  anew and the record shows the gap.
- SCardTransmit knows no deadline. The watchdog shuts down the socket between libpcsclite and pcscd when one passes, so
  that a mute card is DeviceSilent and not a hanging run.
- pyscard's low-level calls are used as they are; its card classes swallow the codes this room decides by.
"""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import stat
import threading
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from harness.errors import DeviceSilent, LabFault
from harness.links.apdu import DEFAULT_DEADLINE, LogicalChannel, checked_response
from harness.links.events import Direction, Interface, Observer, Observers
from harness.links.watchdog import Watchdog

NO_SERVICE, NO_READERS, UNKNOWN_READER = 0x8010001D, 0x8010002E, 0x80100009
NO_CARD, REMOVED, RESET, UNRESPONSIVE = 0x8010000C, 0x80100069, 0x80100068, 0x80100066
SHARING_VIOLATION, PROTOCOL_MISMATCH, NOT_TRANSACTED, TIMEOUT = 0x8010000B, 0x8010000F, 0x80100016, 0x8010000A
COMM_ERROR, SERVICE_STOPPED = 0x80100013, 0x8010001E

HINTS = {
    NO_SERVICE: "start pcscd",
    SERVICE_STOPPED: "start pcscd",
    NO_READERS: "plug the reader in, then `sgp32 lab check`",
    UNKNOWN_READER: "plug the reader in, then `sgp32 lab check`",
    NO_CARD: "seat the card, then `sgp32 lab check`",
    REMOVED: "seat the card, then `sgp32 lab check`",
    RESET: "another program reset the card: end it, or open the reader exclusively",
    SHARING_VIOLATION: "another program holds the card: end it (gpg-agent and modem managers take readers)",
    PROTOCOL_MISMATCH: "the reader claims a protocol the card does not speak: try another reader",
    UNRESPONSIVE: "seat the card the right way round, clean its contacts",
}
_CARD_IS_GONE_WITHIN = 1.0
"""Seconds that pcscd may take to notice a removed card: it polls readers without interrupt every 0.4 s."""


def availability() -> str | None:
    """Why PC/SC cannot be used from this installation; None where it can."""
    if importlib.util.find_spec("smartcard") is None:
        return "pyscard missing: pip install sgp32-harness[pcsc]"
    return None


def _scard() -> Any:
    """pyscard's low-level module. Imported at first use: it needs libpcsclite, and the environment set before."""
    missing = availability()
    if missing:
        raise LabFault("PC/SC cannot be used: pyscard is missing", hint=missing.partition(": ")[2])
    import smartcard.scard

    return smartcard.scard


@dataclass(frozen=True, slots=True)
class ReaderState:
    """A reader that is plugged in now."""

    name: str
    has_card: bool
    atr: bytes
    serial: str | None
    """None where the reader tells none, or is held exclusively by somebody else."""


class _Context:
    """One connection to pcscd, which a watchdog can cut."""

    _establishing = threading.Lock()

    def __init__(self) -> None:
        self._scard = _scard()
        with self._establishing:
            before = _daemon_sockets()
            result, self.handle = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER)
            if result != self._scard.SCARD_S_SUCCESS:
                raise _lab_fault(self._scard, result, "pcscd cannot be reached")
            new = _daemon_sockets() - before
        if len(new) != 1:
            self._scard.SCardReleaseContext(self.handle)
            raise LabFault("the socket to pcscd was not found, so no deadline could be kept on it")
        self._socket = socket.socket(fileno=os.dup(new.pop()))

    def cut(self) -> None:
        """Makes every call that waits for the daemon fail, now and from now on."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Gives the context back. The daemon forgets it anyway when the socket is gone."""
        self._scard.SCardReleaseContext(self.handle)
        self._socket.close()

    def readers(self) -> tuple[str, ...]:
        """Names of the readers plugged in, as pcscd calls them."""
        result, names = self._scard.SCardListReaders(self.handle, [])
        if result == NO_READERS:
            return ()
        if result != self._scard.SCARD_S_SUCCESS:
            raise _lab_fault(self._scard, result, "the readers cannot be listed")
        return tuple(names)

    def state(self, reader: str) -> tuple[bool, bytes]:
        """Whether a card is in `reader`, and its ATR."""
        result, states = self._scard.SCardGetStatusChange(self.handle, 0, [(reader, self._scard.SCARD_STATE_UNAWARE)])
        if result != self._scard.SCARD_S_SUCCESS:
            raise _lab_fault(self._scard, result, f"the state of reader {reader!r} cannot be read")
        _, events, atr = states[0]
        return bool(events & self._scard.SCARD_STATE_PRESENT), bytes(atr)

    def serial(self, reader: str) -> str | None:
        """The serial number a reader tells, asked without touching its card."""
        scard = self._scard
        result, card, _ = scard.SCardConnect(self.handle, reader, scard.SCARD_SHARE_DIRECT, 0)
        if result != scard.SCARD_S_SUCCESS:
            return None
        try:
            result, octets = scard.SCardGetAttrib(card, scard.SCARD_ATTR_VENDOR_IFD_SERIAL_NO)
        finally:
            scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
        if result != scard.SCARD_S_SUCCESS:
            return None
        return bytes(octets).rstrip(b"\0").decode("ascii", "replace") or None

    def __enter__(self) -> _Context:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def readers() -> tuple[ReaderState, ...]:
    """Every reader that is plugged in now. Raises LabFault where pcscd does not answer."""
    with _Context() as context:
        return tuple(ReaderState(name, *context.state(name), context.serial(name)) for name in context.readers())


def wait_for_card(reader: str, *, present: bool, deadline: float) -> bool:
    """Waits until pcscd sees a card in `reader`, or sees none; False when the deadline passes first."""
    scard = _scard()
    with _Context() as context:
        state, deadline_ms = scard.SCARD_STATE_UNAWARE, int(deadline * 1000)
        while True:
            result, states = scard.SCardGetStatusChange(context.handle, deadline_ms, [(reader, state)])
            if result == TIMEOUT:
                return False
            if result != scard.SCARD_S_SUCCESS:
                raise _lab_fault(scard, result, f"the state of reader {reader!r} cannot be read")
            state = states[0][1]
            if bool(state & scard.SCARD_STATE_PRESENT) == present:
                return True


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
        self._scard = _scard()
        self._wanted, self._serial, self._exclusive, self._deadline = reader, serial, exclusive, deadline
        self._power_cycle = power_cycle
        self._channels: weakref.WeakSet[LogicalChannel] = weakref.WeakSet()
        self._lost: str | None = None
        self.observers = Observers(observers)
        self._open()

    def _open(self) -> None:
        self._context = _Context()
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
                raise _lab_fault(self._scard, result, f"no connection to the card in {self._reader!r}")
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
        fault = _lab_fault(self._scard, result, f"{what} in {self._reader!r}")
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


def _lab_fault(scard: Any, result: int, what: str) -> LabFault:
    reason = str(scard.SCardGetErrorMessage(result)).rstrip(".")
    return LabFault(f"{what}: {reason} ({result:08X})", hint=HINTS.get(result, "`sgp32 lab check` tells what it sees"))


def _daemon_sockets() -> set[int]:
    """Descriptors of this process that are connected to a PC/SC daemon."""
    found = set()
    for entry in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the listing's own descriptor is gone by now
            if not stat.S_ISSOCK(os.fstat(int(entry)).st_mode):
                continue
            with socket.socket(fileno=os.dup(int(entry))) as candidate:
                if candidate.family == socket.AF_UNIX and str(candidate.getpeername()).endswith("pcscd.comm"):
                    found.add(int(entry))
    return found
