"""Notifications and stored results (SGP.22 §5.7.9 to §5.7.11, SGP.32 v1.2 §5.9.11, §5.9.12, §2.11.2).

Rules of this room:
- A change of a profile is told to those receivers, and only those, that its metadata names for this kind of change.
- Notifications and eUICC Package Results share one sequence counter, and both stay until they are removed by number.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import decode, tlv
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Answer, Device, Purpose
from harness.simulators.euicc.state import CardState, Event, Notification, Profile, StoredResult, bits_of

REMOVED, NOTHING_TO_DELETE = 0, 1
_CONFIGURATION = 0xB6


def with_notifications(device: Device, state: CardState, profile: Profile, event: Event) -> CardState:
    """The state with one signed notification for each receiver that this profile names for the event."""
    for address in device.rules["notification-receivers"](profile, event):
        state, sequence = device.rules["next-sequence"](state)
        metadata = notification_metadata(sequence, event, address, profile.iccid)
        identity = device.identity(profile.ci_key_id) or device.identities[0]
        signed = tlv.build(
            0x30,
            metadata,
            device.signature(Purpose.NOTIFICATION, metadata, identity.ci_key_id),
            identity.certificate,
            identity.eum_certificate,
        )
        added = Notification(sequence, event, address, profile.iccid, metadata, signed)
        state = replace(state, notifications=(*state.notifications, added))
    return state


def receivers(profile: Profile, event: Event) -> tuple[str, ...]:
    """The addresses that notificationConfigurationInfo names for an event.

    The SM-DP+ of an installation is not among them: it gets the Profile Installation Result.
    """
    configured = profile.field(_CONFIGURATION)
    if configured is None:
        return ()
    named = [entry.get(0x81).value.decode() for entry in configured.children if event in bits_of(entry.get(0x80).value)]
    told = {profile.smdp_address} if event is Event.INSTALL else set()
    return tuple(address for address in dict.fromkeys(named) if address not in told)


def notification_metadata(sequence: int, event: Event, address: str, iccid: bytes) -> bytes:
    """NotificationMetadata (BF2F); the ICCID is left out where it is not known."""
    return tlv.build(
        0xBF2F,
        tlv.integer(0x80, sequence),
        tlv.build(0x81, event.bits),
        tlv.build(0x0C, address.encode()),
        tlv.build(0x5A, iccid) if iccid else b"",
    )


def next_sequence(state: CardState) -> tuple[CardState, int]:
    """The next number of the counter that notifications and results share."""
    state = replace(state, sequence=state.sequence + 1)
    return state, state.sequence


def with_result(device: Device, state: CardState, result: StoredResult) -> CardState:
    """The state with one more result; where the store is full, the oldest goes."""
    return replace(state, results=device.rules["results-stored"](device.config.max_results, state.results, result))


def results_stored(most: int, stored: tuple[StoredResult, ...], result: StoredResult) -> tuple[StoredResult, ...]:
    """The stored results with one more, of which the oldest goes where there is no room."""
    return (*stored, result)[-most:]


def list_notification(device: Device, request: Tlv) -> Answer:
    """BF28: metadata of the pending notifications, of one kind or of all."""
    wanted = decode("ListNotificationRequest", request.raw).get("profileManagementOperation")
    found = [n.metadata for n in device.state.notifications if _matches(n, wanted)]
    return Answer(tlv.build(0xBF28, tlv.build(0xA0, *found)))


def retrieve_notifications_list(device: Device, request: Tlv) -> Answer:
    """BF2B: signed notifications by number, by kind or all, or the stored results."""
    criterion = decode("RetrieveNotificationsListRequest", request.raw).get("searchCriteria")
    return Answer(tlv.build(0xBF2B, device.rules["notifications-found"](device.state, criterion)))


def found(state: CardState, criterion: tuple[str, Any] | None) -> bytes:
    """The answer's list: A2 where results were asked for, else A0; empty where nothing matches."""
    kind, wanted = criterion or ("", None)
    if kind == "euiccPackageResults":
        return tlv.build(0xA2, *(result.octets for result in state.results))
    if kind == "seqNumber":
        return tlv.build(0xA0, *(n.signed for n in state.notifications if n.sequence == wanted))
    return tlv.build(0xA0, *(n.signed for n in state.notifications if _matches(n, wanted)))


def remove_notification(device: Device, request: Tlv) -> Answer:
    """BF30: an acknowledged notification or result goes."""
    sequence = decode("NotificationSentRequest", request.raw)["seqNumber"]
    state = device.rules["acknowledged"](device.state, sequence)
    status = NOTHING_TO_DELETE if state is None else REMOVED
    return Answer(tlv.build(0xBF30, tlv.integer(0x80, status)), state)


def acknowledged(state: CardState, sequence: int) -> CardState | None:
    """The state without the notification or result of this number; None where there is none."""
    notifications = tuple(n for n in state.notifications if n.sequence != sequence)
    results = tuple(r for r in state.results if r.sequence != sequence)
    if len(notifications) + len(results) == len(state.notifications) + len(state.results):
        return None
    return replace(state, notifications=notifications, results=results)


def _matches(notification: Notification, wanted: tuple[bytes, int] | None) -> bool:
    """Whether a notification is of one of the kinds in a NotificationEvent value."""
    if wanted is None:
        return True
    octets, count = wanted
    event = notification.event
    return event < count and bool(octets[event // 8] & 0x80 >> event % 8)
