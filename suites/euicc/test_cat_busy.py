"""A profile changes its state between proactive sessions, never during one. SGP.32 v1.2 §5.13.1, §5.13.2, §5.9.5, §5.9.15."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.codec import encode
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import code_for
from harness.conformance.ours.busy import CAT_BUSY, OK, WAITS, Change, opened_by
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import Command, configure_immediate_enable, disable, enable
from harness.roles.es10 import Es10
from harness.roles.es10.download import InstallationAnswer
from harness.roles.es10.reading import decoded

A, B = "operational-a", "operational-b"
BOTH = State(eims=1, profiles=("operational-a", "operational-b"))
DELETE_OPERATIONAL = 0


def by_package(eim: Eim, name: str, command: Command, result: str) -> Change:
    """A change that an eIM makes, each time by a new package."""
    return Change(name, lambda es10: int(es10.load_package(eim.package(command)).result(result)))


def judge(euicc: EuiccUnderTest, step: CaseSteps, opens: Change, waits: Change, result: str) -> int:
    """One change opens a session, the other has to wait for its end; what that one came to."""
    session = opened_by(opens, euicc, step)
    with step(waits.name, expect=WAITS) as seen:
        answer = session.tried(waits)
        seen.observed(answer)
        assert session.makes_wait(answer, code_for(euicc, result, CAT_BUSY))
    return answer


@case(
    "EU-040",
    clause="SGP.32 v1.2 §5.13.1",
    confidence="likely",
    area="euicc",
    needs=BOTH,
    links=("memory", "pcsc"),
    catches="changes-profiles-during-a-proactive-session",
)
def test_enable_during_a_proactive_session(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """As long as the terminal owes an answer to a proactive command an enable is catBusy; later it works."""
    opens, waits = (by_package(eim, f"enable {name}", enable(profiles[name].iccid), "enableResult") for name in (A, B))
    judge(euicc, step, opens, waits, "enableResult")
    with step("reset, and enable B by a new package", expect="B is enabled, unless it was") as seen:
        euicc.reset()
        if euicc.enabled_profile != B:
            seen.observed(waits.make(euicc))
        assert euicc.enabled_profile == B


@case(
    "EU-129",
    clause="SGP.32 v1.2 §5.13.2",
    confidence="likely",
    area="euicc",
    needs=BOTH,
    links=("memory", "pcsc"),
    effects=("strands-device",),
    catches="disables-during-a-proactive-session",
)
def test_disable_during_a_proactive_session(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """As long as the terminal owes an answer to a proactive command a disable is catBusy; later it works."""
    opens = by_package(eim, "enable A", enable(profiles[A].iccid), "enableResult")
    waits = by_package(eim, "disable A", disable(profiles[A].iccid), "disableResult")
    judge(euicc, step, opens, waits, "disableResult")
    with step("reset, and disable A by a new package", expect="no profile is enabled") as seen:
        euicc.reset()
        if euicc.enabled_profile is not None:
            seen.observed(waits.make(euicc))
        assert euicc.enabled_profile is None


@case(
    "EU-130",
    clause="SGP.32 v1.2 §5.9.15",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    requires=("since-1.2", "immediate-enable"),
    links=("memory", "pcsc"),
    catches="enables-at-once-during-a-proactive-session",
)
def test_immediate_enable_during_a_proactive_session(
    euicc: EuiccUnderTest,
    eim: Eim,
    profiles: Mapping[str, ProfilePackage],
    download: Callable[[str], InstallationAnswer],
    step: CaseSteps,
) -> None:
    """As long as the terminal owes an answer to a proactive command ImmediateEnable is catBusy, and enables nothing."""
    with step("allow immediate enabling", precondition=True):
        answer = euicc.load_package(eim.package(configure_immediate_enable()))
        assert answer.result("configureImmediateEnableResult") == OK

    def install() -> None:
        assert download(B).is_success

    opens = by_package(eim, "download B, enable A", enable(profiles[A].iccid), "enableResult")
    session = opened_by(opens, euicc, step, before=install)
    with step("ImmediateEnable", expect=WAITS) as seen:
        answered = session.tried(Change("ImmediateEnable", immediate_enable))
        seen.observed(answered)
        assert session.makes_wait(answered)
    becomes = B if answered == OK else A
    with step("reset, and read the profiles", expect=f"{becomes} is enabled, as was told"):
        euicc.reset()
        assert euicc.enabled_profile == becomes


def immediate_enable(es10: Es10) -> int:
    """ImmediateEnable with REFRESH; the result code."""
    answer = es10.call(encode("ImmediateEnableRequest", {"refreshFlag": True}))
    return int(decoded("ImmediateEnableResponse", answer)["immediateEnableResult"])


@case(
    "EU-131",
    clause="SGP.32 v1.2 §5.9.5",
    confidence="likely",
    area="euicc",
    needs=BOTH,
    requires=("since-1.2",),
    links=("memory", "pcsc"),
    effects=("removes-profile", "strands-device"),
    catches="resets-memory-during-a-proactive-session",
)
def test_memory_reset_during_a_proactive_session(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """As long as the terminal owes an answer to a proactive command the enabled profile is not deleted: catBusy."""
    opens = by_package(eim, "enable A", enable(profiles[A].iccid), "enableResult")
    waits = Change("eUICCMemoryReset of operational profiles", lambda es10: es10.memory_reset(DELETE_OPERATIONAL).reset)
    left = set() if judge(euicc, step, opens, waits, "resetResult") == OK else {A, B}
    with step("reset, and read the profiles", expect=f"as was told: {' and '.join(sorted(left)) or 'none'} left"):
        euicc.reset()
        assert {name for name in (A, B) if euicc.find_profile(name) is not None} == left
        assert euicc.enabled_profile == (A if left else None)
