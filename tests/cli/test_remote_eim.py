"""An eIM of somebody else in a lab file, by its address: what only polls it is judged, the rest says why not."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Sgp32
from tests.cli.test_serve import Serve, serve

__all__ = ["serve"]

POLLS_ONLY = {"EI-001", "EI-002", "EI-032", "EI-033"}


def lab_file(folder: Path, address: str, ca: str) -> Path:
    file = folder / "lab.yaml"
    device = f"{{address: '{address}', ca: {ca}}}"
    file.write_text(
        f"lab: theirs\nstate: null\nslots:\n  their-eim: {{kind: eim, device: {device}, links: {{esipa: https}}}}\n",
        encoding="utf-8",
    )
    return file


def test_what_only_polls_is_judged(sgp32: Sgp32, serve: Serve, tmp_path: Path) -> None:
    about, *_, trust = serve("eim")
    address = about.rpartition("https://")[2].partition("/")[0]
    lab = lab_file(tmp_path, address, trust.partition(": ")[2])
    done = sgp32("run", "suites/eim", "--lab", lab, "--out", tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run/results.jsonl").read_text().splitlines()]
    verdicts = {line["case"]: line["verdict"] for line in lines}
    assert {case for case, verdict in verdicts.items() if verdict == "pass"} == POLLS_ONLY, done.stdout
    others = [line for line in lines if line["case"] not in POLLS_ONLY]
    assert {line["verdict"] for line in others} == {"not_run"}, done.stdout
    assert all("this eIM" in line["reason"] for line in others)


def test_nobody_there_is_no_fault_of_the_device(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_file(tmp_path, "127.0.0.1:9", "lab.yaml")
    done = sgp32("run", "EI-001", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 3, done.stdout + done.stderr
    lab.write_text(lab.read_text().replace(", ca: lab.yaml", ""))
    done = sgp32("run", "EI-001", "--lab", lab, "--out", tmp_path / "again")
    assert done.returncode == 3, done.stdout + done.stderr
    (line,) = [json.loads(line) for line in (tmp_path / "again/results.jsonl").read_text().splitlines()]
    assert line["verdict"] == "inconclusive"


def test_mistakes_are_told(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_file(tmp_path, "https://eim.example/", "nowhere.pem")
    done = sgp32("run", "EI-001", "--lab", lab)
    assert done.returncode == 2
    assert "is no server address" in done.stderr
    lab = lab_file(tmp_path, "eim.example", "nowhere.pem")
    assert "is not a file" in sgp32("run", "EI-001", "--lab", lab).stderr
