"""ESipa.ProvideEimPackageResult: what a device did with what it was given (SGP.32 v1.2 §5.14.6).

Rules of this room:
- BF53 carries sequence numbers of the card and nothing else; with none to acknowledge the answer is `30 00`, in v1.0.1
  nothing at all, and that has no error either.
- A device that does not name itself is found by the transaction, by its certificate or by its connection.
- What nobody signed closes what is open and changes nothing that is closed: it may be late, or somebody else's.
- The answer is in the version of the device's IPA, but for a message that cannot be of that one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.roles.eim import notifications, reading
from harness.roles.eim.accepting import Taken, take_package_result
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.data_requests import JOINT_LIST
from harness.roles.eim.events import Finding, PackageErrorReported, ResultRefused
from harness.roles.eim.finding_devices import awaiting, transaction_of
from harness.roles.eim.get_eim_package import EID_NOT_FOUND, MISSING_EID
from harness.roles.eim.state import FAILED, Device, EimState, Operation
from harness.roles.eim.taking_data import take_data
from harness.roles.eim.taking_downloads import take_download_result
from harness.roles.eim.v10_lists import rows_of
from harness.roles.eim.versions import DEFAULT, ESIPA, EsipaForms

_LIST = 0xA0
"""notificationList beside a result, as v1.2 has it."""


def empty_response(forms: EsipaForms) -> bytes:
    """The answer that acknowledges nothing."""
    return tlv.build(0xBF50, forms.nothing_acknowledged)


def error(code: int, forms: EsipaForms) -> bytes:
    """The answer that carries a provideEimPackageResultError; where a version has none, it acknowledges nothing."""
    return tlv.build(0xBF50, tlv.integer(0x02, code)) if forms.result_errors else empty_response(forms)


def answer_version(spoken: str, names_eid: bool) -> str:
    """The version of the answer to a message in `spoken`; one with an eidValue is of v1.2, whatever its device is of."""
    return DEFAULT if names_eid and not ESIPA[spoken].names_eid else spoken


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Answers a ProvideEimPackageResult. Raises DecodeError where nothing in it can be told."""
    eid = reading.octets(message, 0x5A)
    bodies = [child for child in message.children if child.tag != 0x5A]
    body = bodies[0] if len(bodies) == 1 else reading.only_child(message)
    take = taker_of(body)
    device, fault = _device(state, eid, body, context)
    spoken = context.message_forms(device).version
    forms = ESIPA[context.rules["result-answer-version"](spoken, eid is not None)]
    if device is None:
        event = ResultRefused(now, eid, "it comes from no known eUICC", body.raw, transaction_of(body))
        if eid is None and body.tag == 0xBF52:
            # An answer to a data request names nothing that could be acknowledged.
            return Outcome(state, empty_response(forms), (event,))
        return Outcome(state, error(fault, forms), (event,))
    taken = take(state, device, body, now, context)
    if taken.error is not None:
        return Outcome(taken.state, error(taken.error, forms), taken.events)
    numbers = context.rules["acknowledged-numbers"](taken.acknowledged)
    if not numbers:
        return Outcome(taken.state, empty_response(forms), taken.events)
    return Outcome(taken.state, tlv.build(0xBF50, acknowledgements(numbers)), taken.events)


def acknowledgements(numbers: Iterable[int]) -> bytes:
    """EimAcknowledgements, BF53, with these sequence numbers of the card."""
    return tlv.build(0xBF53, *(tlv.integer(0x80, number) for number in numbers))


def _device(state: EimState, eid: bytes | None, body: Tlv, context: Context) -> tuple[Device | None, int]:
    """The device, or the error for it."""
    if eid is None:
        return context.rules["unnamed-device"](state, body, context.callers), MISSING_EID
    fault = context.rules["eid-fault"](eid)
    return (state.devices.get(eid), EID_NOT_FOUND) if fault is None else (None, fault)


def _take_with_notifications(state: EimState, device: Device, body: Tlv, now: float, context: Context) -> Taken:
    """ePRAndNotifications: the result, and notifications that go on whatever becomes of the result."""
    taken = take_package_result(state, device, body.get(0xBF51), now, context)
    row, stored, fault = _lists(body, context.forms_of(device))
    if fault:
        taken = _told(taken, Finding(now, device.eid, "ePRAndNotifications", fault))
    for result in stored:
        further = take_package_result(taken.state, taken.state.devices[device.eid], result, now, context)
        numbers = tuple(dict.fromkeys((*taken.acknowledged, *further.acknowledged)))
        taken = replace(taken, state=further.state, acknowledged=numbers, events=taken.events + further.events)
    beside = context.rules["notifications-beside-result"](row)
    state, arrived, events = notifications.forward(taken.state, beside, device.eid, now, context)
    return replace(taken, state=state, acknowledged=taken.acknowledged + arrived, events=taken.events + events)


def _lists(body: Tlv, forms: EsipaForms) -> tuple[tuple[Tlv, ...], tuple[Tlv, ...], str]:
    """Notifications and stored results beside a result, and what is wrong with their form."""
    listed = body.find(_LIST)
    if listed is not None:
        return listed.children, (), "notificationList carries the tag of v1.2, A0" if forms.joint_list else ""
    rows = rows_of(body.get(JOINT_LIST))
    return *rows, "" if forms.joint_list else "notificationList carries the tag of v1.0.1, BF2B"


def _told(taken: Taken, finding: Finding) -> Taken:
    return replace(taken, events=(*taken.events, finding))


def _take_error(state: EimState, device: Device, body: Tlv, now: float, context: Context) -> Taken:
    """eimPackageResultResponseError: the IPA could not use what it was given."""
    transaction = reading.octets(body, 0x80)
    code = reading.integer(body.get(0x02))
    operation = None if transaction is None else state.operations.get(transaction)
    fault = "the error is a SEQUENCE, as in v1.2" if context.forms_of(device).error_is_number else ""
    return _unusable(state, device, operation, transaction, body, code, fault, now)


def _take_number(state: EimState, device: Device, body: Tlv, now: float, context: Context) -> Taken:
    """eimPackageError of v1.0.1, which names nothing: it is about what the device was given last."""
    waiting = awaiting(state, None, device.eid)
    operation = waiting[-1] if waiting else None
    transaction = None if operation is None else operation.transaction_id
    fault = "" if context.forms_of(device).error_is_number else "the error is a plain INTEGER, as in v1.0.1"
    return _unusable(state, device, operation, transaction, body, reading.integer(body), fault, now)


def _unusable(
    state: EimState,
    device: Device,
    operation: Operation | None,
    transaction: bytes | None,
    body: Tlv,
    code: int,
    fault: str,
    now: float,
) -> Taken:
    if operation is not None and operation.is_open and operation.eid == device.eid:
        state = state.with_operation(replace(operation, state=FAILED, error_code=code, answer=body.raw))
    taken = Taken(state, events=(PackageErrorReported(now, device.eid, transaction, code),))
    return _told(taken, Finding(now, device.eid, "ProvideEimPackageResult", fault)) if fault else taken


def _take_unknown(state: EimState, device: Device, body: Tlv, now: float, context: Context) -> Taken:
    event = ResultRefused(now, device.eid, f"{body.tag:X} is no EimPackageResult", body.raw)
    return Taken(state, events=(event,), error=context.rules["refused-result-answer"]())


def taker_of(body: Tlv) -> Taker:
    """What takes an EimPackageResult of this form."""
    return _TAKERS.get(body.tag, _take_unknown)


Taker = Callable[[EimState, Device, Tlv, float, Context], Taken]

_TAKERS: Mapping[int, Taker] = {
    0xBF51: take_package_result,
    0x30: _take_with_notifications,
    0xBF52: take_data,
    0xBF54: take_download_result,
    0xA0: _take_error,
    0x02: _take_number,
}
