"""Notifications on their way from a card to their receiver (SGP.32 v1.2 §3.7).

Rules of this room:
- A notification goes on as the octets that came: the receiver checks the card's signature over them.
- Each one is tried by itself: one that is refused does not hold up those behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.codec import DecodeError
from harness.codec.tlv import Tlv
from harness.roles.eim import es9plus, reading
from harness.roles.eim.context import Context
from harness.roles.eim.es9plus import SmdpFault
from harness.roles.eim.events import Event, NotificationForwarded, NotificationNotForwarded

INSTALLATION_RESULT, OTHER_SIGNED = 0xBF37, 0x30
_COMPACT = (0xA0, 0xA1)


@dataclass(frozen=True, slots=True)
class Notification:
    """One PendingNotification."""

    raw: bytes
    sequence_number: int
    receiver: str
    """notificationAddress: the FQDN of the SM-DP+ that waits for it."""
    installation: InstallationResult | None = None


@dataclass(frozen=True, slots=True)
class InstallationResult:
    """What a ProfileInstallationResult says."""

    transaction_id: bytes
    """Of the SM-DP+'s session."""
    is_installed: bool
    error_reason: int | None = None
    """ErrorReason, where it is not installed."""


def read_notification(item: Tlv) -> Notification:
    """A PendingNotification, BF37 or 30. Raises DecodeError; compact forms are told apart in the message."""
    if item.tag in _COMPACT:
        raise DecodeError("a compact notification from an IPA that was not told of any")
    if item.tag not in (INSTALLATION_RESULT, OTHER_SIGNED):
        raise DecodeError(f"{item.tag:X} is no PendingNotification", offset=item.offset)
    installation = None
    metadata = item
    if item.tag == INSTALLATION_RESULT:
        metadata = item.get(0xBF27)
        installation = _installation(metadata)
    metadata = metadata.get(0xBF2F)
    return Notification(item.raw, reading.integer(metadata.get(0x80)), reading.text(metadata.get(0x0C)), installation)


def _installation(data: Tlv) -> InstallationResult:
    final = reading.only_child(data.get(0xA2))
    reason = reading.optional_integer(final, 0x81) if final.tag == 0xA1 else None
    return InstallationResult(data.get(0x80).value, final.tag == 0xA0, reason)


def forward(
    items: Iterable[Tlv], eid: bytes | None, now: float, context: Context
) -> tuple[tuple[int, ...], tuple[Event, ...]]:
    """Sends each notification to its receiver. Returns the sequence numbers of those that arrived, and what happened."""
    arrived: list[int] = []
    events: list[Event] = []
    for item in items:
        receiver, number = "", None
        try:
            notification = read_notification(item)
            receiver, number = notification.receiver, notification.sequence_number
            octets = context.rules["forwarded-notification"](notification.raw)
            es9plus.handle_notification(context.http, receiver, octets)
        except (DecodeError, SmdpFault) as fault:
            events.append(NotificationNotForwarded(now, eid, receiver, number, str(fault), item.raw))
            continue
        arrived.append(notification.sequence_number)
        events.append(NotificationForwarded(now, eid, receiver, notification.sequence_number, octets))
    return tuple(arrived), tuple(events)
