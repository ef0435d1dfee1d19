"""The module's end of a serial line: the master of a pty, under a name that stays the same.

Rules of this room:
- The name is a link in a folder of the parent's, as /dev/serial/by-id gives one to a real port.
- The slave is held open here too: a host that closes its port must not end the line.
- Writing never blocks. What a host does not read is kept up to a bound; then the oldest is lost, as on a real line.
"""

from __future__ import annotations

import os
import tty
from pathlib import Path

_KEPT = 1 << 18


class SerialLine:
    """One pty, or none while the port has vanished."""

    def __init__(self, name: Path) -> None:
        self._name = name
        self._master = self._slave = -1
        self._waiting = bytearray()
        self.appear()

    @property
    def readers(self) -> list[int]:
        """What to wait on for octets from the host."""
        return [] if self._master < 0 else [self._master]

    @property
    def writers(self) -> list[int]:
        """What to wait on for room, while there is something to write."""
        return self.readers if self._waiting else []

    def appear(self) -> None:
        """The port is there, a new one under the same name."""
        if self._master >= 0:
            return
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        fresh = self._name.with_name(self._name.name + ".next")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self._name)

    def vanish(self) -> None:
        """The port is gone: whoever has it open hears of it, and its name leads nowhere."""
        if self._master >= 0:
            self._name.unlink(missing_ok=True)
            os.close(self._slave)
            os.close(self._master)
            self._master = self._slave = -1
            self._waiting.clear()

    def read(self) -> bytes:
        """What the host sent."""
        try:
            return os.read(self._master, 1 << 16)
        except BlockingIOError:
            return b""

    def write(self, octets: bytes) -> None:
        """Queues octets for the host."""
        if self._master >= 0:
            self._waiting += octets
            del self._waiting[:-_KEPT]
            self.flush()

    def flush(self) -> None:
        """Writes as much as there is room for."""
        while self._waiting and self._master >= 0:
            try:
                written = os.write(self._master, bytes(self._waiting[:4096]))
            except BlockingIOError:
                return
            del self._waiting[:written]
