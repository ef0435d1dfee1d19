"""Labs with hardware in them. What is plugged in here is a simulated module on a pty that the harness does not know of."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.crypto.entropy import Entropy
from harness.endpoints.module_process import ModuleProcess
from harness.lab.benches.card_factory import FACTORY, arguments_for
from harness.lab.benches.cards import card_config
from harness.lab.file.configuration import read_lab
from harness.lab.file.device import Simulated
from harness.lab.rack import Rack
from tests.cli.conftest import Sgp32

LAB = """
lab: desk
clock: real
state: state
slots:
  modem:
    kind: module
    device: {{eid: {eid}}}
    links: {{apdu: [at-cgla, at-csim], at: {{port: {port}}}}}
    allow: [removes-eim, removes-profile]
"""
OTHER_EID = "89049032123451234512345678901235"


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleProcess]:
    """A module whose card is of the lab's PKI, as a test card in a lab is."""
    file = tmp_path / "lab.yaml"
    file.write_text(LAB.format(eid="null", port=tmp_path / "modem"))
    with Rack(read_lab(file), 1) as rack:
        rack.entropy = Entropy("the lab's first day")
        config = card_config(rack, "modem", Simulated())
        process = ModuleProcess(FACTORY, arguments_for(rack, config, tmp_path / "card", "modem"), tmp_path)
    with process:
        yield process


def results(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]


def test_a_card_behind_a_real_port_is_prepared_by_its_own_functions(
    module: ModuleProcess, sgp32: Sgp32, tmp_path: Path
) -> None:
    done = sgp32("run", "EU-007", "EU-035", "EU-062", "--lab", tmp_path / "lab.yaml", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = results(tmp_path / "run")
    assert {(line["link"], line["verdict"]) for line in lines} == {("at-cgla", "pass"), ("at-csim", "pass")}
    enabled = next(line for line in lines if line["case"] == "EU-035")
    assert enabled["steps"][0]["precondition"]
    assert "operational" in enabled["steps"][0]["text"]
    (ledger,) = (tmp_path / "state" / "ledger").glob("*.json")
    written = json.loads(ledger.read_text())
    assert written["installations"] >= 2, "one for each link"
    assert written["resets"] == 7, "one for each case and link, and one at the end"
    (counters,) = (tmp_path / "state" / "eims").glob("*.json")
    assert json.loads(counters.read_text())["eim.harness.test"]


def test_another_card_than_configured_is_a_lab_fault(module: ModuleProcess, sgp32: Sgp32, tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB.format(eid=f'"{OTHER_EID}"', port=module.port))
    done = sgp32("run", "EU-007", "--lab", file, "--out", tmp_path / "run")
    assert done.returncode == 3, done.stdout + done.stderr
    assert {line["verdict"] for line in results(tmp_path / "run")} == {"inconclusive"}
    assert OTHER_EID in results(tmp_path / "run")[0]["reason"]


def test_a_mute_port_is_a_lab_fault_with_what_to_try(sgp32: Sgp32, tmp_path: Path) -> None:
    master, slave = os.openpty()
    try:
        file = tmp_path / "lab.yaml"
        file.write_text(LAB.format(eid="null", port=os.ttyname(slave)))
        done = sgp32("run", "EU-007", "--lab", file, "--link", "at-csim", "--out", tmp_path / "run")
    finally:
        os.close(master)
        os.close(slave)
    assert done.returncode == 3, done.stdout + done.stderr
    (line,) = results(tmp_path / "run")
    assert line["verdict"] == "inconclusive"
    assert "is mute" in line["reason"]
    assert "is it powered, and is this its AT port?" in line["reason"]
