"""A card that is just enough for the links: it counts, echoes, opens channels and keeps a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ATR = bytes.fromhex("3B021450")


class StubCard:
    """80 01 stores a counter and returns it; 80 02 echoes its data; 80 03 breaks the simulation; others 6D00."""

    def __init__(self, file: Path | None = None, defects: Sequence[str] = ()) -> None:
        self._file = file
        self._defects = defects
        self._counter = int(file.read_text()) if file and file.exists() else 0
        self._open: set[int] = set()
        self.powered = False

    def power_on(self) -> bytes:
        self.powered = True
        self._open.clear()
        return ATR

    def power_off(self) -> None:
        self.powered = False

    def transmit(self, command: bytes) -> bytes:
        if not self.powered:
            raise AssertionError("an APDU reached a card without power")
        cla, ins = command[0] & 0xBC, command[1]
        if ins == 0x70 and command[2] == 0x00:
            self._open.add(1)
            return b"\x01\x90\x00"
        if ins == 0x70:
            self._open.discard(command[3])
            return b"\x90\x00"
        if ins == 0xA4:
            return b"\x61\x03" if command[5:] == b"\xa0\x01" else b"\x6a\x82"
        if ins == 0xC0:
            return b"\x6f\x01\x00\x90\x00"
        if cla == 0x80 and ins == 0x01:
            self._counter += 1
            if self._file:
                self._file.write_text(str(self._counter))
            return self._counter.to_bytes(2, "big") + b"\x90\x00"
        if cla == 0x80 and ins == 0x02:
            data = command[5 : 5 + command[4]]
            return (data[::-1] if "reverses-echo" in self._defects else data) + b"\x90\x00"
        if cla == 0x80 and ins == 0x03:
            raise ZeroDivisionError("a fault of the simulation")
        return b"\x6d\x00"

    def snapshot(self) -> bytes:
        return str(self._counter).encode()

    def restore(self, snapshot: bytes) -> None:
        self._counter = int(snapshot)
        if self._file:
            self._file.write_text(str(self._counter))


def create(arguments: Mapping[str, Any], defects: Sequence[str]) -> StubCard:
    """The factory that the child process imports."""
    file = arguments.get("file")
    return StubCard(Path(file) if file else None, defects)
