"""`sgp32 run` on a real module that hides its card: reached over polls, run after run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.cli.conftest import Sgp32
from tests.sealed_module import lab_file, sealed_module

CASES = ("IP-003", "IP-010", "FB-029")
BY_THE_SERVERS = ["the eIM and the SM-DP+"]


def test_its_cases_are_judged_in_every_run(tmp_path: Path, sgp32: Sgp32) -> None:
    lab = lab_file(tmp_path)
    with sealed_module(lab):
        for name in ("first", "second"):
            done = sgp32("run", *CASES, "--lab", lab, "--out", tmp_path / name)
            assert done.returncode == 0, done.stdout + done.stderr
            lines = results_in(tmp_path / name)
            assert {case: line["verdict"] for case, line in lines.items()} == {
                "IP-003": "pass",
                "IP-010": "pass",
                "FB-029": "not_run",
            }
            assert {tuple(lines[case]["seen_from"]) for case in ("IP-003", "IP-010")} == {tuple(BY_THE_SERVERS)}
            assert "lets no APDU through to its card" in lines["FB-029"]["reason"]
            prepared = lines["IP-010"]["steps"][0]
            assert prepared["precondition"]
            assert prepared["text"].startswith("over polls, the hidden card is brought to: 1 eIM associated")


def results_in(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    lines = map(json.loads, (folder / "results.jsonl").read_text(encoding="utf-8").splitlines())
    return {line["case"]: line for line in lines}


def test_a_simulated_one_is_reached_so_too(tmp_path: Path, sgp32: Sgp32) -> None:
    lab = tmp_path / "lab.yaml"
    device = "{simulated: {dialect: sealed, prepare: functions}}"
    slot = f"{{kind: module, device: {device}, links: {{at: pty, esipa: https}}}}"
    lab.write_text(f"lab: sealed\nslots:\n  modem: {slot}\n", encoding="utf-8")
    done = sgp32("run", "IP-003", "IP-020", "IP-035", "LC-005", "IP-010", "--lab", lab, "--out", tmp_path / "run")
    lines = results_in(tmp_path / "run")
    assert {case: line["verdict"] for case, line in lines.items()} == dict.fromkeys(
        ("IP-003", "IP-020", "IP-035", "LC-005", "IP-010"), "pass"
    ), done.stdout + done.stderr
