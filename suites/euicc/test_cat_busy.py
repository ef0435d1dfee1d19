"""A profile changes its state between proactive sessions, never during one. SGP.32 v1.2 §5.13.1."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.euicc import EuiccUnderTest
from harness.conformance.expectations import code_for
from harness.conformance.stalling import StallingTerminal
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable
from harness.roles.es10 import Es10
from harness.roles.es10.status import CONDITIONS_NOT_SATISFIED, StatusWordFault

OK, CAT_BUSY = 0, 5


@case(
    "EU-040",
    clause="SGP.32 v1.2 §5.13.1",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a", "operational-b")),
    links=("memory", "pcsc"),
    catches="changes-profiles-during-a-proactive-session",
)
def test_enable_during_a_proactive_session(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """As long as the terminal owes an answer to a proactive command an enable is catBusy; later it works.

    Some cards ask for nothing after an enable and refuse ES10 until the reset: on them no session can be held open.
    """
    with step("enable A, and leave the REFRESH unanswered", expect="enableResult ok(0)", precondition=True) as seen:
        euicc.reset()
        terminal = StallingTerminal(euicc.link)
        es10 = Es10(terminal, recover=False, version=euicc.dialect.schema)
        answer = es10.load_package(eim.package(enable(profiles["operational-a"].iccid)))
        seen.observed(terminal.fetched or "the card asks for nothing")
        assert answer.result("enableResult") == OK
    with step("LoadEuiccPackage: enable B", expect="catBusy(5), or 6985 until the reset") as seen:
        try:
            answer = es10.load_package(eim.package(enable(profiles["operational-b"].iccid)))
            seen.observed(answer.raw)
            assert answer.result("enableResult") == code_for(euicc, "enableResult", CAT_BUSY) or not terminal.fetched
        except StatusWordFault as refused:
            seen.observed(f"{refused.sw:04X}")
            if refused.sw != CONDITIONS_NOT_SATISFIED:
                raise
    with step("reset, and enable B by a new package", expect="B is enabled, unless it was") as seen:
        euicc.reset()
        if euicc.enabled_profile != "operational-b":
            answer = euicc.load_package(eim.package(enable(profiles["operational-b"].iccid)))
            seen.observed(answer.raw)
        assert euicc.enabled_profile == "operational-b"
