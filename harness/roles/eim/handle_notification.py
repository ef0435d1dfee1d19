"""ESipa.HandleNotification: a notification that goes on to its receiver, or a result (SGP.32 v1.2 §5.14.7).

There is no answer but the transport's own: the device may forget a notification when it hears success, so it hears
success only where the receiver took it.
"""

from __future__ import annotations

from harness.codec import DecodeError
from harness.codec.tlv import Tlv
from harness.roles.eim import notifications, provide_eim_package_result, reading
from harness.roles.eim.context import Context, Outcome, Trouble
from harness.roles.eim.events import DownloadReported, Event, Finding
from harness.roles.eim.finding_devices import caller_meant
from harness.roles.eim.notifications import INSTALLATION_RESULT, OTHER_SIGNED, read_notification
from harness.roles.eim.state import EimState
from harness.roles.eim.taking_downloads import close, operation_of_session
from harness.roles.eim.versions import ESIPA

_METADATA = 0xBF2F


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Takes a HandleNotificationEsipa. Raises DecodeError."""
    body = reading.only_child(message)
    if _is_result(body) and context.rules["result-may-come-as-notification"]():
        return _result(state, body, now, context)
    findings: tuple[Event, ...] = ()
    if body.tag in (INSTALLATION_RESULT, OTHER_SIGNED):
        findings = (Finding(now, None, "HandleNotificationEsipa", "pendingNotification stands without its A0"),)
    elif body.tag == 0xA0:
        body = reading.only_child(body)
    else:
        raise DecodeError(f"{body.tag:X} is no HandleNotificationEsipa", offset=body.offset)
    eid = notifications.eid_of(state, body) or caller_meant(state, context.callers, None)
    state, reported = _installation(state, body, eid, now)
    state, arrived, events = notifications.forward(state, (body,), eid, now, context)
    trouble = Trouble.NONE if arrived else Trouble.NOT_FORWARDED
    return Outcome(state, b"", (*findings, *reported, *events), trouble)


def _is_result(body: Tlv) -> bool:
    """A ProvideEimPackageResult: BF50 in v1.2, in v1.0.1 its alternative under A1.

    A compact notification that lacks the A0 around it has that tag too, and its metadata right inside.
    """
    return body.tag == 0xBF50 or (body.tag == 0xA1 and body.find(_METADATA) is None)


def _result(state: EimState, body: Tlv, now: float, context: Context) -> Outcome:
    taken = provide_eim_package_result.answer(state, body, now, context)
    eid = next((event.eid for event in taken.events if event.eid is not None), None)
    device = None if eid is None else state.devices.get(eid)
    findings: tuple[Event, ...] = ()
    if body.tag != context.message_forms(device).result_as_notification:
        version = next(version for version, forms in ESIPA.items() if forms.result_as_notification == body.tag)
        fault = f"provideEimPackageResult carries the tag of v{version}, {body.tag:X}"
        findings = (Finding(now, eid, "HandleNotificationEsipa", fault),)
    return Outcome(taken.state, b"", (*findings, *taken.events), taken.trouble)


def result_may_come_as_notification() -> bool:
    """Whether HandleNotification carries a ProvideEimPackageResult too: it does in every version."""
    return True


def _installation(state: EimState, body: Tlv, eid: bytes | None, now: float) -> tuple[EimState, tuple[Event, ...]]:
    """What an installation result says of a download that went through here."""
    try:
        body = notifications.rebuilt(state, body, eid)
        installation = read_notification(body).installation
    except DecodeError:
        return state, ()  # forwarding reports it
    operation = operation_of_session(state, installation)
    if installation is None or operation is None or not operation.is_open:
        return state, ()
    state = close(state, operation, installation.is_installed, body.raw, installation.error_reason)
    event = DownloadReported(
        now,
        operation.eid,
        operation.transaction_id,
        installation.is_installed,
        installation.error_reason,
        body.raw,
    )
    return state, (event,)
