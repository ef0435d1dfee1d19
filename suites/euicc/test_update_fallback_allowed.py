"""An operator allows and forbids the fallback over the air: fallbackAllowed of ES6.UpdateMetadata, new in SGP.32 v1.3."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.operator import Operator
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import set_fallback

TERMINAL_LINKS = ("memory", "pcsc")
OK, FALLBACK_NOT_ALLOWED = 0, 2


@case(
    "EU-112",
    clause="SGP.32 v1.3, clause unknown",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-b",), enabled="operational-b"),
    requires=("since-1.2",),
    links=TERMINAL_LINKS,
    catches="updates-fallback-allowed-undeclared",
)
def test_only_where_declared(euicc: EuiccUnderTest, operator: Operator, step: CaseSteps) -> None:
    """fallbackAllowed is updated exactly by a card that declares fallbackAllowedUpdateSupported.

    How the others refuse it is not known: they may pass it over, or refuse the whole request.
    """
    with step("GetEUICCInfo2; UpdateMetadata with another name", precondition=True) as seen:
        declared = euicc.get_euicc_info2().fallback_allowed_update_supported
        receipt = operator.update("operational-b", {"profileName": "Renamed"})
        seen.observed(f"fallbackAllowedUpdateSupported: {declared}; {receipt}")
        assert euicc.profile("operational-b").name == "Renamed"
    with step("UpdateMetadata with fallbackAllowed TRUE", expect="TRUE where declared, else FALSE as before") as seen:
        receipt, found = operator.update("operational-b", {"fallbackAllowed": True}), euicc.profile("operational-b")
        seen.observed(f"{receipt}; {found.raw.hex().upper()}")
        assert bool(found.fallback_allowed) is declared


@case(
    "EU-134",
    clause="SGP.32 v1.3, clause unknown",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-b"),
    requires=("fallback-allowed-update", "fallback"),
    links=TERMINAL_LINKS,
    catches=("ignores-update-of-fallback-allowed", "updates-fallback-allowed-to-false"),
)
def test_what_it_allows(
    euicc: EuiccUnderTest, eim: Eim, operator: Operator, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """An operator allows its profile to become the fallback profile, and takes that back."""
    iccid = profiles["operational-b"].iccid
    with step("setFallbackAttribute for B", expect="fallbackNotAllowed(2)", precondition=True) as seen:
        answer = euicc.load_package(eim.package(set_fallback(iccid)))
        seen.observed(answer.raw)
        assert answer.result("setFallbackAttributeResult") == FALLBACK_NOT_ALLOWED
    for allowed, code in ((False, FALLBACK_NOT_ALLOWED), (True, OK)):
        with step(f"UpdateMetadata with fallbackAllowed {allowed}, setFallbackAttribute", expect=f"{code}") as seen:
            receipt = operator.update("operational-b", {"fallbackAllowed": allowed})
            answer = euicc.load_package(eim.package(set_fallback(iccid)))
            seen.observed(f"{receipt}; {answer.raw.hex().upper()}")
            assert answer.result("setFallbackAttributeResult") == code
