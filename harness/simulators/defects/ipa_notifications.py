"""Defects of an IPA with notifications."""

from __future__ import annotations

from collections.abc import Sequence

from harness.roles.es10.notifications import PendingNotification
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, with_rule


def _newest_first(pending: Sequence[PendingNotification]) -> list[PendingNotification]:
    return sorted(pending, key=lambda entry: entry.metadata.sequence_number, reverse=True)


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "sends-notifications-newest-first",
        "ipa",
        "Notifications reach their receiver in the wrong order.",
        with_rule("notifications-to-send", _newest_first),
    ),
    Defect(
        "forgets-notifications-unsent",
        "ipa",
        "A notification is removed from the card although its receiver did not take it.",
        answering("may-forget-notification", True),
    ),
    Defect(
        "keeps-notifications-for-itself",
        "ipa",
        "Notifications stay on the card; no receiver ever sees one.",
        answering("notifications-to-send", ()),
    ),
)
