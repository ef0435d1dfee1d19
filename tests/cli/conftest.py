"""Running `sgp32` as a person does, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

Sgp32 = Callable[..., "subprocess.CompletedProcess[str]"]

MEMORY_LAB = """
lab: memory
slots:
  card: {kind: euicc, device: {simulated: {defects: [DEFECTS]}}, links: {apdu: memory}}
"""


def run_sgp32(folder: Path, *arguments: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Runs a verb in a folder, with a deadline in seconds."""
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def sgp32(tmp_path: Path) -> Sgp32:
    """Runs a verb in an empty folder."""
    return partial(run_sgp32, tmp_path)


@pytest.fixture
def memory_lab(tmp_path: Path) -> Callable[..., Path]:
    """A lab file with one card in memory that has these defects."""

    def write(*defects: str) -> Path:
        file = tmp_path / "lab.yaml"
        file.write_text(MEMORY_LAB.replace("DEFECTS", ", ".join(defects)), encoding="utf-8")
        return file

    return write
