"""A connection to pcscd: its readers, their cards, its result codes.

Rules of this room:
- pyscard's low-level calls are used as they are; its card classes swallow the codes that decide who is to blame.
- A context owns its socket to the daemon, so that a call that waits for ever can be cut.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import stat
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from harness.errors import LabFault

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


def availability() -> str | None:
    """Why PC/SC cannot be used from this installation; None where it can."""
    if importlib.util.find_spec("smartcard") is None:
        return "pyscard missing: pip install sgp32-harness[pcsc]"
    return None


def scard_module() -> Any:
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


class Context:
    """One connection to pcscd, which a watchdog can cut."""

    _establishing = threading.Lock()

    def __init__(self) -> None:
        self._scard = scard_module()
        with self._establishing:
            before = _daemon_sockets()
            result, self.handle = self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_USER)
            if result != self._scard.SCARD_S_SUCCESS:
                raise lab_fault(self._scard, result, "pcscd cannot be reached")
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
            raise lab_fault(self._scard, result, "the readers cannot be listed")
        return tuple(names)

    def state(self, reader: str) -> tuple[bool, bytes]:
        """Whether a card is in `reader`, and its ATR."""
        result, states = self._scard.SCardGetStatusChange(self.handle, 0, [(reader, self._scard.SCARD_STATE_UNAWARE)])
        if result != self._scard.SCARD_S_SUCCESS:
            raise lab_fault(self._scard, result, f"the state of reader {reader!r} cannot be read")
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

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def readers() -> tuple[ReaderState, ...]:
    """Every reader that is plugged in now. Raises LabFault where pcscd does not answer."""
    with Context() as context:
        return tuple(ReaderState(name, *context.state(name), context.serial(name)) for name in context.readers())


def wait_for_card(reader: str, *, present: bool, deadline: float) -> bool:
    """Waits until pcscd sees a card in `reader`, or sees none; False when the deadline passes first."""
    scard = scard_module()
    with Context() as context:
        state, deadline_ms = scard.SCARD_STATE_UNAWARE, int(deadline * 1000)
        while True:
            result, states = scard.SCardGetStatusChange(context.handle, deadline_ms, [(reader, state)])
            if result == TIMEOUT:
                return False
            if result != scard.SCARD_S_SUCCESS:
                raise lab_fault(scard, result, f"the state of reader {reader!r} cannot be read")
            state = states[0][1]
            if bool(state & scard.SCARD_STATE_PRESENT) == present:
                return True


def lab_fault(scard: Any, result: int, what: str) -> LabFault:
    """A LabFault for a PC/SC result code, in the library's words, with what to try next."""
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
