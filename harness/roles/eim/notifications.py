"""Notifications on their way from a card to their receiver (SGP.32 v1.2 §3.7).

Rules of this room:
- A notification goes on as the octets that came: the receiver checks the card's signature over them.
- Each one is tried by itself: one that is refused does not hold up those behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.errors import CryptoError
from harness.roles.eim import compact, es9plus, inventory, reading
from harness.roles.eim.compact import COMPACT_INSTALLATION, COMPACT_OTHER, CannotRebuild, Known
from harness.roles.eim.context import Context
from harness.roles.eim.es9plus import SmdpFault
from harness.roles.eim.events import Event, NotificationForwarded, NotificationNotForwarded
from harness.roles.eim.state import EimState

INSTALLATION_RESULT, OTHER_SIGNED = 0xBF37, 0x30
_COMPACT = (COMPACT_INSTALLATION, COMPACT_OTHER)


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
    """A PendingNotification in its full form, BF37 or 30. Raises DecodeError."""
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
    state: EimState, items: Iterable[Tlv], eid: bytes | None, now: float, context: Context
) -> tuple[EimState, tuple[int, ...], tuple[Event, ...]]:
    """Sends each notification to its receiver.

    Returns what is known of the device by then, the sequence numbers of those that arrived, and what happened.
    """
    arrived: list[int] = []
    events: list[Event] = []
    for item in items:
        receiver, number = "", None
        try:
            full = context.rules["rebuilt-notification"](state, item, eid)
            notification = read_notification(full)
            receiver, number = notification.receiver, notification.sequence_number
            octets = context.rules["forwarded-notification"](notification.raw)
            es9plus.handle_notification(context.http, receiver, octets)
        except (DecodeError, SmdpFault) as fault:
            events.append(NotificationNotForwarded(now, eid, receiver, number, str(fault), item.raw))
            continue
        arrived.append(notification.sequence_number)
        events.append(NotificationForwarded(now, eid, receiver, notification.sequence_number, octets))
        state, told = _learned(state, eid, full, now)
        events += told
    return state, tuple(arrived), tuple(events)


def rebuilt(state: EimState, item: Tlv, eid: bytes | None) -> Tlv:
    """The full form of a notification; one that is no compact form as it is. Raises DecodeError."""
    if item.tag not in _COMPACT:
        return item
    device = None if eid is None else state.devices.get(eid)
    try:
        if item.tag == COMPACT_OTHER:
            return tlv.parse(compact.other_notification(item, device))
        named = compact.session_named(item)
        session = None if named is None else state.sessions.get(named)
        if session is None:
            raise CannotRebuild("no session has its transactionId")
        return tlv.parse(compact.installation_result(item, Known(session, device)))
    except CannotRebuild as fault:
        raise DecodeError(f"a compact notification: {fault}", offset=item.offset) from fault


def eid_of(state: EimState, item: Tlv) -> bytes | None:
    """The EID of the device that a notification comes from, where the notification or its session tells."""
    if item.tag == COMPACT_OTHER:
        field = item.find(0x5A)
        if field is not None:
            return field.value
        return _owner(state, item)
    if item.tag == OTHER_SIGNED:
        certificates = [child for child in item.children if child.tag == 0x30]
        try:
            return Certificate(certificates[0].raw).eid if certificates else None
        except CryptoError:
            return None
    path = (COMPACT_INSTALLATION, 0x80) if item.tag == COMPACT_INSTALLATION else (0xBF27, 0x80)
    named = item.find(*path)
    session = None if named is None else state.sessions.get(named.value)
    return None if session is None else session.eid


def _owner(state: EimState, item: Tlv) -> bytes | None:
    """The only device, or the only one that has the profile of a notification without an EID, which v1.0.1 does not have."""
    iccid = item.find(0xBF2F, 0x5A)
    owners = list(state.devices)
    if len(owners) > 1 and iccid is not None:
        owners = [eid for eid, device in state.devices.items() if iccid.value in device.profiles]
    return owners[0] if len(owners) == 1 else None


def _learned(state: EimState, eid: bytes | None, full: Tlv, now: float) -> tuple[EimState, list[Event]]:
    """What a notification tells of its device, where the device's own eUICC signed it."""
    device = None if eid is None else state.devices.get(eid)
    if device is None or device.euicc_certificate is None or full.tag != OTHER_SIGNED:
        return state, []
    metadata, signature = full.get(0xBF2F), full.find(0x5F37)
    key = Certificate(device.euicc_certificate).public_key
    if signature is None or not ecdsa.verify(key, signature.value, metadata.raw):
        return state, []
    device, events = inventory.after_notification(device, metadata, now)
    return state.with_device(device), events
