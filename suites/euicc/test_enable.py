"""Enabling a profile by a signed package. SGP.32 v1.2 §3.4.1 and §5.13.1."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import asked_for, code_for, notification_keys
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable

UNKNOWN_ICCID = "89999999999999999992"
OK, NOT_FOUND, NOT_IN_DISABLED_STATE, ROLLBACK_NOT_AVAILABLE = 0, 1, 2, 20
DISABLE, ENABLE = 2, 1


@case(
    "EU-035",
    clause="SGP.32 v1.2 §5.9.1, §5.13.1",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    catches=("says-enabled-but-does-not", "signs-with-another-key", "answers-packages-unwrapped"),
)
def test_enable(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """A disabled profile is enabled by a valid package, and the result is signed by the eUICC."""
    with step("LoadEuiccPackage: enable", expect="signed result, enableResult ok(0)") as seen:
        answer = euicc.load_package(eim.package(enable(profiles["operational-a"].iccid)))
        seen.observed(answer.raw)
        assert answer.is_result
        assert answer.results == (("enableResult", OK),)
        assert answer.signature_is_valid(euicc.certificate, token_of(eim))
    with step("look at its form", expect="the result under A0", confidence="likely"):
        assert answer.is_wrapped
    with step("read the profiles", expect="the profile is enabled"):
        assert euicc.enabled_profile == "operational-a"


@case(
    "EU-036",
    clause="SGP.32 v1.2 §5.13.1",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    catches="answers-ok-for-unknown-iccid",
)
def test_enable_unknown(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Enabling an ICCID that is not installed is iccidOrAidNotFound, and changes nothing."""
    with step("LoadEuiccPackage: enable an unknown ICCID", expect="enableResult iccidOrAidNotFound(1)") as seen:
        answer = euicc.load_package(eim.package(enable(UNKNOWN_ICCID)))
        seen.observed(answer.raw)
        assert answer.result("enableResult") == NOT_FOUND
        assert euicc.enabled_profile is None


@case(
    "EU-037",
    clause="SGP.32 v1.2 §5.13.1",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    catches="enables-what-is-enabled",
)
def test_enable_enabled(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Enabling the enabled profile is profileNotInDisabledState."""
    with step("LoadEuiccPackage: enable the enabled profile", expect="profileNotInDisabledState(2)") as seen:
        answer = euicc.load_package(eim.package(enable(profiles["operational-a"].iccid)))
        seen.observed(answer.raw)
        assert answer.result("enableResult") == NOT_IN_DISABLED_STATE
        assert euicc.enabled_profile == "operational-a"


@case(
    "EU-038",
    clause="SGP.32 v1.2 §3.3.2, §5.13.1",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    catches="grants-rollback-to-nothing",
)
def test_rollback_needs_an_enabled_profile(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """With rollbackFlag and no enabled profile there is nothing to go back to: rollbackNotAvailable."""
    package = eim.package(enable(profiles["operational-a"].iccid, rollback=True))
    with step("LoadEuiccPackage: enable with rollbackFlag", expect="rollbackNotAvailable(20), not enabled") as seen:
        answer = euicc.load_package(package)
        seen.observed(answer.raw)
        assert answer.result("enableResult") == code_for(euicc, "enableResult", ROLLBACK_NOT_AVAILABLE)
        assert euicc.enabled_profile is None


@case(
    "EU-041",
    clause="SGP.32 v1.2 §3.4.1, SGP.22 §3.5",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a", exact=True),
    catches=("leaves-both-profiles-enabled", "forgets-implicit-disable-notification", "never-refreshes"),
)
def test_implicit_disable(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Enabling B disables A, notifies each receiver that either profile names for it, and asks for a REFRESH."""
    before = {entry.sequence_number for entry in euicc.list_notifications()}
    events = len(euicc.terminal.events) if euicc.is_terminal else 0
    refreshes = len(euicc.terminal.refreshes) if euicc.is_terminal else 0
    with step("LoadEuiccPackage: enable B", expect="enableResult ok(0)") as seen:
        answer = euicc.load_package(eim.package(enable(profiles["operational-b"].iccid)))
        seen.observed(answer.raw)
        assert answer.results == (("enableResult", OK),)
    with step("GetProfilesInfo", expect="B enabled, A disabled"):
        assert euicc.profile("operational-b").is_enabled
        assert not euicc.profile("operational-a").is_enabled
    expected = asked_for(profiles["operational-a"], DISABLE) | asked_for(profiles["operational-b"], ENABLE)
    with step("ListNotification", expect="; ".join(sorted(map(str, expected)))) as seen:
        new = [entry for entry in euicc.list_notifications() if entry.sequence_number not in before]
        seen.observed("; ".join(sorted(map(str, notification_keys(new)))))
        assert notification_keys(new) == expected
        assert len(new) == len(expected)
    if euicc.is_terminal:
        with step(
            "look at what the card asked of the terminal",
            expect="REFRESH, or 6985 until the reset",
            confidence="likely",
        ) as seen:
            happened = [event.kind for event in euicc.terminal.events[events:]]
            seen.observed(" ".join(happened))
            assert "recovery" in happened or euicc.terminal.refreshes[refreshes:]
