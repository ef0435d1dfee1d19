"""The wheel works away from any checkout: suites, fixtures, templates and lab files are in it, and it stays as it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="hatchling is not installed: pip install '.[dev]'")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds."""
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def sgp32(installed: Path, where: Path, *arguments: str) -> str:
    """Standard output of the installed command, run from the folder `where`."""
    environment = {**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        (sys.executable, "-P", "-m", "harness.cli", *arguments),
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def test_the_installed_command_finds_its_own_cases(installed: Path, tmp_path: Path) -> None:
    explained = sgp32(installed, tmp_path, "plan", "--explain", "EU-001")
    assert f"written in  {installed}/harness/data/suites/euicc/" in explained


def test_a_run_is_written_where_one_stands_and_nowhere_else(installed: Path, tmp_path: Path) -> None:
    before = files(installed)
    told = json.loads(sgp32(installed, tmp_path, "run", "EU-001", "EU-084", "--slot", "card-memory", "--json"))
    assert {result["verdict"] for result in told["results"]} == {"pass"}
    assert Path(told["run"]).parts[0] == "runs"
    assert (tmp_path / told["report"]).read_text().startswith("<!DOCTYPE html>")
    assert files(installed) == before


def test_the_wheel_holds_what_a_checkout_holds(installed: Path) -> None:
    shipped = files(installed / "harness" / "data")
    for name in ("suites", "fixtures", "reports", "lab-config"):
        ours = {Path(name) / path for path in files(ROOT / name) if "__pycache__" not in path.parts}
        assert ours <= shipped
