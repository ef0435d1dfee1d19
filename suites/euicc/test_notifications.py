"""Notifications and stored results. SGP.32 v1.2 §2.11.2, §5.9.11 and §5.9.12, SGP.22 §3.5.

A notification is made only where the profile's metadata ask for it. It and every package result stay on the card until
the IPA removes them by sequence number.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.euicc import EuiccUnderTest
from harness.conformance.expectations import asked_for, notification_keys
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete, disable, enable, list_profile_info

NOTIFICATIONS, RESULTS = "A0", "A2"
OK, NOTHING_TO_DELETE = 0, 1
ENABLE, DISABLE, DELETE = 1, 2, 3
NEVER_USED = 0x7FFFFF


@case(
    "EU-088",
    clause="SGP.32 v1.2 §5.9.11",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    catches=("answers-results-as-notifications", "ignores-notification-search"),
)
def test_search_criteria(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Each search criterion has its answer form, and finds what it names and nothing else."""
    with step("one enable makes a result and a notification", precondition=True):
        answer = euicc.load_package(eim.package(enable(profiles["operational-a"].iccid)))
        assert answer.is_result
        listed = [entry for entry in euicc.list_notifications() if ENABLE in entry.events]
        assert listed
        notification = listed[0]
    with step("search by sequence number", expect="A0 with that notification alone") as seen:
        by_number = euicc.retrieve_notifications(seq=notification.sequence_number)
        seen.observed(by_number.raw)
        assert by_number.form == NOTIFICATIONS
        numbers = [entry.metadata.sequence_number for entry in by_number.pending]
        assert numbers == [notification.sequence_number]
        assert by_number.pending[0].signature_is_valid(euicc.certificate)
    with step("search by event enable", expect="A0, enable notifications alone") as seen:
        by_event = euicc.retrieve_notifications(event=ENABLE)
        seen.observed(by_event.raw)
        assert by_event.form == NOTIFICATIONS
        assert by_event.pending
        assert all(ENABLE in entry.metadata.events for entry in by_event.pending)
    with step("search for package results", expect="A2 with the result of the enable") as seen:
        results = euicc.retrieve_notifications(results=True)
        seen.observed(results.raw)
        assert results.form == RESULTS
        assert answer.transaction_id in [entry.transaction_id for entry in results.results]
    with step("search for a number that was never used", expect="an empty list") as seen:
        nothing = euicc.retrieve_notifications(seq=NEVER_USED)
        seen.observed(nothing.raw)
        assert nothing.form == NOTIFICATIONS
        assert not nothing.pending


@case(
    "EU-089",
    clause="SGP.22 §3.5, SGP.32 v1.2 §5.9.11",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    catches=("notifies-unasked-receiver", "reuses-sequence-number"),
)
def test_notifications_as_metadata_ask(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Enable, disable and delete notify exactly the receivers that the metadata name, with rising numbers."""
    profile = profiles["operational-a"]
    highest = max((entry.sequence_number for entry in euicc.list_notifications()), default=-1)
    for name, event, command in (
        ("enable", ENABLE, enable(profile.iccid)),
        ("disable", DISABLE, disable(profile.iccid)),
        ("delete", DELETE, delete(profile.iccid)),
    ):
        expected = asked_for(profile, event)
        with step(f"{name} the profile", expect="; ".join(sorted(map(str, expected))) or "no notification") as seen:
            assert euicc.load_package(eim.package(command)).is_result
            new = [entry for entry in euicc.list_notifications() if entry.sequence_number > highest]
            seen.observed("; ".join(f"{entry.sequence_number}: {sorted(notification_keys([entry]))}" for entry in new))
            assert notification_keys(new) == expected
            assert len(new) == len(expected)
            highest = max((entry.sequence_number for entry in new), default=highest)


@case(
    "EU-090",
    clause="SGP.32 v1.2 §5.9.12",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    catches=("keeps-removed-notification", "says-removed-twice"),
)
def test_remove_notification(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A removed notification is gone; removing it again is nothingToDelete."""
    with step("one enable makes a notification", precondition=True):
        assert euicc.load_package(eim.package(enable(profiles["operational-a"].iccid))).is_result
        listed = [entry for entry in euicc.list_notifications() if ENABLE in entry.events]
        assert listed
        number = listed[0].sequence_number
    with step("RemoveNotificationFromList", expect="ok(0), and it is gone"):
        assert euicc.remove_notification(number) == OK
        assert number not in [entry.sequence_number for entry in euicc.list_notifications()]
    with step("remove it again", expect="nothingToDelete(1)") as seen:
        status = euicc.remove_notification(number)
        seen.observed(status)
        assert status == NOTHING_TO_DELETE


@case(
    "EU-091",
    clause="SGP.32 v1.2 §2.11.2",
    area="euicc",
    needs=State(eims=1),
    catches=("forgets-results-at-reset", "keeps-acknowledged-result"),
)
def test_result_is_kept_until_removed(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A package result stays on the card, octet by octet, over a reset until it is removed by its number."""
    with step("one package is executed", precondition=True):
        answer = euicc.load_package(eim.package(list_profile_info()))
        assert answer.is_result
        number = answer.sequence_number
    with step("reset, retrieve the results", expect="the same octets as the answer") as seen:
        euicc.reset()
        kept = euicc.retrieve_notifications(results=True)
        seen.observed(kept.raw)
        assert answer.raw in [entry.raw for entry in kept.results]
    with step("remove it by its sequence number", expect="ok(0), and it is gone") as seen:
        assert number is not None
        assert euicc.remove_notification(number) == OK
        left = euicc.retrieve_notifications(results=True)
        seen.observed(left.raw)
        assert answer.sequence_number not in [entry.sequence_number for entry in left.results]
