"""Notifications on their way from the card to their receivers (SGP.32 v1.2 §3.7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.roles.es10 import Es10
from harness.roles.es10.notifications import PendingNotification
from harness.roles.ipa.ports import NoAnswer
from harness.rules import Rules


def deliver(card: Es10, send: Callable[[PendingNotification], bool], rules: Rules) -> None:
    """Offers every pending notification once, oldest first, and removes those that were taken.

    A receiver that cannot be reached is not tried again in this round; one that refuses a notification still gets the
    next one.
    """
    silent: set[str] = set()
    for entry in rules["notifications-to-send"](card.retrieve_notifications().pending):
        address = entry.metadata.address
        if address in silent:
            continue
        try:
            taken = send(entry)
        except NoAnswer:
            silent.add(address)
            taken = False
        if rules["may-forget-notification"](taken):
            card.remove_notification(entry.metadata.sequence_number)
        if not taken and not rules["goes-on-after-refusal"]():
            return


def notifications_to_send(pending: Sequence[PendingNotification]) -> list[PendingNotification]:
    """All of them, in the order of their sequence numbers."""
    return sorted(pending, key=lambda entry: entry.metadata.sequence_number)


def may_forget(taken: bool) -> bool:
    """Whether a notification may be removed from the card: only after its receiver took it."""
    return taken


def was_taken(status: int) -> bool:
    """Whether an HTTP status means that a notification was taken."""
    return 200 <= status < 300
