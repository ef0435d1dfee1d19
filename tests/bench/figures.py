"""A measured figure beside its target, and how a figure comes out of several repetitions."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure. It is met when `measured` is not above `target`."""

    name: str
    measured: float | None
    """None where it could not be measured; then `how` says why, and the figure is not met."""
    target: float
    unit: str
    how: str
    """Repetitions and spread, in a few words."""

    @property
    def is_met(self) -> bool:
        return self.measured is not None and self.measured <= self.target


def seconds(call: Callable[[], object]) -> float:
    """Real seconds that a call takes."""
    before = time.perf_counter()
    call()
    return time.perf_counter() - before


def median_of(name: str, samples: Sequence[float], target: float, unit: str) -> Figure:
    """The median of the samples, with their range."""
    how = f"median of {len(samples)}, {min(samples):.3g} to {max(samples):.3g}"
    return Figure(name, statistics.median(samples), target, unit, how)


def table(figures: Sequence[Figure]) -> str:
    """All figures for people, one a line."""
    rows = [("figure", "measured", "target", "", "how")]
    for figure in figures:
        measured = "-" if figure.measured is None else f"{figure.measured:.3g} {figure.unit}"
        target = f"{figure.target:g} {figure.unit}"
        rows.append((figure.name, measured, target, "met" if figure.is_met else "MISSED", figure.how))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()
        for row in rows
    )
