"""refreshFlag: whether a change of profiles by the IPA is followed by a REFRESH. SGP.32 v1.2 §5.9.15 to §5.9.23.

Some cards ask for no REFRESH and refuse ES10 until they are reset instead: that counts as one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.watching import TerminalWatch
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import configure_immediate_enable, enable, set_fallback
from harness.roles.es10.download import InstallationAnswer

OK = 0
A, B = "operational-a", "operational-b"


def judge(
    euicc: EuiccUnderTest, step: CaseSteps, name: str, change: Callable[[bool], int], flag: bool, becomes: str
) -> None:
    """One change of profiles with this refreshFlag, and what the card asks of the terminal for it."""
    expect = f"ok(0), {becomes} is enabled, {'a' if flag else 'no'} REFRESH"
    with step(f"{name} with refreshFlag {str(flag).upper()}", expect=expect) as seen:
        watch = TerminalWatch(euicc)
        code = change(flag)
        enabled = euicc.enabled_profile
        seen.observed(f"{code}, {watch}")
        assert code == OK
        assert enabled == becomes
        assert watch.wanted_a_reset is flag


@case(
    "FB-030",
    clause="SGP.32 v1.2 §5.9.16",
    confidence="likely",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a"),
    links=("memory", "pcsc"),
    catches=("refreshes-unasked-after-rollback", "never-refreshes-after-rollback"),
)
def test_rollback(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """ProfileRollback is followed by a REFRESH where its refreshFlag says so, and only there."""
    for flag in (False, True):
        with step("enable B with rollbackFlag", precondition=True):
            answer = euicc.load_package(eim.package(enable(profiles[B].iccid, rollback=True)))
            assert answer.result("enableResult") == OK
            assert euicc.enabled_profile == B
        judge(euicc, step, "ProfileRollback", lambda flag: euicc.profile_rollback(flag).cmd_result, flag, A)


@case(
    "FB-031",
    clause="SGP.32 v1.2 §5.9.20, §5.9.21",
    confidence="likely",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-b"),
    requires=("fallback",),
    links=("memory", "pcsc"),
    catches=("refreshes-unasked-after-fallback", "never-refreshes-after-return-from-fallback"),
)
def test_fallback(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """Fallback and return are followed by a REFRESH where their refreshFlag says so, and only there."""
    with step("setFallbackAttribute on A", precondition=True):
        answer = euicc.load_package(eim.package(set_fallback(profiles[A].iccid)))
        assert answer.result("setFallbackAttributeResult") == OK
    for flag in (False, True):
        judge(euicc, step, "ExecuteFallbackMechanism", euicc.execute_fallback, flag, A)
        judge(euicc, step, "ReturnFromFallback", euicc.return_from_fallback, flag, B)


@case(
    "FB-032",
    clause="SGP.32 v1.2 §5.9.22, §5.9.23",
    confidence="likely",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a", "emergency"), enabled="operational-a"),
    requires=("ecall",),
    links=("memory", "pcsc"),
    catches=("refreshes-unasked-in-emergency", "never-refreshes-after-emergency"),
)
def test_emergency(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Beginning and end of an emergency are followed by a REFRESH where their refreshFlag says so, and only there."""
    for flag in (False, True):
        judge(euicc, step, "EnableEmergencyProfile", euicc.enable_emergency_profile, flag, "emergency")
        judge(euicc, step, "DisableEmergencyProfile", euicc.disable_emergency_profile, flag, A)


@case(
    "FB-033",
    clause="SGP.32 v1.2 §5.9.15",
    confidence="likely",
    area="fallback",
    needs=State(eims=1),
    requires=("since-1.2", "immediate-enable"),
    links=("memory", "pcsc"),
    catches=("refreshes-unasked-after-immediate-enable", "never-refreshes-after-immediate-enable"),
)
def test_immediate_enable(
    euicc: EuiccUnderTest, eim: Eim, download: Callable[[str], InstallationAnswer], step: CaseSteps
) -> None:
    """ImmediateEnable is followed by a REFRESH where its refreshFlag says so, and only there."""
    with step("LoadEuiccPackage: configureImmediateEnable", precondition=True):
        answer = euicc.load_package(eim.package(configure_immediate_enable()))
        assert answer.result("configureImmediateEnableResult") == OK
    for flag, name in ((False, A), (True, B)):
        with step(f"install {name}", precondition=True):
            assert download(name).is_success
        judge(euicc, step, "ImmediateEnable", euicc.immediate_enable, flag, name)
