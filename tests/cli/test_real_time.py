"""Polling in real time: the module polls by itself, and a wait is told of while it lasts and is no longer than needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness import resources
from harness.conformance.assignment import Assignment, Order, Planned
from harness.conformance.catalogue import read_suites
from harness.conformance.runner import Progress, run_orders

LAB = """
lab: real-time
clock: real
slots:
  module:
    kind: module
    device: {simulated: {ipa: {polling_interval: 1}, defects: [polls-three-times-too-rarely]}}
    links: {at: pty, esipa: https}
"""


class Watch(Progress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def waits(self, slot: str, said: str) -> None:
        self.said.append(said)


def run(tmp_path: Path, name: str, watch: Progress) -> Mapping[str, Any]:
    (tmp_path / "lab.yaml").write_text(LAB, encoding="utf-8")
    suites = resources.path("suites")
    entry = next(entry for entry in read_suites(suites) if entry.case.identifier == name)
    planned = Planned(name, str(entry.file), entry.function, ("https",))
    given = Assignment("module", "module", None, (planned,))
    order = Order(str(tmp_path / "lab.yaml"), str(tmp_path / "run"), str(suites), 1, (given,))
    outcome = run_orders({"module": order}, watch)
    assert not outcome.errors, outcome.errors
    [line] = outcome.results
    return line


def test_a_wait_ends_when_the_verdict_is_certain(tmp_path: Path) -> None:
    watch = Watch()
    line = run(tmp_path, "PO-001", watch)
    assert line["verdict"] == "fail"
    assert line["steps"][-1]["observed"] == "3"
    assert 2 < line["steps"][-1]["duration_s"] < 9, "ten intervals of a second; the first lasted three"
    assert any("of at most 11 s" in said for said in watch.said), json.dumps(watch.said)
