"""What a real card is spared. It is a simulated one with a memory here, which the lab file has treated as a real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Sgp32

LAB = """
lab: spared
state: state
slots:
  card: {kind: euicc, device: {simulated: {prepare: functions}}, links: {apdu: memory}, MORE}
"""
CLEARING = ("--allow", "removes-eim", "--allow", "removes-profile")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    return lab_with(tmp_path, "allow: []")


def lab_with(folder: Path, more: str) -> Path:
    file = folder / "lab.yaml"
    file.write_text(LAB.replace("MORE", more), encoding="utf-8")
    return file


def results(run: Path) -> dict[str, dict[str, Any]]:
    return {line["case"]: line for line in map(json.loads, (run / "results.jsonl").read_text().splitlines())}


def ledger(folder: Path) -> dict[str, int]:
    (file,) = (folder / "state" / "ledger").glob("*.json")
    counts: dict[str, int] = json.loads(file.read_text())
    return counts


def test_nothing_lasting_is_done_without_leave(lab: Path, sgp32: Sgp32, tmp_path: Path) -> None:
    done = sgp32("run", "EU-007", "EU-063", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    found = results(tmp_path / "run")
    assert {line["verdict"] for line in found.values()} == {"not_run"}
    assert "--allow removes-eim --allow removes-profile" in found["EU-007"]["reason"]
    assert "burns-counter: the case drives" in found["EU-063"]["reason"]
    assert not (tmp_path / "state" / "ledger").exists(), "the card was not written to"


def test_each_effect_needs_its_own_leave(lab: Path, sgp32: Sgp32, tmp_path: Path) -> None:
    done = sgp32("run", "EU-007", "EU-063", "--lab", lab, *CLEARING, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    found = results(tmp_path / "run")
    assert {case: line["verdict"] for case, line in found.items()} == {"EU-007": "pass", "EU-063": "not_run"}
    assert "removes-eim" not in found["EU-063"]["reason"]
    assert ledger(tmp_path)["resets"] == 2, "before the case, and at the end"
    manifest = json.loads((tmp_path / "run" / "run.json").read_text())
    assert manifest["slots"]["card"]["device"]["allow"] == ["removes-eim", "removes-profile"]


def test_the_ledger_outlives_runs_and_its_budget_ends_them(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_with(tmp_path, "allow: [removes-eim, removes-profile], budget: {installations: 2, packages: 100}")
    for number, expected in enumerate(("pass", "pass", "not_run"), 1):
        done = sgp32("run", "EU-042", "--lab", lab, "--allow", "strands-device", "--out", tmp_path / f"run{number}")
        assert done.returncode == 0, done.stdout + done.stderr
        line = results(tmp_path / f"run{number}")["EU-042"]
        assert line["verdict"] == expected, line
        assert ledger(tmp_path)["installations"] == min(number, 2)
    assert "2 of 2 profile installations" in line["reason"]
    assert "2 profile installations" in sgp32("lab", "check", "--lab", lab).stdout


def test_a_ledger_that_cannot_be_read_is_a_fault_of_the_lab(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_with(tmp_path, "allow: [removes-eim, removes-profile]")
    assert sgp32("run", "EU-007", "--lab", lab, "--out", tmp_path / "first").returncode == 0
    (file,) = (tmp_path / "state" / "ledger").glob("*.json")
    file.write_text("{", encoding="utf-8")
    done = sgp32("run", "EU-007", "--lab", lab, "--out", tmp_path / "second")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "cannot be used as the ledger" in results(tmp_path / "second")["EU-007"]["reason"]


def test_random_mutation_needs_its_own_leave(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_with(tmp_path, "allow: [removes-eim, removes-profile, wears-flash]")
    done = sgp32("run", "SE-024", "--lab", lab, "--out", tmp_path / "first")
    assert done.returncode == 0, done.stdout + done.stderr
    line = results(tmp_path / "first")["SE-024"]
    assert line["verdict"] == "not_run"
    assert line["reason"].endswith("(run with --allow-fuzz)")
    done = sgp32("run", "SE-024", "--lab", lab, "--allow-fuzz", "--seed", "9", "--out", tmp_path / "second")
    assert done.returncode == 0, done.stdout + done.stderr
    line = results(tmp_path / "second")["SE-024"]
    assert line["verdict"] == "pass"
    assert "of 2000, seed '9/SE-024/memory'" in line["steps"][-2]["text"]


def test_a_lab_file_cannot_allow_random_mutation(sgp32: Sgp32, tmp_path: Path) -> None:
    done = sgp32("run", "SE-024", "--lab", lab_with(tmp_path, "allow: [fuzz]"))
    assert done.returncode == 2
    assert "'fuzz' is not known" in done.stderr


def test_a_plan_says_what_is_not_allowed(lab: Path, sgp32: Sgp32) -> None:
    said = sgp32("plan", "--explain", "EU-063", "--lab", lab).stdout
    assert "effects     burns-counter" in said
    assert "card: yes, over memory; not allowed on this card: burns-counter" in said


def test_an_unknown_effect_is_bad_usage(lab: Path, sgp32: Sgp32) -> None:
    done = sgp32("run", "EU-007", "--lab", lab, "--allow", "melts-card")
    assert done.returncode == 2
    assert "melts-card" in done.stderr
    assert "burns-counter" in done.stderr
