"""Power cuts for cases: at each write of the card's memory, just before it and just behind it.

What a cut leaves the action by (a mute card, a lost reader, a vanished port) is nobody's fault and ends at the `with`.
Behind it the card has its power back, was reset, and has forgotten what it did not write.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from harness.conformance.euicc import EuiccUnderTest
from harness.errors import HarnessError
from harness.lab.power import PowerSwitch


@dataclass(frozen=True, slots=True)
class Cut:
    """One moment at which the power goes."""

    write: int
    """Counted from the beginning of the action, from 1."""
    late: bool
    """Just behind the write, where it would have been answered; else just before it."""

    def __str__(self) -> str:
        return f"{'behind' if self.late else 'before'} write {self.write}"


@dataclass(slots=True)
class Writes:
    """How often an action writes; final behind the `with`."""

    count: int = 0

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """Every moment at which the power can go."""
        return tuple(Cut(write, late) for write in range(1, self.count + 1) for late in (False, True))


class PowerUnderTest:
    """The power of the card under test."""

    def __init__(self, switch: PowerSwitch, euicc: EuiccUnderTest) -> None:
        self._switch = switch
        self._euicc = euicc

    @contextmanager
    def count_writes(self) -> Iterator[Writes]:
        """Counts the writes of what is done inside the `with`."""
        writes = Writes()
        self._switch.cut_at_write(0)
        yield writes
        writes.count = self._switch.writes

    @contextmanager
    def cut_at_write(self, number: int, *, late: bool = False) -> Iterator[None]:
        """Takes the power away at this write of what is done inside the `with`, and gives it back.

        An AssertionError where it never came to that write.
        """
        self._switch.cut_at_write(number, late=late)
        try:
            yield
        except HarnessError:
            if not self._switch.was_cut():
                self._switch.cut_at_write(0)
                raise
        else:
            if not self._switch.was_cut():
                self._switch.cut_at_write(0)
                raise AssertionError(f"there was no write {number}")
        self._switch.restore()
        self._euicc.reset()

    def cut(self, moment: Cut) -> AbstractContextManager[None]:
        """`cut_at_write` at this moment."""
        return self.cut_at_write(moment.write, late=moment.late)
