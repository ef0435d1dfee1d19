"""The AT command engine: one modem on one serial port (pyserial underneath).

Rules of this room:
- Every command has a deadline. When it passes the modem is silent, and before the next command the port is brought back
  into step, so that a late answer is never taken for another one's.
- Unsolicited lines never end up in answers; they are kept, with their time, for whoever asks: the latest, of a storm.
- Raw bytes are told to the observers as they were, with gaps marked: a port may vanish when a module resets, and is
  opened again with growing pauses when it is next needed.
"""

from __future__ import annotations

import itertools
import re
import select
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import serial

from harness.errors import DeviceSilent, LabFault, MalformedAnswer
from harness.links.at_grammar import AtAnswer, Kind, line_kind
from harness.links.events import Direction, Interface, Observer, Observers

DEFAULT_DEADLINE = 10.0
_LONGEST_ANSWER = 1 << 18
_REOPEN_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)
_PROBE_DEADLINE, _PROBES, _QUIET = 1.0, 5, 0.1
_NEVER_QUIET = 2.0
"""Seconds after which a modem that talks without a pause is worked with as it is."""
_KEPT_UNSOLICITED = 10_000
_PROMPT = b">"
_LINE_END = re.compile(rb"[\r\n]+")


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """A line that came by itself."""

    text: str
    at_ns: int
    """`time.monotonic_ns` when it was read; it may have come earlier where nobody was reading."""


class _KeepingPort(serial.Serial):
    """A port that keeps what came before it was opened: a modem's first words after a reboot are evidence too."""

    def _reset_input_buffer(self) -> None:
        """pyserial would drop them here."""


class AtEngine:
    """A modem that answers AT commands. Not for several threads."""

    def __init__(
        self,
        port: str,
        *,
        baud: int = 115200,
        rtscts: bool = False,
        observers: Iterable[Observer] = (),
        reopen_within: float = 30.0,
    ) -> None:
        """Opens `port` (a path such as /dev/serial/by-id/…) exclusively. Raises LabFault.

        `reopen_within` is how many seconds a port that vanished may take to come back.
        """
        self._path, self._baud, self._rtscts, self._reopen_within = port, baud, rtscts, reopen_within
        self._port: serial.Serial | None = None
        self._buffer = bytearray()
        """Octets read that are not yet a whole line."""
        self._untold = bytearray()
        self._unsolicited: list[Unsolicited] = []
        self._in_step = True
        self.observers = Observers(observers)
        try:
            self._open()
        except (serial.SerialException, OSError) as fault:
            raise self._no_port(fault) from fault

    @property
    def path(self) -> str:
        """The port as it was given."""
        return self._path

    def initialise(self) -> None:
        """Brings the modem into step: answers AT, no echo, verbose results, numeric errors. Raises DeviceSilent."""
        self._in_step = False
        self.command("ATE0").checked()
        self.command("ATV1").checked()
        self.command("AT+CMEE=1")  # a module without it answers plain ERROR, which is understood too

    def command(self, command: str, *, deadline: float = DEFAULT_DEADLINE, also: tuple[str, ...] = ()) -> AtAnswer:
        """Sends one command and returns its answer, of any result. `also` names further prefixes of its lines.

        Raises DeviceSilent when `deadline` (seconds) passes, LabFault when the port vanishes.
        """
        until = time.monotonic() + deadline
        port = self._ready()
        if not self._in_step:
            self._get_in_step(port)
        self._take_idle_lines(port)
        return self._exchange(port, command, until, also)

    def prompted(
        self,
        command: str,
        text: str,
        *,
        deadline: float = DEFAULT_DEADLINE,
        also: tuple[str, ...] = (),
        also_final: tuple[str, ...] = (),
    ) -> AtAnswer:
        """Sends one command and, once the modem asks with `>`, a text; `also_final` names further final results.

        The modem must know from the command how long the text is. A command that is refused gets no text. Raises as
        `command` does.
        """
        until = time.monotonic() + deadline
        port = self._ready()
        if not self._in_step:
            self._get_in_step(port)
        self._take_idle_lines(port)
        self._write(port, command.encode("ascii") + b"\r")
        refused = self._await_prompt(port, command, until)
        if refused is not None:
            return refused
        self._write(port, text.encode("ascii"))
        return self._answer(port, command, until, also, also_final, echo=text)

    def get_attention(self) -> None:
        """AT until the modem answers: one that sleeps loses what wakes it. Raises DeviceSilent."""
        self._in_step = False
        self.command("AT")

    def send_raw(self, octets: bytes) -> None:
        """Sends octets as they are, and waits for nothing."""
        port = self._ready()
        self._write(port, octets)
        self._in_step = False

    @property
    def unsolicited(self) -> tuple[Unsolicited, ...]:
        """The unsolicited lines so far, including those that wait to be read."""
        if self._port is not None:
            self._take_idle_lines(self._port)
        return tuple(self._unsolicited)

    def wait_for(self, wanted: Callable[[str], bool], *, deadline: float, since_ns: int = 0) -> Unsolicited:
        """The first unsolicited line that `wanted` accepts and that was read at or after `since_ns`.

        A port that vanishes meanwhile, as at a reboot, is opened again. Raises DeviceSilent at the deadline.
        """
        until = time.monotonic() + deadline
        new = tuple(self._unsolicited)
        while True:
            for line in new:
                if line.at_ns >= since_ns and wanted(line.text):
                    return line
            try:
                port = self._ready(until)
                lines = self._read_lines(port, until)
            except LabFault:
                if time.monotonic() >= until:
                    raise
                new = ()
                continue
            if lines is None:
                self._tell_read()
                raise DeviceSilent(f"no such line from the modem within {deadline:g} s")
            new = self._keep(lines)
            self._tell_read()

    def close(self) -> None:
        """Gives the port back. Closing twice does nothing."""
        port, self._port = self._port, None
        if port is not None:
            port.close()

    # one exchange

    def _exchange(self, port: serial.Serial, command: str, until: float, also: tuple[str, ...]) -> AtAnswer:
        self._write(port, command.encode("ascii") + b"\r")
        return self._answer(port, command, until, also)

    def _answer(
        self,
        port: serial.Serial,
        command: str,
        until: float,
        also: tuple[str, ...] = (),
        also_final: tuple[str, ...] = (),
        *,
        echo: str = "",
    ) -> AtAnswer:
        answer: list[str] = []
        echoed = False
        size = 0
        while True:
            lines = self._read_lines(port, until)
            if lines is None:
                self._tell_read()
                self._in_step = False
                raise DeviceSilent(f"{command[:40]} got no final result before its deadline", hint="reset the module")
            for place, line in enumerate(lines):
                if not echoed and line == (echo or command):
                    echoed = True
                    continue
                kind = line_kind(line, command, also)
                if kind is Kind.FINAL or line in also_final:
                    self._keep(lines[place + 1 :])
                    self._tell_read()
                    return AtAnswer(command, tuple(answer), line, echoed)
                if kind is Kind.UNSOLICITED:
                    self._keep([line])
                    continue
                answer.append(line)
                size += len(line)
                if size > _LONGEST_ANSWER:
                    self._tell_read()
                    self._in_step = False
                    raise MalformedAnswer(f"{command[:40]} is answered without end")

    def _await_prompt(self, port: serial.Serial, command: str, until: float) -> AtAnswer | None:
        """Until the modem asks for a text, which no line end follows; its answer where it refuses instead."""
        while bytes(self._buffer).strip() != _PROMPT:
            lines = self._take_lines()
            for place, line in enumerate(lines):
                if line.encode() == _PROMPT:
                    self._keep(lines[place + 1 :])
                    return None
                if line_kind(line, command) is Kind.FINAL:
                    self._keep(lines[place + 1 :])
                    self._tell_read()
                    return AtAnswer(command, (), line)
                if line != command:
                    self._keep([line])
            if not lines and not self._read_more(port, until):
                self._tell_read()
                self._in_step = False
                raise DeviceSilent(f"{command[:40]} got no prompt before its deadline", hint="reset the module")
        self._buffer.clear()
        return None

    def _get_in_step(self, port: serial.Serial) -> None:
        """AT until OK, then quiet: what a modem still had to say to an earlier command is over by then."""
        for probe in range(_PROBES):
            if probe:
                self._write(port, b"\x1b")  # out of a prompt for text, should it wait in one
            try:
                answer = self._exchange(port, "AT", time.monotonic() + _PROBE_DEADLINE, ())
            except DeviceSilent:
                continue
            if answer.ok:
                until = time.monotonic() + _NEVER_QUIET
                while time.monotonic() < until and self._read_lines(port, time.monotonic() + _QUIET) is not None:
                    pass
                self._buffer.clear()
                self._tell_read()
                self._in_step = True
                return
        raise DeviceSilent(
            f"the modem at {self._path} does not answer AT", hint="is it powered, and is this its AT port?"
        )

    # octets

    def _write(self, port: serial.Serial, octets: bytes) -> None:
        self._tell_read()
        self.observers.tell(Interface.AT, Direction.TO_DEVICE, octets)
        try:
            port.write(octets)
        except serial.SerialTimeoutException as fault:
            self._in_step = False
            raise DeviceSilent(f"the modem at {self._path} takes no octets", hint="check flow control") from fault
        except (serial.SerialException, OSError) as fault:
            raise self._vanished(fault) from fault

    def _read_lines(self, port: serial.Serial, until: float) -> list[str] | None:
        """The next whole lines, at least one; None when `until` passes first."""
        while True:
            if not self._read_more(port, until):
                return None
            lines = self._take_lines()
            if lines:
                return lines

    def _read_more(self, port: serial.Serial, until: float) -> bool:
        """Reads what is there once something is; whether something came before `until`."""
        left = until - time.monotonic()
        try:
            if left <= 0 or not select.select([port.fileno()], [], [], left)[0]:
                return False
            octets = port.read(1 << 16)
        except (serial.SerialException, OSError) as fault:
            raise self._vanished(fault) from fault
        self._untold += octets
        self._buffer += octets
        if len(self._buffer) > _LONGEST_ANSWER:
            self._buffer.clear()
            self._tell_read()
            self._in_step = False
            raise MalformedAnswer(f"the modem at {self._path} sends a line without end")
        return True

    def _take_lines(self) -> list[str]:
        """The whole lines of what was read."""
        *whole, rest = _LINE_END.split(bytes(self._buffer))
        self._buffer[:] = rest
        return [line.decode("latin-1").strip() for line in whole if line.strip()]

    def _take_idle_lines(self, port: serial.Serial) -> None:
        """What came while nobody was reading."""
        until = time.monotonic() + _NEVER_QUIET
        try:
            while port.in_waiting and time.monotonic() < until:
                lines = self._read_lines(port, time.monotonic() + _QUIET)
                if lines is None:
                    break
                self._keep(lines)
        except OSError as fault:
            raise self._vanished(fault) from fault
        self._tell_read()

    def _keep(self, lines: Iterable[str]) -> tuple[Unsolicited, ...]:
        now = time.monotonic_ns()
        new = tuple(Unsolicited(line, now) for line in lines)
        self._unsolicited += new
        del self._unsolicited[:-_KEPT_UNSOLICITED]
        return new

    def _tell_read(self) -> None:
        if self._untold:
            octets = bytes(self._untold)
            self._untold.clear()
            self.observers.tell(Interface.AT, Direction.FROM_DEVICE, octets)

    # the port

    def _open(self) -> serial.Serial:
        # timeout 0: reads are bounded by select, so that one deadline covers many of them.
        self._port = _KeepingPort(
            self._path, self._baud, rtscts=self._rtscts, timeout=0, write_timeout=DEFAULT_DEADLINE, exclusive=True
        )
        return self._port

    def _ready(self, until: float | None = None) -> serial.Serial:
        if self._port is not None:
            return self._port
        give_up = min(until or float("inf"), time.monotonic() + self._reopen_within)
        for pause in itertools.chain(_REOPEN_PAUSES, itertools.repeat(_REOPEN_PAUSES[-1])):
            try:
                port = self._open()
            except (serial.SerialException, OSError) as fault:
                if time.monotonic() + pause >= give_up:
                    raise self._no_port(fault) from fault
                time.sleep(pause)
            else:
                break
        self.observers.tell(Interface.AT, Direction.FROM_DEVICE, b"", {"event": "reopened", "port": self._path})
        self._in_step = False
        return port

    def _vanished(self, fault: Exception) -> LabFault:
        self._tell_read()
        self._buffer.clear()
        self.close()
        note = {"event": "lost", "port": self._path, "reason": str(fault)}
        self.observers.tell(Interface.AT, Direction.FROM_DEVICE, b"", note)
        return LabFault(f"the port {self._path} vanished: {fault}", hint="did the module reset, or lose its power?")

    def _no_port(self, fault: Exception) -> LabFault:
        return LabFault(
            f"the port {self._path} cannot be opened: {fault}",
            hint="ls /dev/serial/by-id; is ModemManager holding it, are you in the group dialout?",
        )
