"""Profiles that the card has to return to are not deleted. SGP.32 v1.2 §3.3.2, §5.9.20 and §5.13.3."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import decode, encode
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import code_for
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete, enable, set_fallback

OK, ROLLBACK_NOT_AVAILABLE, RETURN_FALLBACK_PROFILE = 0, 20, 21
BOTH = ("operational-a", "operational-b")


@case(
    "EU-046",
    clause="SGP.32 v1.2 §5.13.3",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=BOTH, enabled="operational-b"),
    requires=("fallback",),
    effects=("removes-profile",),
    catches="deletes-profile-to-return-to",
)
def test_profile_before_the_fallback(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """While the fallback profile is enabled, the one that it replaced is kept: returnFallbackProfile."""
    with step("A becomes the fallback profile and is enabled as such", precondition=True) as seen:
        answer = euicc.load_package(eim.package(set_fallback(profiles["operational-a"].iccid)))
        seen.observed(answer.raw)
        assert answer.result("setFallbackAttributeResult") == OK
        executed = euicc.call(encode("ExecuteFallbackMechanismRequest", {"refreshFlag": True}))
        assert decode("ExecuteFallbackMechanismResponse", executed)["executeFallbackMechanismResult"] == OK
        assert euicc.enabled_profile == "operational-a"
    with step("LoadEuiccPackage: delete B", expect="returnFallbackProfile(21), still installed") as seen:
        answer = euicc.load_package(eim.package(delete(profiles["operational-b"].iccid)))
        seen.observed(answer.raw)
        assert answer.result("deleteResult") == RETURN_FALLBACK_PROFILE
        assert euicc.find_profile("operational-b") is not None


@case(
    "EU-047",
    clause="SGP.32 v1.2 §3.3.2, §5.13.3",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=BOTH, enabled="operational-a"),
    effects=("removes-profile",),
    catches="deletes-rollback-target",
)
def test_profile_to_roll_back_to(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A package that lets the IPA roll back to a profile cannot delete that profile: rollbackNotAvailable."""
    package = eim.package(
        enable(profiles["operational-b"].iccid, rollback=True), delete(profiles["operational-a"].iccid)
    )
    with step(
        "LoadEuiccPackage: enable B with rollbackFlag, delete A", expect="ok(0), rollbackNotAvailable(20)"
    ) as seen:
        answer = euicc.load_package(package)
        seen.observed(answer.raw)
        refused = code_for(euicc, "deleteResult", ROLLBACK_NOT_AVAILABLE)
        assert answer.results == (("enableResult", OK), ("deleteResult", refused))
    with step("ProfileRollback", expect="ok(0), A is enabled again") as seen:
        rolled_back = euicc.profile_rollback()
        seen.observed(rolled_back.raw)
        assert rolled_back.cmd_result == OK
        assert euicc.enabled_profile == "operational-a"
