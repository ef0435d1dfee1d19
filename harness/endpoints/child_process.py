"""Simulated hardware as a child process, seen from its parent: lines of JSON over a socket on the child's standard input.

Rules of this room:
- The first line says what to be; the child answers it when it is up.
- When this process ends, however it ends, the socket closes and the child goes.
- A fault of the simulation is a RuntimeError here: it must never look like a device's behaviour.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from harness.errors import LabFault

ANSWER_DEADLINE = 20.0
"""Real seconds for an order that moves no firmware."""


class ChildSilent(LabFault):
    """The child said nothing before the deadline."""


class ChildProcess:
    """One child, which may be ended and started anew. `module` is run with `-m`; `what` names it in faults."""

    def __init__(self, module: str, what: str) -> None:
        self._module = module
        self._what = what
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._pending = b""

    @property
    def is_running(self) -> bool:
        """Whether it was started and not ended; it may have died by itself since."""
        return self._control is not None

    def has_died(self, within: float) -> bool:
        """Whether it ended by itself, at the latest in so many seconds."""
        if self._process is None:
            return False
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def pid(self) -> int:
        """Its process id; 0 while there is none."""
        return 0 if self._process is None else self._process.pid

    def start(self, birth: Mapping[str, Any]) -> None:
        """Starts it with its first line. The answer is to be received like any other."""
        ours, theirs = socket.socketpair()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
        with theirs:
            self._process = subprocess.Popen(
                (sys.executable, "-m", self._module),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=environment,
            )
        self._control, self._pending = ours, b""
        self.send(birth)

    def send(self, order: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Sends one line, with open files beside it. Raises LabFault where there is no child."""
        line = json.dumps(order).encode() + b"\n"
        with suppress(BrokenPipeError):  # the child may have told why before it went; the answer says it
            if descriptors:
                socket.send_fds(self._socket, [line], descriptors)
            else:
                self._socket.sendall(line)

    def has_spoken(self) -> bool:
        """Whether something is there to receive, be it the end."""
        return self._control is not None and bool(select.select([self._control], [], [], 0)[0])

    def receive(self, deadline: float = ANSWER_DEADLINE) -> list[dict[str, Any]]:
        """The next whole lines it says, one at least. Raises LabFault, ChildSilent, RuntimeError for a fault it tells."""
        until = time.monotonic() + deadline
        while b"\n" not in self._pending:
            self._socket.settimeout(max(0.0, until - time.monotonic()) or 1e-3)
            try:
                part = self._socket.recv(1 << 20)
            except OSError as fault:
                raise ChildSilent(f"{self._what}'s process does not answer: {fault}") from fault
            finally:
                self._socket.settimeout(None)
            if not part:
                raise LabFault(f"{self._what}'s process is gone")
            self._pending += part
        *lines, self._pending = self._pending.split(b"\n")
        answers: list[dict[str, Any]] = [json.loads(line) for line in lines]
        for answer in answers:
            if "fault" in answer:
                raise RuntimeError(f"{self._what} broke:\n{answer['fault']}")
        return answers

    def end(self, *, kill: bool = False) -> None:
        """Ends it in order, or by SIGKILL. Ending what has ended does nothing."""
        process, control = self._process, self._control
        self._process = self._control = None
        if process is None or control is None:
            return
        if kill:
            process.kill()
        control.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:  # it is busy, and will not be asked twice
            process.kill()
            process.wait()

    @property
    def _socket(self) -> socket.socket:
        if self._control is None:
            raise LabFault(f"{self._what} is not running", hint="start it, or restart it after a kill")
        return self._control
