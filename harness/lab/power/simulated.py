"""The power of a simulated card: it goes at a write of its memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from harness.endpoints.card_process import CardProcess
    from harness.endpoints.module_process import ModuleProcess
    from harness.simulators.euicc import SimulatedEuicc

_DEATH_DEADLINE = 2.0
"""Seconds in which a process that killed itself is gone."""


class WriteSwitch(Protocol):
    """What can be done to the power of a card whose writes are seen."""

    def cut_at_write(self, number: int, *, late: bool = False) -> None:
        """Counts writes anew, and takes the power away at this one, the first being 1; 0: never."""

    @property
    def writes(self) -> int:
        """How many writes there were since."""

    def was_cut(self) -> bool:
        """Whether the power is gone. Asked after something went wrong."""

    def restore(self) -> None:
        """Gives the power back; the card has to be reset through its link before use."""


class MemoryPower:
    """Of a card in this process: without power it is mute."""

    def __init__(self, card: SimulatedEuicc) -> None:
        self._card = card

    def cut_at_write(self, number: int, *, late: bool = False) -> None:
        """At this write."""
        self._card.cut_power_at_write(number, late=late)

    @property
    def writes(self) -> int:
        """So far."""
        return self._card.writes

    def was_cut(self) -> bool:
        """Whether it is mute."""
        return self._card.is_dead

    def restore(self) -> None:
        """The reset does it."""


class ProcessPower:
    """Of a card in a process of its own, alone or with a module around it: without power the process is gone."""

    def __init__(self, process: CardProcess | ModuleProcess, restore: Callable[[], None]) -> None:
        self._process = process
        self.restore = restore

    def cut_at_write(self, number: int, *, late: bool = False) -> None:
        """At this write."""
        self._process.cut_power_at_write(number, late=late)

    @property
    def writes(self) -> int:
        """So far."""
        return self._process.writes

    def was_cut(self) -> bool:
        """Whether the process is gone."""
        return self._process.was_cut(_DEATH_DEADLINE)
