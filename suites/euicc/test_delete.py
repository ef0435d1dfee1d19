"""Deleting a profile by a signed package. SGP.32 v1.2 §3.4.3 and §5.13.3."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete

UNKNOWN_ICCID = "89999999999999999992"
OK, NOT_FOUND, NOT_IN_DISABLED_STATE = 0, 1, 2


@case(
    "EU-044",
    clause="SGP.32 v1.2 §5.13.3",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a"),
    effects=("removes-profile",),
    catches=("deletes-enabled-profile", "says-deleted-but-does-not"),
)
def test_delete(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """Delete takes a disabled profile away, refuses the enabled one, and does not know what is not there."""
    with step("LoadEuiccPackage: delete the enabled profile", expect="profileNotInDisabledState(2)") as seen:
        answer = euicc.load_package(eim.package(delete(profiles["operational-a"].iccid)))
        seen.observed(answer.raw)
        assert answer.result("deleteResult") == NOT_IN_DISABLED_STATE
        assert euicc.enabled_profile == "operational-a"
    with step("delete the disabled profile", expect="deleteResult ok(0), no longer listed") as seen:
        answer = euicc.load_package(eim.package(delete(profiles["operational-b"].iccid)))
        seen.observed(answer.raw)
        assert answer.results == (("deleteResult", OK),)
        assert euicc.find_profile("operational-b") is None
    with step("delete an unknown ICCID", expect="iccidOrAidNotFound(1)") as seen:
        answer = euicc.load_package(eim.package(delete(UNKNOWN_ICCID)))
        seen.observed(answer.raw)
        assert answer.result("deleteResult") == NOT_FOUND
