"""An eIM with many devices. No clause says how many or how fast: the budget is ours."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from harness.conformance.case import case
from harness.conformance.servers.eim_under_test import EimUnderTest
from harness.conformance.servers.esipa import NO_PACKAGE, get_eim_package, package_error
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim.commands import get_rat

DEVICES = 100
BUDGET_S = 2.0
"""For one poll over TLS, on a host that does other things too."""


@case(
    "EI-034",
    clause="unknown: no clause speaks of many devices",
    confidence="likely",
    area="eim",
    catches="leaks-packages-to-other-devices",
)
def test_many_devices(
    esipa: ServerUnderTest, eim: EimUnderTest, new_eids: Callable[[int], list[bytes]], step: CaseSteps
) -> None:
    """Among a hundred devices each gets its own package and no other's, and each poll is answered in time."""
    eids = new_eids(DEVICES)
    with step(f"{DEVICES} devices are known, every second one has a package waiting", precondition=True):
        for eid in eids:
            eim.associate(eid)
        waiting = {eid: eim.queue_package(eid, get_rat()) for eid in eids[::2]}
    with step("each polls once", expect=f"its own package or none, within {BUDGET_S:g} s") as seen:
        slowest = 0.0
        for eid in reversed(eids):
            begun = perf_counter()
            answer = esipa.ask(get_eim_package(eid))
            slowest = max(slowest, perf_counter() - begun)
            package = answer.find(0xBF51, 0x30)
            if eid in waiting:
                assert package is not None
                assert (package.get(0x5A).value, package.get(0x82).value) == (eid, waiting[eid])
            else:
                assert answer.raw == package_error(NO_PACKAGE)
        seen.observed(f"the slowest answer took {slowest:.3f} s")
        assert slowest < BUDGET_S
