"""Fallback and the way back: what the IPA may do by itself when a profile has no network. SGP.32 v1.2 §5.9.20, §5.9.21."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import asked_for, notification_keys
from harness.conformance.devices.watching import TerminalWatch
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete, enable, set_fallback
from harness.roles.es10.notifications import DISABLE, ENABLE

OK, NOT_IN_DISABLED_STATE, NOT_AVAILABLE, COMMAND_ERROR = 0, 2, 6, 7
ROLLBACK_NOT_ALLOWED, RETURN_FALLBACK_PROFILE = 1, 21
FALLBACK, IN_USE, THIRD = "operational-a", "operational-b", "operational-c"
TWO = State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-b")
THREE = State(eims=1, profiles=("operational-a", "operational-b", "operational-c"), enabled="operational-b")


def mark(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """The fallback profile gets its attribute, as a precondition."""
    with step("setFallbackAttribute on A", precondition=True) as seen:
        answer = euicc.load_package(eim.package(set_fallback(profiles[FALLBACK].iccid)))
        seen.observed(answer.raw)
        assert answer.result("setFallbackAttributeResult") == OK


def fall_back(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """The card is on its fallback profile, as a precondition."""
    mark(euicc, eim, profiles, step)
    with step("ExecuteFallbackMechanism", precondition=True):
        assert euicc.execute_fallback() == OK
        assert euicc.enabled_profile == FALLBACK


@case(
    "FB-008",
    clause="SGP.32 v1.2 §5.9.20",
    area="fallback",
    needs=TWO,
    requires=("fallback",),
    catches=("says-fallen-back-but-does-not", "tells-nobody-of-fallback"),
)
def test_fallback(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """A fallback enables the fallback profile in place of the enabled one; terminal and receivers hear of it."""
    mark(euicc, eim, profiles, step)
    watch = TerminalWatch(euicc) if euicc.is_terminal else None
    with step("ExecuteFallbackMechanism", expect="ok(0); A is enabled, B is not") as seen:
        code = euicc.execute_fallback()
        seen.observed(code)
        assert code == OK
        assert euicc.enabled_profile == FALLBACK
        assert not euicc.profile(IN_USE).is_enabled
    if watch is not None:
        with step("look at what the card asked of the terminal", expect="a REFRESH", confidence="likely") as seen:
            seen.observed(watch)
            assert watch.wanted_a_reset
    with step(
        "look at the notifications", expect="those asked for: A enabled, B disabled", confidence="likely"
    ) as seen:
        listed = notification_keys(euicc.list_notifications())
        seen.observed(sorted(listed))
        assert listed == asked_for(profiles[FALLBACK], ENABLE) | asked_for(profiles[IN_USE], DISABLE)


@case(
    "FB-009",
    clause="SGP.32 v1.2 §5.9.20",
    confidence="likely",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a",)),
    requires=("fallback",),
    catches="falls-back-from-nothing",
)
def test_fallback_from_nothing(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Where no profile is enabled there is nothing to fall back from: commandError."""
    mark(euicc, eim, profiles, step)
    with step("ExecuteFallbackMechanism", expect="commandError(7), nothing is enabled") as seen:
        code = euicc.execute_fallback()
        seen.observed(code)
        assert code == COMMAND_ERROR
        assert euicc.enabled_profile is None


@case(
    "FB-010",
    clause="SGP.32 v1.2 §5.9.20",
    area="fallback",
    needs=TWO,
    requires=("fallback",),
    catches="calls-missing-fallback-profile-command-error",
)
def test_fallback_to_nothing(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Where no profile has the attribute there is no fallback: fallbackNotAvailable."""
    with step("ExecuteFallbackMechanism", expect="fallbackNotAvailable(6), B is still enabled") as seen:
        code = euicc.execute_fallback()
        seen.observed(code)
        assert code == NOT_AVAILABLE
        assert euicc.enabled_profile == IN_USE


@case(
    "FB-011",
    clause="SGP.32 v1.2 §5.9.20",
    area="fallback",
    needs=TWO,
    requires=("fallback",),
    catches="falls-back-to-where-it-is",
)
def test_fallback_profile_is_enabled(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Where the fallback profile is the enabled one there is nothing to do: profileNotInDisabledState."""
    mark(euicc, eim, profiles, step)
    with step("the eIM enables A", precondition=True):
        assert euicc.load_package(eim.package(enable(profiles[FALLBACK].iccid))).result("enableResult") == OK
        assert euicc.enabled_profile == FALLBACK
    with step("ExecuteFallbackMechanism", expect="profileNotInDisabledState(2), A is still enabled") as seen:
        code = euicc.execute_fallback()
        seen.observed(code)
        assert code == NOT_IN_DISABLED_STATE
        assert euicc.enabled_profile == FALLBACK


@case(
    "FB-013",
    clause="SGP.32 v1.2 §5.9.21",
    area="fallback",
    needs=TWO,
    requires=("fallback",),
    catches=("says-returned-but-does-not", "returns-to-no-profile"),
)
def test_return(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """The way back from a fallback leads to the profile that was enabled before it."""
    fall_back(euicc, eim, profiles, step)
    with step("ReturnFromFallback", expect="ok(0); B is enabled, A is not") as seen:
        code = euicc.return_from_fallback()
        seen.observed(code)
        assert code == OK
        assert euicc.enabled_profile == IN_USE
        assert not euicc.profile(FALLBACK).is_enabled
    with step("ReturnFromFallback again", expect="fallbackNotAvailable(6)") as seen:
        code = euicc.return_from_fallback()
        seen.observed(code)
        assert code == NOT_AVAILABLE


@case(
    "FB-014",
    clause="SGP.32 v1.2 §5.9.21",
    area="fallback",
    needs=TWO,
    requires=("fallback",),
    catches="returns-without-fallback",
)
def test_return_without_fallback(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Without a fallback there is no way back from one: fallbackNotAvailable."""
    mark(euicc, eim, profiles, step)
    with step("ReturnFromFallback", expect="fallbackNotAvailable(6), B is still enabled") as seen:
        code = euicc.return_from_fallback()
        seen.observed(code)
        assert code == NOT_AVAILABLE
        assert euicc.enabled_profile == IN_USE


@case(
    "FB-015",
    clause="SGP.32 v1.2 §5.13.1",
    confidence="likely",
    area="fallback",
    needs=THREE,
    requires=("fallback",),
    catches="returns-behind-the-eims-back",
)
def test_eim_enables_during_fallback(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """An enable by the eIM ends a fallback: the IPA cannot return from it any more."""
    fall_back(euicc, eim, profiles, step)
    with step("the eIM enables C", precondition=True):
        assert euicc.load_package(eim.package(enable(profiles[THIRD].iccid))).result("enableResult") == OK
        assert euicc.enabled_profile == THIRD
    with step("ReturnFromFallback", expect="fallbackNotAvailable(6), C is still enabled") as seen:
        code = euicc.return_from_fallback()
        seen.observed(code)
        assert code == NOT_AVAILABLE
        assert euicc.enabled_profile == THIRD


@case(
    "FB-016",
    clause="SGP.32 v1.2 §5.13.3",
    confidence="likely",
    area="fallback",
    needs=THREE,
    requires=("fallback",),
    effects=("removes-profile",),
    catches="names-policy-where-a-return-is-due",
)
def test_delete_during_fallback(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """During a fallback the profile to return to is kept, for that reason; another one can be deleted."""
    fall_back(euicc, eim, profiles, step)
    with step("LoadEuiccPackage: delete B", expect="returnFallbackProfile(21)") as seen:
        answer = euicc.load_package(eim.package(delete(profiles[IN_USE].iccid)))
        seen.observed(answer.raw)
        assert answer.result("deleteResult") == RETURN_FALLBACK_PROFILE
    with step("LoadEuiccPackage: delete C", expect="ok(0), gone") as seen:
        answer = euicc.load_package(eim.package(delete(profiles[THIRD].iccid)))
        seen.observed(answer.raw)
        assert answer.result("deleteResult") == OK
        assert euicc.find_profile(THIRD) is None
    with step("ReturnFromFallback", expect="ok(0), B is enabled") as seen:
        code = euicc.return_from_fallback()
        seen.observed(code)
        assert code == OK
        assert euicc.enabled_profile == IN_USE


@case(
    "FB-017",
    clause="SGP.32 v1.2 §5.9.16, §5.9.20",
    confidence="likely",
    area="fallback",
    needs=THREE,
    requires=("fallback",),
    catches="rolls-back-behind-a-fallback",
)
def test_fallback_ends_rollback(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A fallback takes the IPA's leave to roll back away."""
    mark(euicc, eim, profiles, step)
    with step("enable C with rollbackFlag", precondition=True):
        answer = euicc.load_package(eim.package(enable(profiles[THIRD].iccid, rollback=True)))
        assert answer.result("enableResult") == OK
    with step("ExecuteFallbackMechanism", expect="ok(0), A is enabled") as seen:
        code = euicc.execute_fallback()
        seen.observed(code)
        assert code == OK
        assert euicc.enabled_profile == FALLBACK
    with step("ProfileRollback", expect="rollbackNotAllowed(1), A is still enabled") as seen:
        rolled_back = euicc.profile_rollback()
        seen.observed(rolled_back.raw)
        assert rolled_back.cmd_result == ROLLBACK_NOT_ALLOWED
        assert euicc.enabled_profile == FALLBACK
