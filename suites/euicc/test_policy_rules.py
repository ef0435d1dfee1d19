"""Profile policy rules that stand against a package. SGP.32 v1.2 §5.13.1 and §5.13.3."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import code_for
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete, enable

DISALLOWED_BY_POLICY = 3


@case(
    "EU-039",
    clause="SGP.32 v1.2 §5.13.1, SGP.22 §5.7.16",
    area="euicc",
    needs=State(eims=1, profiles=("operational-locked", "operational-a"), enabled="operational-locked"),
    requires=("ppr",),
    effects=("strands-device",),
    catches="ignores-ppr1-of-profile-to-be-replaced",
)
def test_enable_beside_ppr1(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Where the enabled profile must not be disabled (PPR1), no other is enabled: disallowedByPolicy."""
    package = eim.package(enable(profiles["operational-a"].iccid))
    with step("LoadEuiccPackage: enable another profile", expect="disallowedByPolicy(3), nothing changes") as seen:
        answer = euicc.load_package(package)
        seen.observed(answer.raw)
        assert answer.result("enableResult") == code_for(euicc, "enableResult", DISALLOWED_BY_POLICY)
        assert euicc.enabled_profile == "operational-locked"


@case(
    "EU-045",
    clause="SGP.32 v1.2 §5.13.3",
    area="euicc",
    needs=State(eims=1, profiles=("operational-kept",)),
    requires=("ppr",),
    effects=("removes-profile",),
    catches="ignores-ppr2",
)
def test_delete_with_ppr2(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A profile whose policy rules forbid deletion (PPR2) stays: disallowedByPolicy."""
    with step("LoadEuiccPackage: delete", expect="disallowedByPolicy(3), still installed") as seen:
        answer = euicc.load_package(eim.package(delete(profiles["operational-kept"].iccid)))
        seen.observed(answer.raw)
        assert answer.result("deleteResult") == code_for(euicc, "deleteResult", DISALLOWED_BY_POLICY)
        assert euicc.find_profile("operational-kept") is not None
