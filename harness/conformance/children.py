"""The line between the parent of a run and its slots' processes.

Rules of this room:
- A slot's process is spawned, never forked: it inherits nothing but its own three pipes.
- The parent holds the writing end of the child's standard input. When it closes, the parent is gone or wants an end: the
  child interrupts its main thread, which closes the links, and if that hangs it ends itself GRACE seconds later.
- What the child says comes as one JSON object a line on its standard output. What it prints goes into a log file.
- A child is the leader of its own process group, so that Ctrl-C reaches the parent alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

GRACE = 5.0
"""Seconds that a process gets to close its links after it is told to end."""
CUT_SHORT = 130

_LEAN = {"MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
"""For glibc: what a large message took goes back to the system at once. Left alone, the heap keeps it to the end of the run."""


class Child:
    """One slot's process as the parent sees it."""

    def __init__(self, module: str, order: Mapping[str, Any], log: Path) -> None:
        """Spawns `python -m module` and hands it `order`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
                env={**_LEAN, **os.environ},
            )
        self._input = _pipe(self._process.stdin)
        self._output = _pipe(self._process.stdout)
        with contextlib.suppress(BrokenPipeError):  # if it ended already, its exit status and its log tell why
            self._input.write(json.dumps(order).encode() + b"\n")
            self._input.flush()

    def lines(self) -> Iterator[Mapping[str, Any]]:
        """What the child says, until it ends. A line torn by its death is dropped."""
        for octets in self._output:
            try:
                said = json.loads(octets)
            except ValueError:
                continue
            yield said

    def end(self) -> None:
        """Asks the child to end: closes its input."""
        with contextlib.suppress(BrokenPipeError):  # nobody may read any more
            self._input.close()

    def wait(self) -> int:
        """The exit status. A child that does not end by itself after its input closed is killed."""
        self.end()
        try:
            return self._process.wait(2 * GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            return self._process.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


class Parent:
    """The parent as a slot's process sees it. Made first thing: it takes over standard input and output."""

    def __init__(self) -> None:
        self._input = os.fdopen(os.dup(0), "rb")
        self._output = os.fdopen(os.dup(1), "wb", buffering=0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)  # whatever is printed goes into the log, never between the lines of progress
        self._lock = threading.Lock()

    def order(self) -> Mapping[str, Any]:
        """What the parent wants."""
        order: Mapping[str, Any] = json.loads(self._input.readline())
        return order

    def tell(self, line: Mapping[str, Any]) -> None:
        """Sends one line of progress. A parent that is gone hears nothing; the record is on disk."""
        with self._lock:
            try:
                self._output.write(json.dumps(line, default=str).encode() + b"\n")
            except BrokenPipeError:
                return

    def watch(self, interrupt: Callable[[], None]) -> None:
        """Calls `interrupt` when the parent closes the line or is gone, and ends this process GRACE seconds later."""

        def wait() -> None:
            self._input.read()
            last = threading.Timer(GRACE, os._exit, (CUT_SHORT,))
            last.daemon = True
            last.start()
            interrupt()

        threading.Thread(target=wait, name="parent-watch", daemon=True).start()
