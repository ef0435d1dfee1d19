"""ProfileRollback: the IPA undoes an enable that its eIM let it undo, once. SGP.32 v1.2 §3.3.2 and §5.9.16."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable, list_profile_info
from harness.roles.es10.packages import PackageAnswer

OK, NOT_ALLOWED = 0, 1
OLD, NEW = "operational-a", "operational-b"
ENABLED = State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a")


def granted(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> PackageAnswer:
    """The new profile is enabled with rollbackFlag, as a precondition; the result of that."""
    with step("LoadEuiccPackage: enable B with rollbackFlag", precondition=True) as seen:
        answer = euicc.load_package(eim.package(enable(profiles[NEW].iccid, rollback=True)))
        seen.observed(answer.raw)
        assert answer.result("enableResult") == OK
        assert euicc.enabled_profile == NEW
    return answer


@case(
    "FB-019",
    clause="SGP.32 v1.2 §3.3.2",
    area="fallback",
    needs=ENABLED,
    catches=("says-rolled-back-but-does-not", "keeps-result-of-what-was-rolled-back"),
)
def test_rollback(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """A granted rollback enables the former profile; its result replaces that of the package that granted it."""
    package = granted(euicc, eim, profiles, step)
    with step("ProfileRollback", expect="ok(0), A is enabled") as seen:
        rolled_back = euicc.profile_rollback()
        seen.observed(rolled_back.raw)
        assert rolled_back.cmd_result == OK
        assert euicc.enabled_profile == OLD
        assert rolled_back.package_answer is not None
    result = rolled_back.package_answer or package
    with step("look at the result inside", expect="rollbackResult ok(0) for the same transaction, signed") as seen:
        seen.observed(result.results)
        assert result.results == (("rollbackResult", OK),)
        assert result.transaction_id == package.transaction_id
        assert result.signature_is_valid(euicc.certificate, token_of(eim))
    with step("RetrieveNotificationsList", expect="the result of the rollback alone", confidence="likely") as seen:
        stored = euicc.retrieve_notifications(results=True).results
        seen.observed([one.results for one in stored])
        assert [one.sequence_number for one in stored] == [result.sequence_number]


@case(
    "FB-020",
    clause="SGP.32 v1.2 §5.9.16",
    area="fallback",
    needs=ENABLED,
    catches="calls-rollback-without-leave-a-command-error",
)
def test_rollback_without_leave(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """An enable without rollbackFlag cannot be undone by the IPA: rollbackNotAllowed."""
    with step("enable B", precondition=True):
        assert euicc.load_package(eim.package(enable(profiles[NEW].iccid))).result("enableResult") == OK
    with step("ProfileRollback", expect="rollbackNotAllowed(1), no result, B is still enabled") as seen:
        rolled_back = euicc.profile_rollback()
        seen.observed(rolled_back.raw)
        assert rolled_back.cmd_result == NOT_ALLOWED
        assert rolled_back.package_answer is None
        assert euicc.enabled_profile == NEW


@case(
    "FB-021",
    clause="SGP.32 v1.2 §3.3.2",
    confidence="likely",
    area="fallback",
    needs=ENABLED,
    catches="keeps-leave-to-roll-back-over-packages",
)
def test_rollback_after_another_package(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """The next package that the card takes ends the leave to roll back."""
    granted(euicc, eim, profiles, step)
    with step("another package is taken", precondition=True):
        assert euicc.load_package(eim.package(list_profile_info())).is_result
    with step("ProfileRollback", expect="rollbackNotAllowed(1), B is still enabled") as seen:
        rolled_back = euicc.profile_rollback()
        seen.observed(rolled_back.raw)
        assert rolled_back.cmd_result == NOT_ALLOWED
        assert euicc.enabled_profile == NEW


@case(
    "FB-022",
    clause="SGP.32 v1.2 §3.3.2",
    confidence="likely",
    area="fallback",
    needs=ENABLED,
    catches="rolls-back-again-and-again",
)
def test_rollback_twice(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A leave to roll back is good for one rollback."""
    granted(euicc, eim, profiles, step)
    for expect, code in (("ok(0)", OK), ("rollbackNotAllowed(1)", NOT_ALLOWED)):
        with step("ProfileRollback", expect=f"{expect}, A is enabled") as seen:
            rolled_back = euicc.profile_rollback()
            seen.observed(rolled_back.raw)
            assert rolled_back.cmd_result == code
            assert euicc.enabled_profile == OLD
