"""`sgp32 run` on a card without optional features: what does not apply is said, and fails nothing."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Sgp32

LAB = """
lab: plain
slots:
  card: {kind: euicc, device: {simulated: {lacks: [fallback, ppr, immediate-enable]}}, links: {apdu: memory}}
"""


def test_a_case_about_a_feature_that_the_card_lacks_does_not_apply(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = tmp_path / "lab.yaml"
    lab.write_text(LAB, encoding="utf-8")
    done = sgp32("run", "EU-010", "EU-031", "EU-045", "EU-046", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in (tmp_path / "run/results.jsonl").read_text().splitlines()]
    assert {line["case"]: line["verdict"] for line in lines} == {
        "EU-010": "pass",
        "EU-031": "not_applicable",
        "EU-045": "not_applicable",
        "EU-046": "not_applicable",
    }
    assert {line["reason"] for line in lines if line["case"] == "EU-046"} == {
        "the card lacks a fallback profile, says the lab file"
    }
    explained = sgp32("plan", "--explain", "EU-046", "--lab", lab)
    assert "card: no, the card lacks a fallback profile, says the lab file" in explained.stdout
