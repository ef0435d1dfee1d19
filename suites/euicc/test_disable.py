"""Disabling a profile by a signed package. SGP.32 v1.2 §3.4.2 and §5.13.2."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import code_for
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import disable

UNKNOWN_ICCID = "89999999999999999992"
OK, NOT_FOUND, NOT_IN_ENABLED_STATE, DISALLOWED_BY_POLICY = 0, 1, 2, 3


@case(
    "EU-042",
    clause="SGP.32 v1.2 §5.13.2",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    effects=("strands-device",),
    catches=("says-disabled-but-does-not", "disables-what-is-disabled"),
)
def test_disable(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """Disable answers ok for the enabled profile, profileNotInEnabledState again, iccidOrAidNotFound when unknown."""
    iccid = profiles["operational-a"].iccid
    with step("LoadEuiccPackage: disable the enabled profile", expect="disableResult ok(0), disabled") as seen:
        answer = euicc.load_package(eim.package(disable(iccid)))
        seen.observed(answer.raw)
        assert answer.results == (("disableResult", OK),)
        assert euicc.enabled_profile is None
    with step("disable it again", expect="profileNotInEnabledState(2)") as seen:
        answer = euicc.load_package(eim.package(disable(iccid)))
        seen.observed(answer.raw)
        assert answer.result("disableResult") == NOT_IN_ENABLED_STATE
    with step("disable an unknown ICCID", expect="iccidOrAidNotFound(1)") as seen:
        answer = euicc.load_package(eim.package(disable(UNKNOWN_ICCID)))
        seen.observed(answer.raw)
        assert answer.result("disableResult") == NOT_FOUND


@case(
    "EU-043",
    clause="SGP.32 v1.2 §5.13.2",
    area="euicc",
    needs=State(eims=1, profiles=("operational-locked",), enabled="operational-locked"),
    requires=("ppr",),
    effects=("strands-device",),
    catches="ignores-ppr1",
)
def test_disable_with_ppr1(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A profile whose policy rules forbid disabling (PPR1) stays enabled: disallowedByPolicy."""
    package = eim.package(disable(profiles["operational-locked"].iccid))
    with step("LoadEuiccPackage: disable", expect="disallowedByPolicy(3), still enabled") as seen:
        answer = euicc.load_package(package)
        seen.observed(answer.raw)
        assert answer.result("disableResult") == code_for(euicc, "disableResult", DISALLOWED_BY_POLICY)
        assert euicc.enabled_profile == "operational-locked"
