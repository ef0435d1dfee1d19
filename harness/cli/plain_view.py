"""How a run looks where nobody watches a terminal: plain lines, seldom, with nothing but characters in them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import click

from harness.conformance.runner import Progress
from harness.evidence.verdicts import Verdict

INTERVAL = 15.0
"""Seconds after which a run that goes on says so."""


class PlainView(Progress):
    """A line as each slot begins and ends, and one from time to time in between."""

    def __init__(self, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        """`quiet`: nothing of single slots, for runs that have hundreds of processes."""
        self._quiet = quiet
        self._clock = clock
        self._total = self._done = 0
        self._began = self._spoke = clock()
        self._of_slots: dict[str, Counter[str]] = {}
        self._now: dict[str, str] = {}

    def planned(self, total: int) -> None:
        """So many results are to come."""
        self._total = total
        self._say(f"{_results(total)} to come")

    def slot_begins(self, name: str, total: int) -> None:
        """Its line."""
        if not self._quiet:
            self._say(f"{name} begins: {_results(total)} to come")

    def slot_ended(self, name: str) -> None:
        """Its verdicts."""
        counts = self._of_slots.get(name, Counter())
        self._now.pop(name, None)
        if not self._quiet:
            verdicts = [f"{counts[verdict]} {verdict.replace('_', ' ')}" for verdict in Verdict if counts[verdict]]
            self._say(f"{name} ended: {', '.join(verdicts) or 'no result'}")

    def begins(self, case: str, slot: str, link: str) -> None:
        """Remembers what runs."""
        self._now[slot] = case

    def waits(self, slot: str, said: str) -> None:
        """Remembers what it waits for."""
        self._now[slot] = f"{self._now.get(slot, '').partition(':')[0]}: {said}"

    def result(self, line: Mapping[str, Any]) -> None:
        """Counts it."""
        self._done += 1
        self._of_slots.setdefault(line["slot"], Counter())[line["verdict"]] += 1

    def fault(self, slot: str, reason: str, *, optional: bool) -> None:
        """Said at once."""
        if not self._quiet:
            self._say(f"{slot}: {'not here' if optional else 'lab fault'}: {reason}")

    def passes(self) -> None:
        """A line where none was for a while."""
        if self._clock() - self._spoke >= INTERVAL:
            now = "" if self._quiet else f"; now {', '.join(self._now.values())}"
            self._say(f"{self._done} of {self._total} results{now if self._now else ''}")

    def _say(self, text: str) -> None:
        self._spoke = self._clock()
        click.echo(f"{self._spoke - self._began:6.0f} s  {text}", err=True)


def _results(count: int) -> str:
    return f"{count} result{'' if count == 1 else 's'}"
