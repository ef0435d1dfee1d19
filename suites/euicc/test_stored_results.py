"""Results that no eIM acknowledges. SGP.32 v1.2 §2.11.2."""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import get_rat

MOST = 40
"""A card with more room than this for results is not filled up: each costs it a write."""


@case(
    "EU-092",
    clause="SGP.32 v1.2 §2.11.2",
    confidence="likely",
    area="euicc",
    needs=State(eims=1),
    catches=("drops-newest-result", "refuses-package-when-results-are-full"),
)
def test_full_store(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A full store drops its oldest result for a new one, and never refuses a package for it."""
    made: list[bytes] = []
    kept: list[bytes] = []
    with step("packages until a result is gone", expect="a result for each, the newest always kept") as seen:
        while len(made) < MOST and len(kept) == len(made):
            answer = euicc.load_package(eim.package(get_rat()))
            assert answer.is_result
            made.append(answer.raw)
            kept = [entry.raw for entry in euicc.retrieve_notifications(results=True).results]
            assert answer.raw in kept
        seen.observed(f"{len(made)} made, {len(kept)} kept")
    with step("look at what is left", expect="the newest results, none changed") as seen:
        lost = [number for number, raw in enumerate(made) if raw not in kept]
        seen.observed(f"gone: {lost}")
        assert lost == list(range(len(made) - len(kept)))
    with step("check their signatures", expect="each holds", confidence="certain"):
        stored = euicc.retrieve_notifications(results=True).results
        assert all(entry.signature_is_valid(euicc.certificate, token_of(eim)) for entry in stored)
