"""What a card says of its optional features, and what it does about them. SGP.32 v1.2 §5.9.2, §5.9.20 and §5.9.22."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import decode, encode
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import set_fallback

OK, FALLBACK_NOT_AVAILABLE, ECALL_NOT_AVAILABLE = 0, 6, 8


@case(
    "EU-010",
    clause="SGP.32 v1.2 §5.9.2, §5.9.20, §5.9.22",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-b"),
    requires=("since-1.2",),
    catches=("hides-that-fallback-works", "declares-fallback-that-fails", "knows-ecall-without-declaring-it"),
)
def test_flags_tell_the_truth(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A fallback works exactly on a card that declares it; where ecall is not declared there is none."""
    with step("GetEUICCInfo2", precondition=True) as seen:
        info = euicc.get_euicc_info2()
        seen.observed(f"fallbackSupported {info.fallback_supported}, ecallSupported {info.ecall_supported}")
    if not info.ecall_supported:
        with step("EnableEmergencyProfile", expect="ecallNotAvailable(8)") as seen:
            answer = euicc.call(encode("EnableEmergencyProfileRequest", {"refreshFlag": True}))
            code = decode("EnableEmergencyProfileResponse", answer)["enableEmergencyProfileResult"]
            seen.observed(code)
            assert code == ECALL_NOT_AVAILABLE
    with step("LoadEuiccPackage: setFallbackAttribute for A", precondition=True) as seen:
        seen.observed(euicc.load_package(eim.package(set_fallback(profiles["operational-a"].iccid))).raw)
    expected = OK if info.fallback_supported else FALLBACK_NOT_AVAILABLE
    with step("ExecuteFallbackMechanism", expect=f"{expected}, as declared") as seen:
        answer = euicc.call(encode("ExecuteFallbackMechanismRequest", {"refreshFlag": True}))
        code = decode("ExecuteFallbackMechanismResponse", answer)["executeFallbackMechanismResult"]
        seen.observed(code)
        assert code == expected
