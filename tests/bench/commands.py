"""What a person waits for: whole processes, from start to end."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

from tests.bench.figures import Figure, median_of, seconds

SGP32 = (sys.executable, "-m", "harness.cli")
ROOT = Path(__file__).resolve().parents[2]


def help_page(repetitions: int) -> Figure:
    """`sgp32 --help`."""
    return _timed("sgp32 --help", ("--help",), repetitions, 0.25)


def plan(repetitions: int) -> Figure:
    """`sgp32 plan`."""
    return _timed("sgp32 plan", ("plan",), repetitions, 1.0)


def whole_run(repetitions: int, folder: Path) -> Figure:
    """`sgp32 run` on the simulated lab: all cases over all links, and the report."""
    runs = [("run", "--require-all", "--out", str(folder / f"run-{number}")) for number in range(repetitions)]
    samples = [seconds(partial(call, arguments)) for arguments in runs]
    return median_of("whole simulated run", samples, 30.0, "s")


def call(arguments: tuple[str, ...]) -> str:
    """Runs a verb in a process of its own; its standard output. Raises RuntimeError for any exit status but 0."""
    done = subprocess.run((*SGP32, *arguments), cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"sgp32 {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def _timed(name: str, arguments: tuple[str, ...], repetitions: int, target: float) -> Figure:
    call(arguments)  # the first one fills the caches of files and bytecode
    return median_of(name, [seconds(lambda: call(arguments)) for _ in range(repetitions)], target, "s")
