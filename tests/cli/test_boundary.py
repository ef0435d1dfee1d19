"""Where traffic does not flow after a switch: the layer is named, and it is not called the device's unless it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Sgp32

LAB = """
lab: boundary
slots:
  {slot}:
    kind: module
    device: {{simulated: {{dialect: {dialect}, meets: {{operational-d: {treatment}}}}}}}
    links: {{at: pty, esipa: https}}
"""
OTHERS = {
    "no-coverage": ("registration", "the network's"),
    "denied": ("registration", "the profile's"),
    "no-data": ("context", "the network's"),
    "other-pool": ("address", "the network's"),
    "no-names": ("DNS", "the network's"),
    "no-route": ("route and application over TCP", "the network's"),
}


def outcome(sgp32: Sgp32, folder: Path, *, dialect: str = "harness", treatment: str = "home") -> dict[str, Any]:
    (folder / "lab.yaml").write_text(LAB.format(slot="m", dialect=dialect, treatment=treatment), encoding="utf-8")
    done = sgp32("run", "LC-016", "--lab", folder / "lab.yaml", "--out", folder / "run")
    lines = (folder / "run" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1, done.stdout + done.stderr
    line: dict[str, Any] = json.loads(lines[0])
    return line


@pytest.mark.parametrize("treatment", OTHERS)
def test_what_is_not_the_devices_is_no_failure_of_it(sgp32: Sgp32, tmp_path: Path, treatment: str) -> None:
    layer, whose = OTHERS[treatment]
    line = outcome(sgp32, tmp_path, treatment=treatment)
    assert line["verdict"] == "inconclusive", line["reason"]
    assert f"the layer {layer} is broken, and that is {whose}" in line["reason"]


@pytest.mark.parametrize(("dialect", "sees_all"), [("u-blox", True), ("nordic", True), ("3gpp", False)])
def test_only_what_a_dialect_shows_is_judged(sgp32: Sgp32, tmp_path: Path, dialect: str, sees_all: bool) -> None:
    line = outcome(sgp32, tmp_path, dialect=dialect)
    assert line["verdict"] == "pass", line["reason"]
    texts = [step["text"] for step in line["steps"]]
    assert ("operational-d: route and application over UDP" in texts) is sees_all
    not_seen = [step["observed"] for step in line["steps"] if step["text"].endswith("what is not seen")]
    assert not_seen == (
        [] if sees_all else 2 * ["DNS, route and application: nothing is known of this module's commands for sockets"]
    )
