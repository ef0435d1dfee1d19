"""A slot while it is in use: the device found, its links open and observed.

Rules of this room:
- Opening finds the device and fails with a LabFault that says what to try next; nothing after it needs to ask whether the
  rig is there.
- A bench opens its links when they are first asked for and closes all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from harness.lab.file.configuration import Slot
from harness.lab.file.features import Lacks
from harness.links.events import Observer

ObserverOf = Callable[[str], Observer]
"""Gives the observer for a link by its name."""


class Bench(Protocol):
    """What every kind of slot offers while it is in use."""

    @property
    def name(self) -> str:
        """What results are filed under."""

    @property
    def slot(self) -> Slot:
        """The slot as the lab file describes it."""

    @property
    def lacks(self) -> Lacks:
        """What the card of the slot lacks as far as somebody says so; the card itself is asked by `identity`."""

    def open(self) -> None:
        """Finds the device. Raises LabFault."""

    def leave(self) -> None:
        """The last case on the device is over: takes off it what the run put there. Raises HarnessError."""

    def close(self) -> None:
        """Gives everything back. Closing twice does nothing."""

    def identity(self) -> Mapping[str, Any]:
        """What the device says about itself, for the record."""

    def answers(self, link: str) -> bool:
        """Resets the device and repeats a known good exchange: whether it answered. Raises nothing of ours."""
