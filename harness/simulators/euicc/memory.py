"""Where a card keeps its state: one value, replaced as a whole, so that a power cut leaves the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol


class Memory(Protocol):
    """Non-volatile memory for one card."""

    def load(self) -> bytes | None:
        """What was stored last; None on a card that never was powered."""

    def store(self, state: bytes) -> None:
        """Replaces what is kept, entirely or not at all."""


class VolatileMemory:
    """Memory that lives as long as the process: for the card inside a slot's own process."""

    def __init__(self, state: bytes | None = None) -> None:
        self._state = state

    def load(self) -> bytes | None:
        return self._state

    def store(self, state: bytes) -> None:
        self._state = state


class FileMemory:
    """Memory in a file that is replaced by rename.

    A power cut of a simulated card is a SIGKILL of its process, which the page cache outlives; that is why nothing is
    synced to disk. One process at a time may use a file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._next = path.with_name(path.name + ".next")

    def load(self) -> bytes | None:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def store(self, state: bytes) -> None:
        self._next.write_bytes(state)
        os.replace(self._next, self._path)
