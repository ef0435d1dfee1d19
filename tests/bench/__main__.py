"""Measures each promised figure and prints them beside their targets. Exit status 1 if one is missed.

Whole processes, or ratios inside one run; medians of several repetitions. Nothing else should run on the machine.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from harness.errors import LabFault
from tests.bench import card, codec, commands, fleet, memory, servers, suites
from tests.bench.figures import Figure, table


def main() -> int:
    """Measures everything."""
    with tempfile.TemporaryDirectory(prefix="sgp32-bench-") as name:
        folder = Path(name)
        figures = [commands.help_page(11), commands.plan(7), *over_pcsc(folder / "card")]
        figures += memory.memory(folder)
        figures += [commands.whole_run(3, folder), codec.codec_ratio(9)]
        figures += [suites.over_memory(3, folder), suites.over_pcsc(3, folder), suites.claimed_pairs(3)]
        figures += [*servers.polls(3, folder / "eim"), *fleet.a_day()]
    print(table(figures))
    return 0 if all(figure.is_met for figure in figures) else 1


def over_pcsc(folder: Path) -> list[Figure]:
    """The figures that need a card behind PC/SC; not measured is missed."""
    try:
        with card.scene(folder) as scene:
            return [card.apdu_ratio(scene, 200), card.profile_life(scene, 15)]
    except LabFault as fault:
        return [Figure("everything over PC/SC", None, 0, "", f"not measured: {fault} ({fault.hint})")]


if __name__ == "__main__":
    sys.exit(main())
