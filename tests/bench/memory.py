"""Memory of a whole run: the proportional set size (PSS) of the parent, and of each slot with all its children.

PSS counts a page that n processes share as a n-th of it to each, so that the sum is what the machine really gives.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.bench.commands import ROOT, SGP32
from tests.bench.figures import Figure

PARENT, REPORT = "the parent", "the report"
_EVERY = 0.05
"""Seconds between two looks."""


def memory(folder: Path) -> list[Figure]:
    """The peaks over one run of the simulated lab: the parent's, that of the process that renders, and the largest slot's."""
    out = folder / "memory"
    with (folder / "memory.log").open("wb") as log:
        run = subprocess.Popen(
            (*SGP32, "run", "--require-all", "--out", str(out)), cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
        )
        peaks: dict[str, int] = {}
        looks = 0
        while run.poll() is None:
            for name, octets in _look(run.pid):
                peaks[name] = max(peaks.get(name, 0), octets)
            looks += 1
            with suppress(subprocess.TimeoutExpired):
                run.wait(_EVERY)
    if run.returncode != 0:
        raise RuntimeError(f"the run ended with {run.returncode}\n{(folder / 'memory.log').read_text()}")
    parent, report = peaks.pop(PARENT), peaks.pop(REPORT)
    slot = max(peaks, key=lambda name: peaks[name])
    each = ", ".join(f"{name} {octets / 1e6:.0f}" for name, octets in sorted(peaks.items()))
    return [
        Figure("memory of the parent", parent / 1e6, 80, "MB", f"peak PSS of {looks} looks at one run"),
        Figure("memory of the report's process", report / 1e6, 180, "MB", f"peak PSS of {looks} looks at one run"),
        Figure("memory of a slot with its children", peaks[slot] / 1e6, 120, "MB", f"peak PSS: {each}"),
    ]


def _look(parent: int) -> Iterator[tuple[str, int]]:
    """Name and octets of the parent, and of each slot's process with everything below it."""
    children = _children()
    yield PARENT, _pss(parent)
    for slot in children.get(parent, ()):
        yield _slot_name(slot), sum(_pss(pid) for pid in _below(slot, children))


def _below(pid: int, children: dict[int, list[int]]) -> Iterator[int]:
    yield pid
    for child in children.get(pid, ()):
        yield from _below(child, children)


def _children() -> dict[int, list[int]]:
    """Every process of this host by its parent."""
    found: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            after_name = status.read_text().rpartition(")")[2].split()
            found.setdefault(int(after_name[1]), []).append(int(status.parent.name))
    return found


def _slot_name(pid: int) -> str:
    """A slot's process writes its errors into the log of its slot; the one that renders names its module."""
    with suppress(OSError):
        if b"harness.cli.rendering" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return REPORT
    with suppress(OSError):
        log = Path(f"/proc/{pid}/fd/2").readlink()
        if log.name == "harness.log":
            return log.parent.name
    return "others"


def _pss(pid: int) -> int:
    """Octets; 0 for a process that is just gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
