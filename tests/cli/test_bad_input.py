"""What a person can get wrong outside the cases, and what the command line says to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import cli
from harness.cli import plan
from tests.cli.conftest import Sgp32

LAB = "lab: wrong\n{more}\nslots:\n  card: {{kind: euicc, device: {{simulated: {{}}}}, links: {{apdu: memory}}}}\n"


@pytest.mark.parametrize("verb", ["run", "selftest"])
def test_a_folder_that_cannot_be_made(sgp32: Sgp32, tmp_path: Path, verb: str) -> None:
    (tmp_path / "file").touch()
    done = sgp32(verb, "EI-001", "--out", tmp_path / "file" / "run")
    assert done.returncode == 2
    assert "cannot be made: Not a directory; name another folder with --out" in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("pki: empty", "holds no CI certificate"),
        ("state: file/state", "the lab's state cannot be kept in"),
    ],
)
@pytest.mark.parametrize("verb", [("run",), ("selftest",), ("lab", "check")])
def test_files_of_a_lab_that_cannot_be_used(
    sgp32: Sgp32, tmp_path: Path, verb: tuple[str, ...], more: str, said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    lab = tmp_path / "lab.yaml"
    lab.write_text(LAB.format(more=more))
    done = sgp32(*verb, "--lab", lab)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", [("verify",), ("report",), ("trace",)])
def test_a_folder_that_is_no_run(sgp32: Sgp32, tmp_path: Path, verb: tuple[str, ...]) -> None:
    done = sgp32(*verb, tmp_path, *(["EU-001"] if verb == ("trace",) else []))
    assert done.returncode == 2
    assert f"{tmp_path}: is no run directory" in done.stderr


def test_a_wrong_harness_is_no_failed_device(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Path) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(plan, "read_lab", broken)
    assert cli.status_of(["plan"]) == cli.HARNESS
    assert "says nothing about a device" in capsys.readouterr().err


def test_a_reader_that_leaves_early_blames_no_device(tmp_path: Path) -> None:
    """As `sgp32 plan | head` does: 1 would mean that a device failed."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        words = [sys.executable, "-m", "harness.cli", "plan"]
        done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, cwd=tmp_path, timeout=60, check=False)
    finally:
        os.close(writer)
    assert done.returncode == 141
    assert done.stderr == b""
