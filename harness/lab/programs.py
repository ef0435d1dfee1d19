"""Programs of the host that a lab file names, such as one that switches a power supply or sends an SMS."""

from __future__ import annotations

import os
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from harness.errors import LabFault
from harness.nodes import Value

_CHUNK = 1 << 16
_LONGEST_COMPLAINT = 500
"""Letters of what a program said last that a reason repeats."""


def read_words(value: Value) -> tuple[str, ...]:
    """The program and its arguments, from a list or from one line as for a shell; no shell ever sees it."""
    if value.is_text:
        try:
            words: tuple[str | None, ...] = tuple(shlex.split(value.text() or ""))
        except ValueError as problem:
            value.fault(f"is no command: {problem}", "write a list of words")
            return ()
    else:
        words = tuple(item.text() for item in value.items())
    found = tuple(word for word in words if word is not None)
    if not found:
        value.fault("is no command", "write the program and its arguments")
    return found


def run_program(words: Sequence[str], deadline: float, hint: str) -> None:
    """Runs it to its end. Raises LabFault where it does not end well within `deadline`, in seconds."""
    said = " ".join(words)
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=deadline, check=False)
    except subprocess.TimeoutExpired as late:
        raise LabFault(f"{said!r} did not end within {deadline:g} s", hint=hint) from late
    except OSError as problem:
        raise LabFault(f"{said!r} cannot be started: {problem.strerror}", hint=hint) from problem
    _check_end(said, done.returncode, done.stderr or done.stdout, hint)


def converse(words: Sequence[str], document: bytes, deadline: float, hint: str, *, folder: Path, most: int) -> bytes:
    """What it writes, at most `most` octets, when it is given `document` on its standard input.

    It is started in `folder`. Raises LabFault where it does not end well within `deadline`, in seconds; then it is killed
    with whatever it started.
    """
    said = " ".join(words)
    until = time.monotonic() + deadline
    try:
        program = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            start_new_session=True,
        )
    except OSError as problem:
        raise LabFault(f"{said!r} cannot be started: {problem.strerror}", hint=hint) from problem
    try:
        with program:
            try:
                written, complaint = _talk(program, document, until, most)
                program.wait(max(0.0, until - time.monotonic()))
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(program.pid, signal.SIGKILL)
                raise
    except (subprocess.TimeoutExpired, TimeoutError) as late:
        raise LabFault(f"{said!r} did not end within {deadline:g} s", hint=hint) from late
    except OverflowError as flood:
        raise LabFault(f"{said!r} writes more than {most} octets", hint=hint) from flood
    _check_end(said, program.returncode, complaint or written, hint)
    return written


def _talk(program: subprocess.Popen[bytes], document: bytes, until: float, most: int) -> tuple[bytes, bytes]:
    """Standard output and standard error up to their ends. Raises TimeoutError and OverflowError."""
    assert program.stdin is not None
    assert program.stdout is not None
    assert program.stderr is not None
    ears, mouth = (program.stdout.fileno(), program.stderr.fileno()), program.stdin.fileno()
    heard = {ear: bytearray() for ear in ears}
    left = document
    with selectors.DefaultSelector() as waiting:
        for end in (*ears, mouth):
            os.set_blocking(end, False)
            waiting.register(end, selectors.EVENT_WRITE if end == mouth else selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError
            for end in (key.fd for key, _ in ready):
                if end == mouth:
                    left = _said(end, left)
                    is_over = not left
                else:
                    octets = os.read(end, _CHUNK)
                    heard[end] += octets
                    is_over = not octets
                if is_over:
                    waiting.unregister(end)
                if is_over and end == mouth:
                    program.stdin.close()
            if max(map(len, heard.values())) > most:
                raise OverflowError
    return bytes(heard[ears[0]]), bytes(heard[ears[1]])


def _said(end: int, octets: bytes) -> bytes:
    """What is left to be said; nothing to a program that wants to hear no more: it may answer all the same."""
    try:
        return octets[os.write(end, octets) :]
    except BrokenPipeError:
        return b""


def _check_end(said: str, status: int, written: bytes, hint: str) -> None:
    """Raises LabFault for a program that ended badly, with the last line of what it wrote."""
    if status != 0:
        complaint = written.decode(errors="replace").strip().splitlines()
        last = f": {complaint[-1][:_LONGEST_COMPLAINT]}" if complaint else ""
        raise LabFault(f"{said!r} ended with {status}{last}", hint=hint)
