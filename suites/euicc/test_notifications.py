"""Notifications and stored results. SGP.32 v1.2 §2.11.2, §5.9.11 and §5.9.12, SGP.22 §3.5.

A notification is made only where the profile's metadata ask for it. It and every package result stay on the card until
the IPA removes them by sequence number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import NotificationKey, asked_for, notification_keys
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete, disable, enable, list_profile_info
from harness.roles.es10.download import InstallationAnswer
from harness.roles.es10.notifications import DELETE, DISABLE, ENABLE, INSTALL, NotificationMetadata
from harness.roles.smdp import Smdp

NOTIFICATIONS, RESULTS = "A0", "A2"
OK, NOTHING_TO_DELETE = 0, 1
EVENTS = {INSTALL: "install", ENABLE: "enable", DISABLE: "disable", DELETE: "delete"}
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
        entry = by_number.pending[0]
        assert entry.signature_is_valid(euicc.checked(entry.certificate, entry.eum_certificate))
    with step("search by event enable", expect="A0, enable notifications alone") as seen:
        by_event = euicc.retrieve_notifications(event=ENABLE)
        seen.observed(by_event.raw)
        assert by_event.form == NOTIFICATIONS
        assert by_event.pending
        assert all(ENABLE in entry.metadata.events for entry in by_event.pending)
    of_all = (NOTIFICATIONS, *(f"{tag:X}" for tag in euicc.dialect.more_notification_forms))
    with step("search by nothing", expect=f"{' or '.join(of_all)} with that notification") as seen:
        unsearched = euicc.retrieve_notifications()
        seen.observed(unsearched.raw)
        assert unsearched.form in of_all
        assert notification.sequence_number in [entry.metadata.sequence_number for entry in unsearched.pending]
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
    needs=State(eims=1),
    effects=("removes-profile", "strands-device"),
    catches=("notifies-unasked-receiver", "reuses-sequence-number"),
)
def test_notifications_as_metadata_ask(
    euicc: EuiccUnderTest,
    eim: Eim,
    smdp: Smdp,
    download: Callable[[str], InstallationAnswer],
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """Install, enable, disable and delete notify exactly the receivers that the metadata name, with rising numbers.

    The result of an installation goes to its SM-DP+ whatever the metadata say. Where they name the same SM-DP+ too, a card
    may or may not notify it twice.
    """
    profile = profiles["operational-a"]
    before = highest_number(euicc)
    to_smdp = (profile.iccid.hex(), INSTALL, smdp.identity.address)
    expected = asked_for(profile, INSTALL) | {to_smdp}
    with step("install the profile", expect=in_words(expected)) as seen:
        assert download("operational-a").is_success
        new = newer_than(euicc, before)
        seen.observed(in_words(notification_keys(new)))
        assert notification_keys(new) == expected
    for name, event, command in (
        ("enable", ENABLE, enable(profile.iccid)),
        ("disable", DISABLE, disable(profile.iccid)),
        ("delete", DELETE, delete(profile.iccid)),
    ):
        before, expected = highest_number(euicc), asked_for(profile, event)
        with step(f"{name} the profile", expect=in_words(expected)) as seen:
            assert euicc.load_package(eim.package(command)).is_result
            new = newer_than(euicc, before)
            seen.observed(in_words(notification_keys(new)))
            assert notification_keys(new) == expected
            assert len(new) == len(expected)


def highest_number(euicc: EuiccUnderTest) -> int:
    """The highest sequence number among the notifications on the card, -1 where there is none."""
    return max((entry.sequence_number for entry in euicc.list_notifications()), default=-1)


def newer_than(euicc: EuiccUnderTest, number: int) -> list[NotificationMetadata]:
    """The notifications with higher numbers."""
    return [entry for entry in euicc.list_notifications() if entry.sequence_number > number]


def in_words(keys: Iterable[NotificationKey]) -> str:
    """Notifications for the report."""
    return "; ".join(f"{EVENTS[event]} of {iccid} to {address}" for iccid, event, address in sorted(keys)) or "none"


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
    """A package result stays on the card over a reset until it is removed by its number."""
    with step("one package is executed", precondition=True):
        answer = euicc.load_package(eim.package(list_profile_info()))
        assert answer.is_result
        number = answer.sequence_number
    with step("reset, retrieve the results", expect="what the card answered, validly signed") as seen:
        euicc.reset()
        kept = euicc.retrieve_notifications(results=True)
        seen.observed(kept.raw)
        same = [entry for entry in kept.results if entry.is_result and entry.data_signed == answer.data_signed]
        assert len(same) == 1
        assert same[0].signature_is_valid(euicc.certificate, token_of(eim))
    with step("remove it by its sequence number", expect="ok(0), and it is gone") as seen:
        assert number is not None
        assert euicc.remove_notification(number) == OK
        left = euicc.retrieve_notifications(results=True)
        seen.observed(left.raw)
        assert answer.sequence_number not in [entry.sequence_number for entry in left.results]
