"""The card suites against cards that lie: nothing hangs, nothing is our error, and no lie passes for the truth."""

from __future__ import annotations

import pytest

from harness import resources
from harness.conformance.applicability import lacking, links_for
from harness.conformance.case import Case
from harness.conformance.catalogue import read_suites
from harness.lab.file.configuration import read_lab
from tests.hostile.cards import ANSWERS, MESSAGES
from tests.hostile.running import Result, of, session, told

SAMPLE = ("EU-002", "EU-007", "EU-012", "EU-018", "EU-032", "EU-035", "EU-062", "EU-088", "EU-107", "LC-001")
WHOLE_SUITES = ("truth", "values-zero", "inner-fields-twice", "junk-certificates", "octets-1", "structure-1")
"""Run with every case of a card; the other liars with the sample."""
SLOT = "card-memory"
THIS = read_lab(resources.path("lab-config/simulated.yaml")).slots[SLOT]

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


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return session(
        tmp_path_factory.mktemp("sampled"), SLOT, [*ANSWERS, *MESSAGES, "another-eid-after-each-reset"], SAMPLE
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    return session(tmp_path_factory.mktemp("whole"), SLOT, WHOLE_SUITES)


def may_pass(liar: str, case: str) -> bool:
    if liar in MESSAGES and case == "EU-002":
        return True
    return any(liar.startswith(prefix) and case in cases for prefix, cases in UNTOUCHED.items())


@pytest.mark.parametrize("liar", [*ANSWERS, *MESSAGES, "another-eid-after-each-reset"])
def test_a_liar_ends_every_case_and_no_lie_passes(sampled: list[Result], liar: str) -> None:
    results = of(sampled, liar)
    assert {line["case"] for line in results} == set(SAMPLE)
    assert told(line for line in results if line["verdict"] == "error") == []
    assert told(line for line in results if line["verdict"] == "pass" and not may_pass(liar, line["case"])) == []


@pytest.mark.parametrize("liar", WHOLE_SUITES)
def test_no_case_is_our_error(whole: list[Result], liar: str) -> None:
    results = of(whole, liar)
    assert told(line for line in results if line["verdict"] == "error") == []
    if liar == "truth":
        assert told(line for line in results if line["verdict"] not in ("pass", "recorded", "not_applicable")) == []
        apart = {line["case"] for line in results if line["verdict"] == "not_applicable"}
        assert apart == {case.identifier for case in of_this_card() if lacking(case, THIS.lacks)}


def of_this_card() -> list[Case]:
    """What any card of this kind could be judged by over this link, whatever it lacks."""
    return [entry.case for entry in read_suites(resources.path("suites")) if links_for(entry.case, THIS)]


@pytest.mark.parametrize("liar", [name for name in MESSAGES if not name.startswith("pir")])
def test_nonsense_that_arrives_well_is_the_cards(sampled: list[Result], liar: str) -> None:
    verdicts = {line["verdict"] for line in of(sampled, liar)}
    assert "fail" in verdicts


def test_a_card_that_never_answers_is_nobodys_failure(sampled: list[Result]) -> None:
    for liar in ("nothing", "silent-from-the-first", "store-data-silent"):
        verdicts = {line["case"]: line["verdict"] for line in of(sampled, liar)}
        assert set(verdicts.values()) <= {"inconclusive", "pass"}


def test_a_card_that_answers_after_a_reset_was_silent_itself(sampled: list[Result]) -> None:
    assert "fail" in {line["verdict"] for line in of(sampled, "tires-after-8")}
