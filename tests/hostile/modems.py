"""Serial lines that lie: each stands between the harness and a conforming simulated module, and spoils what it says."""

from __future__ import annotations

import os
import random
import re
import select
import threading
import time
import tty
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.endpoints.serial_line import SerialLine

_STEP = 0.002
_FINAL = re.compile(rb"^(OK|ERROR|\+CM[ES] ERROR.*)$")


class Liar:
    """A line that passes everything on; the others are made of it."""

    def from_host(self, octets: bytes) -> bytes:
        """What the module gets for what the host sent."""
        return octets

    def from_module(self, octets: bytes) -> bytes:
        """What the host gets for what the module sent."""
        return octets

    def idle(self) -> bytes:
        """What the host gets by itself, every few milliseconds."""
        return b""

    def is_there(self) -> bool:
        """Whether the port exists now."""
        return True


class Lines(Liar):
    """Applies a function to each whole line of the module; None leaves it out."""

    def __init__(self, change: Callable[[bytes], bytes | None]) -> None:
        self._change = change
        self._pending = b""

    def from_module(self, octets: bytes) -> bytes:
        *lines, self._pending = (self._pending + octets).split(b"\n")
        said = b""
        for line in lines:
            text = line.strip()
            changed = self._change(text) if text else text
            said += b"" if changed is None else changed + b"\r\n"
        return said


class Octets(Liar):
    """Applies a function to whatever the module sends."""

    def __init__(self, change: Callable[[bytes], bytes]) -> None:
        self._change = change

    def from_module(self, octets: bytes) -> bytes:
        return self._change(octets)


class Answers(Liar):
    """Answers each command line by itself; the module hears nothing."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._pending = b""

    def from_host(self, octets: bytes) -> bytes:
        *lines, self._pending = (self._pending + octets).split(b"\r")
        self._said = b"".join(self._answer(line) for line in lines)
        return b""

    _said = b""

    def from_module(self, octets: bytes) -> bytes:
        return b""

    def idle(self) -> bytes:
        said, self._said = self._said, b""
        return said


class Storm(Liar):
    """Unsolicited lines without a pause."""

    def idle(self) -> bytes:
        return b"+CEREG: 1\r\n" * 40


class Burst(Liar):
    """Thousands of unsolicited lines before each answer."""

    def from_module(self, octets: bytes) -> bytes:
        return b"\r\n+CEREG: 5\r\n" * 5000 + octets


class Vanishes(Liar):
    """The port goes when this command comes, for so many seconds."""

    def __init__(self, command: bytes, seconds: float) -> None:
        self._command = command
        self._seconds = seconds
        self._back_at = 0.0

    def from_host(self, octets: bytes) -> bytes:
        if self._command in octets:
            self._back_at = time.monotonic() + self._seconds
        return octets

    def is_there(self) -> bool:
        return time.monotonic() >= self._back_at


class Echo(Liar):
    """Sends back what it hears, whatever ATE0 said."""

    _heard = b""

    def from_host(self, octets: bytes) -> bytes:
        self._heard += octets
        return octets

    def idle(self) -> bytes:
        heard, self._heard = self._heard, b""
        return heard


class SilentAfter(Liar):
    """Falls silent for good after so many commands."""

    def __init__(self, commands: int) -> None:
        self._left = commands

    def from_host(self, octets: bytes) -> bytes:
        self._left -= octets.count(b"\r")
        return octets

    def from_module(self, octets: bytes) -> bytes:
        return octets if self._left >= 0 else b""


class LyingLine:
    """A port at `path` that leads to the module's own port through a liar. Stop it when done."""

    def __init__(self, inner: Path, path: Path, liar: Liar) -> None:
        self.path = path
        self._inner_path = inner
        self._liar = liar
        self._outer = SerialLine(path)
        self._inner = -1
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(10)
        self._outer.vanish()
        if self._inner >= 0:
            os.close(self._inner)

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._inner < 0:
                self._open_inner()
            if self._liar.is_there():
                self._outer.appear()
            else:
                self._outer.vanish()
            waiting = [*self._outer.readers, *([self._inner] if self._inner >= 0 else [])]
            ready = select.select(waiting, self._outer.writers, [], _STEP)[0]
            if self._outer.readers and self._outer.readers[0] in ready:
                self._to_module(self._liar.from_host(self._outer.read()))
            if self._inner in ready:
                self._outer.write(self._liar.from_module(self._from_module()))
            said = self._liar.idle()
            if said:
                self._outer.write(said)
            self._outer.flush()

    def _open_inner(self) -> None:
        try:
            self._inner = os.open(self._inner_path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(self._inner)
        except OSError:
            self._inner = -1

    def _lose_inner(self) -> None:
        os.close(self._inner)
        self._inner = -1

    def _to_module(self, octets: bytes) -> None:
        if octets and self._inner >= 0:
            try:
                os.write(self._inner, octets)
            except OSError:
                self._lose_inner()

    def _from_module(self) -> bytes:
        try:
            octets = os.read(self._inner, 1 << 16)
        except OSError:
            octets = b""
        if not octets:
            self._lose_inner()
        return octets


CHANCE = random.Random(11)


def _noise(octets: bytes) -> bytes:
    return bytes(CHANCE.randrange(256) for _ in octets)


def _of_apdus(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes | None]:
    return lambda line: change(line) if line.startswith((b"+CSIM:", b"+CGLA:")) else line


LIARS: Mapping[str, Callable[[], Liar]] = {
    "truth": Liar,
    "garbage": lambda: Octets(_noise),
    "high-bits": lambda: Octets(lambda octets: bytes(octet | 0x80 for octet in octets)),
    "zeros-between": lambda: Octets(lambda octets: b"\x00".join(bytes([octet]) for octet in octets)),
    "never-a-final-result": lambda: Lines(lambda line: None if _FINAL.match(line) else line),
    "ok-without-lines": lambda: Lines(lambda line: line if _FINAL.match(line) else None),
    "half-lines": lambda: Lines(lambda line: line if _FINAL.match(line) else line[: len(line) // 2]),
    "lines-twice": lambda: Lines(lambda line: line + b"\r\n" + line),
    "ok-for-everything": lambda: Answers(lambda _: b"\r\nOK\r\n"),
    "error-for-everything": lambda: Answers(lambda _: b"\r\nERROR\r\n"),
    "cme-error-for-everything": lambda: Answers(
        lambda line: b"\r\nOK\r\n" if line.strip() in (b"AT", b"ATE0", b"ATV1") else b"\r\n+CME ERROR: 100\r\n"
    ),
    "cme-error-of-no-number": lambda: Answers(
        lambda line: b"\r\nOK\r\n" if line.strip() in (b"AT", b"ATE0", b"ATV1") else b"\r\n+CME ERROR: \xb2\r\n"
    ),
    "echo": Echo,
    "storm": Storm,
    "burst": Burst,
    "line-without-end": lambda: Octets(lambda octets: b"A" * 300_000),
    "answer-without-end": lambda: Octets(lambda octets: b"AAAAAAAAAAAAAAA\r\n" * 30_000),
    "vanishes-at-imei": lambda: Vanishes(b"AT+CGSN", 0.3),
    "vanishes-at-apdu": lambda: Vanishes(b"AT+CSIM", 0.3),
    "vanishes-at-session": lambda: Vanishes(b"AT+CGLA", 0.3),
    "silent-after-10": lambda: SilentAfter(10),
    "silent-after-40": lambda: SilentAfter(40),
    "apdu-of-wrong-length": lambda: Lines(_of_apdus(lambda line: line.replace(b",", b"0,", 1))),
    "apdu-of-endless-length": lambda: Lines(_of_apdus(lambda line: line.replace(b",", b"9" * 5000 + b",", 1))),
    "apdu-of-odd-digits": lambda: Lines(_of_apdus(lambda line: line.rstrip(b'"')[:-1] + b'"')),
    "apdu-no-hexadecimal": lambda: Lines(_of_apdus(lambda line: line.replace(b"0", b"G"))),
    "apdu-empty": lambda: Lines(_of_apdus(lambda line: line[:7] + b'0,""')),
    "apdu-of-9000": lambda: Lines(_of_apdus(lambda line: line[:7] + b'4,"9000"')),
    "apdu-without-octets": lambda: Lines(_of_apdus(lambda line: line[:6])),
    "session-endless": lambda: Lines(lambda line: b"+CCHO: " + b"9" * 5000 if line.startswith(b"+CCHO:") else line),
    "session-word": lambda: Lines(lambda line: b"+CCHO: one" if line.startswith(b"+CCHO:") else line),
    "session-missing": lambda: Lines(lambda line: None if line.startswith(b"+CCHO:") else line),
}
