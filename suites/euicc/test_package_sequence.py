"""Several commands in one package: in order, up to the first that fails, at most one enable. SGP.32 v1.2 §3.3.1, §3.4."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete, disable, enable, list_profile_info

OK, NOT_FOUND = 0, 1
UNKNOWN_ICCID = "89999999999999999992"
BOTH = ("operational-a", "operational-b")


@case(
    "EU-053",
    clause="SGP.32 v1.2 §3.4.1",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=BOTH),
    catches="enables-twice-in-one-package",
)
def test_two_enables(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """Of two enables in one package the second is refused and ends it."""
    a, b = (profiles[name].iccid for name in BOTH)
    with step("LoadEuiccPackage: enable A, enable B, disable A", expect="ok(0), a refusal, nothing more") as seen:
        answer = euicc.load_package(eim.package(enable(a), enable(b), disable(a)))
        seen.observed(answer.results)
        assert [name for name, _ in answer.results] == ["enableResult", "enableResult"]
        assert answer.results[0][1] == OK
        assert answer.results[1][1] != OK
    with step("read the profiles", expect="A is enabled"):
        assert euicc.enabled_profile == "operational-a"


@case(
    "EU-054",
    clause="SGP.32 v1.2 §3.4",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=BOTH, enabled="operational-a"),
    catches=("refuses-enable-behind-disable", "refreshes-for-each-command"),
)
def test_disable_then_enable(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A disable and an enable in one package both succeed, and the terminal is told once."""
    a, b = (profiles[name].iccid for name in BOTH)
    before = len(euicc.terminal.refreshes) if euicc.is_terminal else 0
    with step("LoadEuiccPackage: disable A, enable B", expect="ok(0), ok(0)") as seen:
        answer = euicc.load_package(eim.package(disable(a), enable(b)))
        seen.observed(answer.results)
        assert answer.results == (("disableResult", OK), ("enableResult", OK))
    with step("read the profiles", expect="B is enabled"):
        assert euicc.enabled_profile == "operational-b"
    if euicc.is_terminal:
        with step("look at what the card asked of the terminal", expect="one REFRESH at most") as seen:
            modes = [f"{refresh.mode:02X}" for refresh in euicc.terminal.refreshes[before:]]
            seen.observed(" ".join(modes) or "no REFRESH")
            assert len(modes) <= 1


@case(
    "EU-055",
    clause="SGP.32 v1.2 §3.4.2",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=BOTH, enabled="operational-a"),
    effects=("strands-device",),
    catches="disables-behind-enable-in-one-package",
)
def test_enable_then_disable(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A disable behind an enable in one package is refused; the enable stands."""
    b = profiles["operational-b"].iccid
    with step("LoadEuiccPackage: enable B, disable B", expect="ok(0), a refusal") as seen:
        answer = euicc.load_package(eim.package(enable(b), disable(b)))
        seen.observed(answer.results)
        assert [name for name, _ in answer.results] == ["enableResult", "disableResult"]
        assert answer.results[0][1] == OK
        assert answer.results[1][1] != OK
    with step("read the profiles", expect="B is enabled"):
        assert euicc.enabled_profile == "operational-b"


@case(
    "EU-056",
    clause="SGP.32 v1.2 §3.3.1",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=BOTH),
    effects=("removes-profile",),
    catches="goes-on-behind-a-failed-command",
)
def test_first_failure_ends_the_package(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Results reach up to the first command that fails; what stands behind it is not executed."""
    b = profiles["operational-b"].iccid
    with step("LoadEuiccPackage: list, delete an unknown ICCID, delete B", expect="two results") as seen:
        answer = euicc.load_package(eim.package(list_profile_info(), delete(UNKNOWN_ICCID), delete(b)))
        seen.observed([name for name, _ in answer.results])
        assert [name for name, _ in answer.results] == ["listProfileInfoResult", "deleteResult"]
        assert answer.result("deleteResult") == NOT_FOUND
    with step("read the profiles", expect="B is still installed"):
        assert euicc.find_profile("operational-b") is not None
