"""A modem on a pty that does what a test tells it, in a thread."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Callable
from pathlib import Path

Answer = bytes | Callable[[str], bytes | None]


class PtyModem:
    """Answers each command line from `script` (the longest key it begins with); OK to what is not there.

    A script entry gives the octets to send, framing included; None sends nothing. `link` is a path that stands for the
    port, as /dev/serial/by-id does.
    """

    def __init__(self, link: Path, script: dict[str, Answer] | None = None, *, echo: bool = False) -> None:
        self.link = link
        self.script = script or {}
        self.echo = echo
        self.ends_lines_after: tuple[str, ...] = ()
        """Texts after a prompt, which no line end follows."""
        self.received: list[str] = []
        self._stop, self._stopped = os.pipe()
        self.plug_in()

    @property
    def path(self) -> str:
        return str(self.link)

    def plug_in(self) -> None:
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(slave)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(slave))
        self._slave = slave
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        os.write(self._stopped, b"x")
        self._thread.join(10)
        self.link.unlink()

    def send(self, octets: bytes) -> None:
        os.write(self._master, octets)

    def _run(self) -> None:
        pending = b""
        master, slave = self._master, self._slave
        while True:
            ready = select.select([master, self._stop], [], [])[0]
            if self._stop in ready:
                os.read(self._stop, 1)
                os.close(slave)
                os.close(master)
                return
            octets = os.read(master, 4096)
            if self.echo:
                os.write(master, octets)
            *lines, pending = (pending + octets.replace(b"\x1b", b"")).split(b"\r")
            if pending.decode("latin-1") in self.ends_lines_after:
                lines, pending = [*lines, pending], b""
            for line in lines:
                self._answer(line.decode().strip())

    def _answer(self, line: str) -> None:
        self.received.append(line)
        key = max((key for key in self.script if line.startswith(key)), key=len, default=None)
        entry = b"\r\nOK\r\n" if key is None else self.script[key]
        octets = entry(line) if callable(entry) else entry
        while octets:
            if self._stop in select.select([self._stop], [self._master], [])[0]:
                return
            octets = octets[os.write(self._master, octets) :]
