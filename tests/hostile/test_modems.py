"""Cases of a module over serial lines that lie. Lines on which nothing is ever heard take their deadlines and are left out."""

from __future__ import annotations

import pytest

from tests.hostile.modems import LIARS
from tests.hostile.running import Result, of, session, told

SAMPLE = ("MO-001", "MO-003", "MO-004", "MO-006", "EU-007", "EU-035")
SLOW = frozenset(
    (
        "garbage",
        "high-bits",
        "zeros-between",
        "never-a-final-result",
        "answer-without-end",
        "silent-after-10",
        "silent-after-40",
    )
)
QUICK = [name for name in LIARS if name not in SLOW]
APDU_CASES = ("MO-004", "MO-006", "EU-007", "EU-035")
HARMLESS = ("truth", "echo", "storm", "burst")
"""What a host has to put up with."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return session(tmp_path_factory.mktemp("modems"), "module-at", QUICK, SAMPLE)


@pytest.mark.parametrize("liar", QUICK)
def test_every_case_ends_and_none_is_our_error(results: list[Result], liar: str) -> None:
    assert {line["case"] for line in of(results, liar)} == set(SAMPLE)
    assert told(line for line in of(results, liar) if line["verdict"] == "error") == []


@pytest.mark.parametrize("liar", HARMLESS)
def test_what_a_host_puts_up_with_changes_no_verdict(results: list[Result], liar: str) -> None:
    assert told(line for line in of(results, liar) if line["verdict"] != "pass") == []


@pytest.mark.parametrize("liar", [name for name in QUICK if name.startswith("apdu-")])
def test_apdus_that_are_none_pass_nothing_that_needs_them(results: list[Result], liar: str) -> None:
    asked = [line for line in of(results, liar) if line["case"] in APDU_CASES]
    assert told(line for line in asked if line["verdict"] == "pass") == []
    assert "fail" in {line["verdict"] for line in asked}


def test_a_port_that_vanishes_is_the_labs(results: list[Result]) -> None:
    for liar in ("vanishes-at-imei", "vanishes-at-apdu", "vanishes-at-session"):
        assert {line["verdict"] for line in of(results, liar)} <= {"pass", "inconclusive"}
