"""Programs of the host that a lab file names, such as one that switches a power supply or sends an SMS."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence

from harness.errors import LabFault
from harness.nodes import Value


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
    if done.returncode != 0:
        complaint = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        last = f": {complaint[-1]}" if complaint else ""
        raise LabFault(f"{said!r} ended with {done.returncode}{last}", hint=hint)
