"""The card suites as whole processes: over memory, over PC/SC, and their claimed pairs of the kill matrix."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.bench.commands import call
from tests.bench.figures import Figure, median_of, seconds

SUITES = tuple(f"suites/{area}" for area in ("euicc", "fallback", "security", "resilience"))
"""Everything that judges a card."""


def over_memory(repetitions: int, folder: Path) -> Figure:
    """Every card case on the simulated card in memory, and the report."""
    return _run("the card suites over memory", "card-memory", 30, repetitions, folder)


def over_pcsc(repetitions: int, folder: Path) -> Figure:
    """The same behind a PC/SC daemon."""
    return _run("the card suites over PC/SC", "card-pcsc", 60, repetitions, folder)


def claimed_pairs(repetitions: int) -> Figure:
    """`sgp32 selftest` of the same suites: every claimed pair and every case on a conforming card, on all cores."""
    samples = [seconds(lambda: call(("selftest", *SUITES))) for _ in range(repetitions)]
    return median_of("claimed pairs of the card suites", samples, 180, "s")


def _run(name: str, slot: str, target: float, repetitions: int, folder: Path) -> Figure:
    outs = [folder / f"{slot}-{number}" for number in range(repetitions)]
    samples = [
        seconds(partial(call, ("run", *SUITES, "--slot", slot, "--require-all", "--out", str(out)))) for out in outs
    ]
    return median_of(name, samples, target, "s")
