"""The parent of a run: what it makes of its children's words, of their deaths, and of an interruption."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from harness.conformance import runner
from harness.conformance.assignment import Assignment, Order, Planned
from harness.conformance.outcome import ExitStatus, RunOutcome
from harness.conformance.runner import Progress, orders_for, run_orders
from harness.evidence.reader import load_run

CHILD = "tests.conformance.talking_child"


@pytest.fixture(autouse=True)
def talking_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SLOT_PROCESS", CHILD)


def order(folder: Path, *habits: str) -> Order:
    given = tuple(
        Assignment(f"slot-{number}", "slot", None, (Planned(habit, "f", "t", ("memory",)),))
        for number, habit in enumerate(habits)
    )
    return Order("lab.yaml", str(folder), "suites", 1, given)


def run(folder: Path, *habits: str, progress: Progress | None = None) -> RunOutcome:
    return run_orders(orders_for(order(folder, *habits)), progress or Progress())


def test_an_order_survives_its_journey(tmp_path: Path) -> None:
    whole = order(tmp_path, "pass", "fail")
    assert Order.of(whole.as_json()) == whole


def test_every_slot_is_heard_and_printed_words_go_to_its_log(tmp_path: Path) -> None:
    outcome = run(tmp_path, "pass", "fail", "pass")
    assert dict(outcome.counts) == {"pass": 2, "fail": 1}
    assert "printed words" in (tmp_path / "slots/slot-0/harness.log").read_text()


@pytest.mark.parametrize(
    ("habits", "status"),
    [
        (("pass",), ExitStatus.WELL),
        (("pass", "recorded", "not_run", "not_applicable"), ExitStatus.WELL),
        (("pass", "fail", "inconclusive"), ExitStatus.DEVICE),
        (("deviation",), ExitStatus.DEVICE),
        (("inconclusive", "pass"), ExitStatus.LAB),
        (("error", "fail"), ExitStatus.HARNESS),
        (("crashes", "fail"), ExitStatus.HARNESS),
        (("configuration", "error"), ExitStatus.USAGE),
    ],
)
def test_the_exit_status_is_the_gravest_that_holds(tmp_path: Path, habits: tuple[str, ...], status: ExitStatus) -> None:
    assert run(tmp_path, *habits).exit_status() is status


def test_deviations_may_be_allowed() -> None:
    outcome = RunOutcome(results=[{"verdict": "deviation"}])
    assert outcome.exit_status(allow_deviations=True) is ExitStatus.WELL
    outcome.results.append({"verdict": "fail"})
    assert outcome.exit_status(allow_deviations=True) is ExitStatus.DEVICE


def test_a_lab_fault_without_a_result_is_still_no_success() -> None:
    assert RunOutcome(lab_faults={"card": "no reader"}).exit_status() is ExitStatus.LAB
    assert RunOutcome(absent={"card": "no reader"}).exit_status() is ExitStatus.WELL


def test_a_crash_names_the_log(tmp_path: Path) -> None:
    (error,) = run(tmp_path, "crashes").errors
    assert error == "slot-0: the slot's process ended with signal 11; see slots/slot-0/harness.log"


def test_ctrl_c_ends_every_child_in_order(tmp_path: Path) -> None:
    class Interrupting(Progress):
        pressed = False

        def begins(self, case: str, slot: str, link: str) -> None:
            if not self.pressed:
                self.pressed = True
                raise KeyboardInterrupt

    outcome = run(tmp_path, "waits", "waits", progress=Interrupting())
    assert outcome.interrupted
    assert not outcome.errors
    assert outcome.exit_status() is ExitStatus.INTERRUPTED


@pytest.mark.parametrize("habit", ["waits", "hangs"])
def test_children_end_when_the_parent_is_killed(tmp_path: Path, habit: str) -> None:
    program = textwrap.dedent(f"""
        from pathlib import Path
        from harness.conformance import children
        child = children.Child({CHILD!r}, {order(tmp_path, habit).as_json()!r}, Path({str(tmp_path)!r}) / "log")
        for line in child.lines():
            if "pid" in line:
                print(line["pid"], flush=True)
    """)
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait(10)
    assert ends_within(pid, 15), "the child outlived its parent"
    parent.stdout.close()


def ends_within(pid: int, seconds: float) -> bool:
    """Whether a process that is not our child ends before the deadline."""
    descriptor = os.pidfd_open(pid)
    try:
        ready, _, _ = select.select([descriptor], [], [], seconds)
        return bool(ready)
    finally:
        os.close(descriptor)


def test_progress_is_told(tmp_path: Path) -> None:
    heard: list[Any] = []

    class Listening(Progress):
        def planned(self, total: int) -> None:
            heard.append(total)

        def result(self, line: Any) -> None:
            heard.append(line["verdict"])

        def ended(self) -> None:
            heard.append("ended")

    run(tmp_path, "pass", progress=Listening())
    assert heard == [1, "pass", "ended"]


def test_the_longest_slot_begins_first(tmp_path: Path) -> None:
    def planned(*links: str) -> tuple[Planned, ...]:
        return (Planned("EU-001", "f", "t", links),)

    given = {
        "card": planned("memory", "pcsc"),
        "module": planned("https"),
        "both": planned("at-cgla", "at-csim", "https"),
    }
    slots = tuple(Assignment(name, name, None, cases) for name, cases in given.items())
    assert list(orders_for(Order("lab.yaml", str(tmp_path), "suites", 1, slots))) == ["both", "module", "card"]


def test_a_slot_that_never_began_is_not_run(tmp_path: Path) -> None:
    class Interrupting(Progress):
        def begins(self, case: str, slot: str, link: str) -> None:
            raise KeyboardInterrupt

    outcome = run_orders(orders_for(order(tmp_path, "waits", "pass")), Interrupting(), at_once=1)
    assert (outcome.interrupted, outcome.results) == (True, [])
    (never,) = [slot for slot in load_run(tmp_path).slots if slot.name == "slot-1"]
    assert [(result.case, result.link, result.verdict) for result in never.results] == [("pass", "memory", "not_run")]
