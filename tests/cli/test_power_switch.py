"""Power cuts of real cards: the harness knows a reader or a port and two commands, not that a process is behind them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.endpoints.pcscd import READER, availability
from harness.lab.file.device import Simulated
from tests.cli.conftest import Sgp32
from tests.real_cards import Switch, card_in_reader, module_at_port

ALLOWED = "allow: [removes-eim, removes-profile, wears-flash]"
CARD = f"""
lab: desk
state: state
slots:
  card:
    kind: euicc
    device: {{eid: null}}
    links: {{apdu: {{pcsc: {{reader: {READER}}}}}}}
    {ALLOWED}
"""
MODULE = """
lab: desk
state: state
slots:
  card:
    kind: module
    device: {eid: null}
    links: {apdu: [at-csim], at: {port: PORT}}
    allow: [removes-eim, removes-profile, wears-flash]
"""
needs_pcscd = pytest.mark.skipif(availability() is not None, reason=str(availability()))


def results(run: Path) -> dict[str, dict[str, Any]]:
    return {line["case"]: line for line in map(json.loads, (run / "results.jsonl").read_text().splitlines())}


def power_events(run: Path) -> list[str]:
    lines = map(json.loads, (run / "slots" / "card" / "events.jsonl").read_text().splitlines())
    return [line["note"]["event"] for line in lines if line.get("interface") == "power"]


def write(folder: Path, text: str, power: str = "") -> Path:
    file = folder / "lab.yaml"
    file.write_text(text + power, encoding="utf-8")
    return file


@needs_pcscd
def test_a_card_in_a_reader_is_cut_at_random_moments(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = write(tmp_path, CARD)
    with card_in_reader(lab, "card", Simulated(), tmp_path / "memory") as card:
        switch = Switch(tmp_path, card)
        try:
            write(tmp_path, CARD, f"    power: {{command: {switch.wiring}, points: 4, pause: 0}}\n")
            cases = ("RS-001", "RS-002", "RS-003")
            done = sgp32("run", *cases, "--lab", lab, "--seed", "7", "--out", tmp_path / "run")
        finally:
            switch.close()
    found = results(tmp_path / "run")
    assert done.returncode == 0, (done.stdout, {case: line["reason"] for case, line in found.items()})
    assert {case: line["verdict"] for case, line in found.items()} == dict.fromkeys(cases, "pass")
    assert switch.cuts == 4 * len(cases)
    whole = next(step for step in found["RS-001"]["steps"] if step["text"] == "an enable that keeps its power")
    assert "cut at 4 random points, seed '7/RS-001/pcsc'" in whole["observed"]
    assert sum("point 4 of 4" in step["text"] for step in found["RS-002"]["steps"]) == 1
    events = power_events(tmp_path / "run")
    assert events.count("power off") == switch.cuts
    assert events[0] == "power on", "a run may have died and left the card without"


def test_a_module_at_a_port_is_cut_too(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = write(tmp_path, MODULE.replace("PORT", str(tmp_path / "modem")))
    with module_at_port(lab, "card", Simulated(), tmp_path) as module:
        switch = Switch(tmp_path, module)
        try:
            write(tmp_path, lab.read_text(), f"    power: {{command: {switch.wiring}, points: 2, pause: 0}}\n")
            done = sgp32("run", "RS-001", "--lab", lab, "--out", tmp_path / "run")
        finally:
            switch.close()
    found = results(tmp_path / "run")
    assert done.returncode == 0, (done.stdout, found["RS-001"]["reason"])
    assert found["RS-001"]["verdict"] == "pass"
    assert switch.cuts == 2


@needs_pcscd
def test_without_a_switch_power_cuts_are_not_run(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = write(tmp_path, CARD)
    with card_in_reader(lab, "card", Simulated(), tmp_path / "memory"):
        done = sgp32("run", "RS-001", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout
    line = results(tmp_path / "run")["RS-001"]
    assert line["verdict"] == "not_run"
    assert "no switch for the power" in line["reason"]


@needs_pcscd
def test_a_switch_that_fails_is_the_labs_fault(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = write(tmp_path, CARD)
    with card_in_reader(lab, "card", Simulated(), tmp_path / "memory"):
        write(tmp_path, CARD, "    power: {command: {off: 'false', on: 'true'}, points: 2, pause: 0}\n")
        done = sgp32("run", "RS-001", "EU-007", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 3, done.stdout
    found = results(tmp_path / "run")
    assert found["RS-001"]["verdict"] == "inconclusive"
    assert "'false' ended with 1" in found["RS-001"]["reason"]
    assert found["EU-007"]["verdict"] == "pass"
