"""Files of one JSON object a line: appended so that a kill loses at most the line being written.

Rules of this room:
- A line is one `write` to a file opened for appending: it reaches the kernel before the call returns, and neither threads
  nor a SIGKILL of this process tear a line that was written before.
- A file that ends inside a line (power cut, full disk) gets a newline before the next one, so that only the torn line is lost.
- Reading skips what is no JSON object and counts it; it never fails on a half-written file.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import LabFault


class LineWriter:
    """Appends JSON lines to one file. Safe to call from several threads. Raises LabFault where the disk refuses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._mend()

    def write(self, line: Mapping[str, Any]) -> None:
        """Appends one object; it is with the kernel when this returns."""
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=str)
        # A lone surrogate, which UTF-8 cannot say, is written as the JSON escape that it is.
        self.write_raw(text.encode("utf-8", "backslashreplace") + b"\n")

    def write_raw(self, octets: bytes) -> None:
        """Appends octets that are one JSON object and a newline already."""
        with self._lock:
            if self._descriptor < 0:
                return  # a late exchange of a link that outlived its run: the record is closed
            try:
                written = os.write(self._descriptor, octets)
                while written < len(octets):
                    written += os.write(self._descriptor, octets[written:])
            except OSError as fault:
                raise LabFault(
                    f"evidence cannot be written to {self.path}: {fault.strerror}",
                    hint="make room on the disk or choose another folder with --out",
                ) from fault

    def close(self) -> None:
        """Closes the file; later lines are dropped."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _mend(self) -> None:
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            self.write_raw(b"\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One object and where it stands, counted from 1."""

    number: int
    fields: Mapping[str, Any]


def read_lines(path: Path) -> Iterator[Line | int]:
    """Each object of the file in order; for a line that is none (torn by a kill), its number alone. No file: nothing."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for number, octets in enumerate(file, 1):
            if not octets.strip():
                continue
            try:
                fields = json.loads(octets)
            except (ValueError, RecursionError):
                fields = None
            yield (
                Line(number, _sayable(fields) if b"\\ud" in octets else fields) if isinstance(fields, dict) else number
            )


def _sayable(fields: dict[str, Any]) -> dict[str, Any]:
    """The same without lone surrogates: whoever reads on may write UTF-8."""
    text = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
    found: dict[str, Any] = json.loads(text)
    return found


def write_whole(path: Path, octets: bytes) -> None:
    """Replaces a file at once: readers see the old content or the new, never a part. Raises LabFault where the disk refuses."""
    write_pieces(path, (octets,))


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Like `write_whole`, of what never has to be in memory as a whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as fault:
        raise LabFault(
            f"{path} cannot be written: {fault.strerror}", hint="make room, or copy the folder to where you may write"
        ) from fault
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replaces a file by one readable JSON document."""
    write_whole(path, json.dumps(value, indent=2, ensure_ascii=False, default=str).encode() + b"\n")
