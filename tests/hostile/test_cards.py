"""The card suites against cards that lie: nothing hangs, nothing is our error, and no lie passes for the truth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.cards import ANSWERS, MESSAGES

SAMPLE = ("EU-002", "EU-007", "EU-012", "EU-018", "EU-032", "EU-035", "EU-062", "EU-088", "EU-107", "LC-001")
WHOLE_SUITES = ("truth", "values-zero", "inner-fields-twice", "junk-certificates", "octets-1", "structure-1")
"""Run with every case of a card; the other liars with the sample."""
DEADLINE = 300

UNTOUCHED: dict[str, tuple[str, ...]] = {
    "store-data-61ff": SAMPLE,  # too long a GET RESPONSE, which this card serves
    "store-data": ("EU-002",),
    "fetch": SAMPLE,  # no case is about what a card asks of its terminal
    "silent-after": SAMPLE,
    "tires-after": SAMPLE,
    "eid": tuple(set(SAMPLE) - {"EU-007", "EU-032", "LC-001"}),
    "another-eid": tuple(set(SAMPLE) - {"EU-007", "LC-001"}),
    "pir-of-another-transaction": tuple(set(SAMPLE) - {"EU-107"}),
    "signatures": ("EU-007", "EU-018", "EU-032"),
    "junk-certificates": ("EU-007", "EU-012", "EU-018", "EU-062"),
    "swapped-certificates": tuple(set(SAMPLE) - {"EU-032"}),
    "inner-fields-twice": ("EU-007",),
    "fields-reversed": ("EU-007",),
    "numbers-huge": ("EU-007",),
}
"""Cases that may pass against liars whose name begins so: they are about something else. SELECT stays true in MESSAGES."""


def session(folder: Path, liars: Iterable[str], cases: Iterable[str] = ()) -> list[dict[str, Any]]:
    words = [sys.executable, "-m", "tests.hostile.session", str(folder), "card-memory", ",".join(liars)]
    done = subprocess.run(
        words + ([",".join(cases)] if cases else []),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["status"] == 0
    return [line["result"] for line in said["told"] if "result" in line]


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return session(tmp_path_factory.mktemp("sampled"), [*ANSWERS, *MESSAGES, "another-eid-after-each-reset"], SAMPLE)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return session(tmp_path_factory.mktemp("whole"), WHOLE_SUITES)


def may_pass(liar: str, case: str) -> bool:
    if liar in MESSAGES and case == "EU-002":
        return True
    return any(liar.startswith(prefix) and case in cases for prefix, cases in UNTOUCHED.items())


def told(results: Iterable[dict[str, Any]]) -> list[str]:
    return [f"{line['slot']} {line['case']} {line['verdict']}: {line['reason'][:200]}" for line in results]


@pytest.mark.parametrize("liar", [*ANSWERS, *MESSAGES, "another-eid-after-each-reset"])
def test_a_liar_ends_every_case_and_no_lie_passes(sampled: list[dict[str, Any]], liar: str) -> None:
    results = [line for line in sampled if line["slot"] == liar]
    assert {line["case"] for line in results} == set(SAMPLE)
    assert told(line for line in results if line["verdict"] == "error") == []
    assert told(line for line in results if line["verdict"] == "pass" and not may_pass(liar, line["case"])) == []


@pytest.mark.parametrize("liar", WHOLE_SUITES)
def test_no_case_is_our_error(whole: list[dict[str, Any]], liar: str) -> None:
    results = [line for line in whole if line["slot"] == liar]
    assert told(line for line in results if line["verdict"] == "error") == []
    if liar == "truth":
        assert told(line for line in results if line["verdict"] not in ("pass", "recorded")) == []


@pytest.mark.parametrize("liar", [name for name in MESSAGES if not name.startswith("pir")])
def test_nonsense_that_arrives_well_is_the_cards(sampled: list[dict[str, Any]], liar: str) -> None:
    verdicts = {line["verdict"] for line in sampled if line["slot"] == liar}
    assert "fail" in verdicts


def test_a_card_that_never_answers_is_nobodys_failure(sampled: list[dict[str, Any]]) -> None:
    for liar in ("nothing", "silent-from-the-first", "store-data-silent"):
        verdicts = {line["case"]: line["verdict"] for line in sampled if line["slot"] == liar}
        assert set(verdicts.values()) <= {"inconclusive", "pass"}


def test_a_card_that_answers_after_a_reset_was_silent_itself(sampled: list[dict[str, Any]]) -> None:
    assert "fail" in {line["verdict"] for line in sampled if line["slot"] == "tires-after-8"}
