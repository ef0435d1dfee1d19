"""One pytest session over the cases of one process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.conformance.plugin import fixtures
from harness.conformance.plugin.assertions import Assertions
from harness.conformance.plugin.collection import Collection, Wanted
from harness.conformance.plugin.recording import Recording, Tell, Unreachable
from harness.evidence.journal import Journal

INTERRUPTED, HARNESS = 130, 4


def run_session(
    suites: Path, wanted: Wanted, journals: Mapping[str, Journal], tell: Tell, *, shuffle_seed: int | None = None
) -> int:
    """Runs the wanted cases; 0 when they were run, whatever they came to.

    Otherwise 130 when interrupted, or 4 with the reason told.
    """
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for habit in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):  # what somebody wants of his own tests is no business of a case
        os.environ.pop(habit, None)
    recording = Recording(journals, tell)
    files = dict.fromkeys(str(file) for file, _ in wanted)
    status = pytest.main(
        [
            *files,
            f"--rootdir={suites.parent}",
            f"-c={Path(__file__).with_name('pytest.ini')}",
            "--import-mode=importlib",
            "--capture=sys",
            "-pno:cacheprovider",
        ],
        plugins=[
            Collection(wanted, shuffle_seed=shuffle_seed),
            Assertions(_bytecode()),
            recording,
            Unreachable(),
            fixtures,
        ],
    )
    if recording.broken_suites:
        tell({"error": "; ".join(recording.broken_suites)})
        return HARNESS
    if status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return 0
    if status == pytest.ExitCode.INTERRUPTED:
        return INTERRUPTED
    tell({"error": f"pytest ended with {pytest.ExitCode(status).name}"})
    return HARNESS


def _bytecode() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "sgp32-harness" / "suites"
