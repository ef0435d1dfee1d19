"""A run that nobody watches in a terminal still says how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.plain_view import INTERVAL, PlainView
from tests.cli.conftest import Sgp32


class Watch:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_slots_begin_and_end_and_silence_is_never_long(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Watch()
    view = PlainView(clock=clock)
    view.planned(2)
    view.slot_begins("card", 2)
    view.begins("EU-001", "card", "memory")
    view.passes()
    clock.now += INTERVAL
    view.passes()
    view.passes()
    view.result({"slot": "card", "verdict": "pass"})
    view.waits("card", "for a poll")
    clock.now += INTERVAL
    view.passes()
    view.result({"slot": "card", "verdict": "not_run"})
    view.slot_ended("card")
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.partition(" s  ")[2] for line in said.err.splitlines()] == [
        "2 results to come",
        "card begins: 2 results to come",
        "0 of 2 results; now EU-001",
        "1 of 2 results; now EU-001: for a poll",
        "card ended: 1 pass, 1 not run",
    ]


def test_hundreds_of_processes_are_not_named(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Watch()
    view = PlainView(quiet=True, clock=clock)
    view.planned(1)
    view.slot_begins("card~broken", 1)
    clock.now += INTERVAL
    view.passes()
    view.slot_ended("card~broken")
    assert [line.partition(" s  ")[2] for line in capsys.readouterr().err.splitlines()] == [
        "1 result to come",
        "0 of 1 results",
    ]


def test_a_run_without_a_terminal_tells_of_its_slots(sgp32: Sgp32, memory_lab: Callable[..., Path]) -> None:
    done = sgp32("run", "EU-001", "--lab", memory_lab())
    assert "card begins: 1 result to come" in done.stderr
    assert "card ended: 1 pass" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
