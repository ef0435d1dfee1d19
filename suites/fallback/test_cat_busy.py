"""The IPA's own changes of profile wait for the end of a proactive session, too. SGP.32 v1.2 §5.9.16 to §5.9.23."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.busy import OK, WAITS, Change, opened_by
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable, set_fallback
from harness.roles.es10 import Es10

A, B = "operational-a", "operational-b"


def judge(euicc: EuiccUnderTest, step: CaseSteps, opens: Change, waits: Change, becomes: str) -> None:
    """One change opens a session, the other has to wait for its end, and works behind a reset."""
    session = opened_by(opens, euicc, step)
    with step(waits.name, expect=WAITS) as seen:
        answer = session.tried(waits)
        seen.observed(answer)
        assert session.makes_wait(answer)
    with step(f"reset, and {waits.name}", expect=f"{becomes} is enabled, unless it was") as seen:
        euicc.reset()
        if euicc.enabled_profile != becomes:
            seen.observed(waits.make(euicc))
        assert euicc.enabled_profile == becomes


@case(
    "FB-034",
    clause="SGP.32 v1.2 §5.9.20, §5.9.21",
    confidence="likely",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-b"),
    requires=("fallback",),
    links=("memory", "pcsc"),
    catches=("falls-back-during-a-proactive-session", "returns-during-a-proactive-session"),
)
def test_fallback(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """During a proactive session neither a fallback nor the return from one is begun: catBusy."""
    with step("setFallbackAttribute on A", precondition=True):
        answer = euicc.load_package(eim.package(set_fallback(profiles[A].iccid)))
        assert answer.result("setFallbackAttributeResult") == OK
    there = Change("ExecuteFallbackMechanism", Es10.execute_fallback)
    back = Change("ReturnFromFallback", Es10.return_from_fallback)
    judge(euicc, step, there, back, B)
    with step("ExecuteFallbackMechanism", precondition=True):
        assert euicc.execute_fallback() == OK
    judge(euicc, step, back, there, A)


@case(
    "FB-035",
    clause="SGP.32 v1.2 §5.9.16",
    confidence="likely",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a"),
    links=("memory", "pcsc"),
    catches="rolls-back-during-a-proactive-session",
)
def test_rollback(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """During a proactive session no rollback is begun: catBusy, and the leave for it stays."""
    package = eim.package(enable(profiles[B].iccid, rollback=True))
    granting = Change("enable B with rollbackFlag", lambda es10: int(es10.load_package(package).result("enableResult")))
    judge(euicc, step, granting, Change("ProfileRollback", lambda es10: es10.profile_rollback().cmd_result), A)


@case(
    "FB-036",
    clause="SGP.32 v1.2 §5.9.22, §5.9.23",
    confidence="likely",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a", "emergency"), enabled="operational-a"),
    requires=("ecall",),
    links=("memory", "pcsc"),
    catches=("begins-emergency-during-a-proactive-session", "ends-emergency-during-a-proactive-session"),
)
def test_emergency(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """During a proactive session an emergency is neither begun nor ended: catBusy."""
    begin = Change("EnableEmergencyProfile", Es10.enable_emergency_profile)
    end = Change("DisableEmergencyProfile", Es10.disable_emergency_profile)
    judge(euicc, step, begin, end, A)
    with step("EnableEmergencyProfile", precondition=True):
        assert euicc.enable_emergency_profile() == OK
    judge(euicc, step, end, begin, "emergency")
