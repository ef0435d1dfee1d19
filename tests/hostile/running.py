"""Runs `tests.hostile.session` in a process of its own and reads what it came to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DEADLINE = 300

Result = dict[str, Any]


def session(folder: Path, slot: str, liars: Iterable[str], cases: Iterable[str] = ()) -> list[Result]:
    """The result lines of these cases (none: all of the slot) against each liar."""
    words = [sys.executable, "-m", "tests.hostile.session", str(folder), slot, ",".join(liars)]
    done = subprocess.run(
        words + ([",".join(cases)] if cases else []),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["status"] == 0
    return [line["result"] for line in said["told"] if "result" in line]


def of(results: Iterable[Result], liar: str) -> list[Result]:
    """The results against one liar."""
    return [line for line in results if line["slot"] == liar]


def told(results: Iterable[Result]) -> list[str]:
    """Results as a person reads them, for an assertion that fails."""
    return [f"{line['slot']} {line['case']} {line['verdict']}: {line['reason'][:200]}" for line in results]
