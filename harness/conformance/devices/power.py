"""Power cuts for cases: an action is done once whole, then again and again with the power lost somewhere in it.

A simulated card is cut at each write of its memory, just before it and just behind it. Nobody sees a real card's writes: it
is cut at random moments of the time that the whole action took, as the lab's switch can.

What a cut leaves the action by (a mute card, a lost reader, a vanished port) is nobody's fault and ends at the `with`.
Behind it the card has its power back, was reset, and has forgotten what it did not write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from harness.conformance.adversaries.fuzzing import Chance
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.errors import HarnessError
from harness.lab.power.mains import Mains
from harness.lab.power.simulated import WriteSwitch


class Cut(Protocol):
    """One moment at which the power goes; as text, what a step says of it."""


@dataclass(slots=True)
class Rehearsal:
    """An action done whole; final behind the `with`."""

    cuts: Sequence[Cut] = ()
    """Every moment of it at which the power is to go."""
    in_words: str = ""
    """How they were chosen."""


class PowerUnderTest(Protocol):
    """The power of the card under test."""

    def rehearse(self) -> AbstractContextManager[Rehearsal]:
        """Watches what is done inside the `with`, for the moments at which the power can go in it."""

    def cut(self, moment: Cut) -> AbstractContextManager[None]:
        """Takes the power away at this moment of what is done inside the `with`, and gives it back."""


@dataclass(frozen=True, slots=True)
class AtWrite:
    """A moment of a card whose writes are seen."""

    write: int
    """Counted from the beginning of the action, from 1."""
    late: bool = False
    """Just behind the write, where it would have been answered; else just before it."""

    def __str__(self) -> str:
        return f"{'behind' if self.late else 'before'} write {self.write}"


class WritePower:
    """Of a simulated card."""

    def __init__(self, switch: WriteSwitch, euicc: EuiccUnderTest) -> None:
        self._switch = switch
        self._euicc = euicc

    @contextmanager
    def rehearse(self) -> Iterator[Rehearsal]:
        """Counts the writes: the power can go at each, before and behind it."""
        found = Rehearsal()
        self._switch.cut_at_write(0)
        yield found
        count = self._switch.writes
        found.cuts = [AtWrite(write, late) for write in range(1, count + 1) for late in (False, True)]
        found.in_words = f"{count} writes, each cut before and behind it"

    @contextmanager
    def cut(self, moment: Cut) -> Iterator[None]:
        """At this write. An AssertionError where it never came to it."""
        assert isinstance(moment, AtWrite)
        self._switch.cut_at_write(moment.write, late=moment.late)
        try:
            yield
        except HarnessError:
            if not self._switch.was_cut():
                self._switch.cut_at_write(0)
                raise
        else:
            if not self._switch.was_cut():
                self._switch.cut_at_write(0)
                raise AssertionError(f"there was no write {moment.write}")
        self._switch.restore()
        self._euicc.reset()


@dataclass(frozen=True, slots=True)
class AtTime:
    """A moment of a card whose writes nobody sees."""

    after: float
    """Seconds from the beginning of the action."""
    of: float
    """Seconds that the whole action took."""
    point: str
    """Which one of how many."""

    def __str__(self) -> str:
        return f"after {self.after * 1000:.0f} of {self.of * 1000:.0f} ms ({self.point})"


class TimedPower:
    """Of a real card, by the switch that the lab has for it. `chance` chooses the moments."""

    def __init__(self, mains: Mains, euicc: EuiccUnderTest, boot: Callable[[], object], chance: Chance) -> None:
        """`boot` makes the way to the card usable after the power came back."""
        self._mains, self._euicc, self._boot = mains, euicc, boot
        self._chance = chance

    @contextmanager
    def rehearse(self) -> Iterator[Rehearsal]:
        """Takes the time: the power goes at random points of it."""
        found = Rehearsal()
        began = time.monotonic()
        yield found
        took, points = time.monotonic() - began, self._mains.points
        found.cuts = [
            AtTime(self._chance.uniform(0, took), took, f"point {number} of {points}")
            for number in range(1, points + 1)
        ]
        found.in_words = f"{took * 1000:.0f} ms, cut at {points} random points, seed {self._chance.named!r}"

    @contextmanager
    def cut(self, moment: Cut) -> Iterator[None]:
        """At this time, as well as the switch keeps it; where the action was over before, behind it."""
        assert isinstance(moment, AtTime)
        countdown = self._mains.off_in(moment.after)
        try:
            yield
        except HarnessError:
            if countdown.call_off():
                raise  # the power was still there
        except BaseException:
            if not countdown.call_off():
                self._mains.on(self._answers)
            raise
        try:
            countdown.wait()
        finally:
            self._mains.on(self._answers)

    def _answers(self) -> None:
        self._boot()
        self._euicc.reset()
