"""The emergency profile: enabled for an emergency call, and nothing else is done meanwhile. SGP.32 v1.2 §5.9.22, §5.9.23."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info, set_fallback

OK, NOT_IN_DISABLED_STATE, NOT_IN_ENABLED_STATE, NOT_AVAILABLE = 0, 2, 2, 8
ECALL_ACTIVE = 104
OPERATIONAL_PROFILES = 0
"""The bit of eUICCMemoryReset."""
IN_USE, EMERGENCY = "operational-a", "emergency"
READY = State(eims=1, profiles=("operational-a", "emergency"), enabled="operational-a")


def call(euicc: EuiccUnderTest, step: CaseSteps, *, refresh: bool = True) -> None:
    """An emergency call begins, as a precondition; where the card asks for a `refresh`, it is reset in the course of it."""
    with step("EnableEmergencyProfile", precondition=True) as seen:
        code = euicc.enable_emergency_profile(refresh)
        seen.observed(code)
        assert code == OK
        assert euicc.enabled_profile == EMERGENCY


@case(
    "FB-012",
    clause="SGP.32 v1.2 §5.9.20",
    confidence="likely",
    area="fallback",
    needs=READY,
    requires=("fallback", "ecall"),
    catches="falls-back-during-emergency-call",
)
def test_no_fallback(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """During an emergency call there is no fallback: ecallActive."""
    with step("setFallbackAttribute on A", precondition=True):
        answer = euicc.load_package(eim.package(set_fallback(profiles[IN_USE].iccid)))
        assert answer.result("setFallbackAttributeResult") == OK
    call(euicc, step)
    with step("ExecuteFallbackMechanism", expect="ecallActive(104), still in the emergency") as seen:
        code = euicc.execute_fallback()
        seen.observed(code)
        assert code == ECALL_ACTIVE
        assert euicc.enabled_profile == EMERGENCY


@case(
    "FB-023",
    clause="SGP.32 v1.2 §5.9.22",
    area="fallback",
    needs=READY,
    requires=("ecall",),
    catches=("says-emergency-but-does-not", "notifies-of-emergency"),
)
def test_enable(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """The emergency profile takes the place of the enabled one, and nobody is told."""
    with step("EnableEmergencyProfile", expect="ok(0)") as seen:
        code = euicc.enable_emergency_profile()
        seen.observed(code)
        assert code == OK
    with step("GetProfilesInfo", expect="the profile with 9F7B is enabled, and it alone"):
        enabled = [info for info in euicc.get_profiles_info() if info.is_enabled]
        assert [info.ecall_indication for info in enabled] == [True]
        assert euicc.enabled_profile == EMERGENCY
    with step("ListNotification", expect="nothing of it", confidence="likely") as seen:
        listed = euicc.list_notifications()
        seen.observed(f"{len(listed)} notifications")
        assert listed == ()


@case(
    "FB-024",
    clause="SGP.32 v1.2 §5.9.22",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    requires=("ecall",),
    catches="calls-missing-emergency-profile-undefined-error",
)
def test_enable_without_profile(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Where no profile is for emergency calls, none can be enabled: ecallNotAvailable."""
    with step("EnableEmergencyProfile", expect="ecallNotAvailable(8), A is still enabled") as seen:
        code = euicc.enable_emergency_profile()
        seen.observed(code)
        assert code == NOT_AVAILABLE
        assert euicc.enabled_profile == IN_USE


@case(
    "FB-025",
    clause="SGP.32 v1.2 §5.9.22",
    area="fallback",
    needs=READY,
    requires=("ecall",),
    catches="enables-emergency-profile-twice",
)
def test_enable_twice(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An emergency profile that is enabled cannot be enabled: profileNotInDisabledState."""
    call(euicc, step)
    with step("EnableEmergencyProfile again", expect="profileNotInDisabledState(2)") as seen:
        code = euicc.enable_emergency_profile()
        seen.observed(code)
        assert code == NOT_IN_DISABLED_STATE
        assert euicc.enabled_profile == EMERGENCY


@case(
    "FB-026",
    clause="SGP.32 v1.2 §5.9.1, §5.9.5",
    confidence="likely",
    area="fallback",
    needs=READY,
    requires=("ecall",),
    effects=("removes-profile",),
    catches=("takes-packages-during-emergency-call", "resets-memory-during-emergency-call"),
)
def test_everything_else_waits(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """During an emergency call a package, signed, and a memory reset are ecallActive, and change nothing."""
    call(euicc, step)
    with step("LoadEuiccPackage", expect="euiccPackageErrorSigned, ecallActive(104)") as seen:
        answer = euicc.load_package(eim.package(list_profile_info()))
        seen.observed(answer.raw)
        assert answer.kind == "error-signed"
        assert answer.error_code == ECALL_ACTIVE
        assert answer.signature_is_valid(euicc.certificate, token_of(eim))
    with step("eUICCMemoryReset of operational profiles", expect="ecallActive(104), all profiles left") as seen:
        reset = euicc.memory_reset(OPERATIONAL_PROFILES)
        seen.observed(reset.raw)
        assert reset.reset == ECALL_ACTIVE
        assert euicc.find_profile(IN_USE) is not None
        assert euicc.enabled_profile == EMERGENCY
    with step("DisableEmergencyProfile, and the next package", expect="a result") as seen:
        assert euicc.disable_emergency_profile() == OK
        answer = euicc.load_package(eim.package(list_profile_info()))
        seen.observed(answer.raw)
        assert answer.is_result


@case(
    "FB-027",
    clause="SGP.32 v1.2 §5.9.22",
    confidence="likely",
    area="fallback",
    needs=READY,
    requires=("ecall",),
    catches=("forgets-emergency-at-reset", "forgets-profile-before-the-emergency"),
)
def test_reset(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An emergency outlives a reset, and so does the way back from it."""
    call(euicc, step, refresh=False)
    with step("reset, GetProfilesInfo", expect="the emergency profile is enabled"):
        euicc.reset()
        assert euicc.enabled_profile == EMERGENCY
    with step("LoadEuiccPackage", expect="ecallActive(104)") as seen:
        answer = euicc.load_package(eim.package(list_profile_info()))
        seen.observed(answer.raw)
        assert answer.error_code == ECALL_ACTIVE
    with step("DisableEmergencyProfile", expect="ok(0), A is enabled again") as seen:
        code = euicc.disable_emergency_profile()
        seen.observed(code)
        assert code == OK
        assert euicc.enabled_profile == IN_USE


@case(
    "FB-028",
    clause="SGP.32 v1.2 §5.9.23",
    area="fallback",
    needs=READY,
    requires=("ecall",),
    catches=("stays-in-emergency", "ends-emergency-that-is-none"),
)
def test_disable(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """The end of an emergency enables the former profile again; without one there is nothing to end."""
    with step("DisableEmergencyProfile without an emergency", expect="profileNotInEnabledState(2)") as seen:
        code = euicc.disable_emergency_profile()
        seen.observed(code)
        assert code == NOT_IN_ENABLED_STATE
        assert euicc.enabled_profile == IN_USE
    call(euicc, step)
    with step("DisableEmergencyProfile", expect="ok(0), A is enabled again") as seen:
        code = euicc.disable_emergency_profile()
        seen.observed(code)
        assert code == OK
        assert euicc.enabled_profile == IN_USE
    with step("ListNotification", expect="nothing of it", confidence="likely") as seen:
        listed = euicc.list_notifications()
        seen.observed(f"{len(listed)} notifications")
        assert listed == ()
