"""ESipa.ProvideEimPackageResult: what a device did with what it was given (SGP.32 v1.2 §5.14.6).

Rules of this room:
- BF53 carries sequence numbers of the card and nothing else; with none to acknowledge the answer is `30 00`.
- A device that does not name itself is found by the transaction or by its certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.roles.eim import notifications, reading
from harness.roles.eim.accepting import Taken, take_package_result
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.events import Event, Finding, PackageErrorReported, ResultRefused
from harness.roles.eim.finding_devices import device_behind, transaction_of
from harness.roles.eim.get_eim_package import EID_NOT_FOUND, MISSING_EID
from harness.roles.eim.state import FAILED, Device, EimState
from harness.roles.eim.taking_data import take_data
from harness.roles.eim.taking_downloads import take_download_result
from harness.roles.eim.v10_lists import rows_of

EMPTY_RESPONSE = tlv.build(0xBF50, tlv.build(0x30))


def error(code: int) -> bytes:
    """The answer that carries a provideEimPackageResultError."""
    return tlv.build(0xBF50, tlv.integer(0x02, code))


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Answers a ProvideEimPackageResult. Raises DecodeError where nothing in it can be told."""
    eid = reading.octets(message, 0x5A)
    bodies = [child for child in message.children if child.tag != 0x5A]
    body = bodies[0] if len(bodies) == 1 else reading.only_child(message)
    take = taker_of(body)
    device, fault = _device(state, eid, body, context)
    if device is None:
        event = ResultRefused(now, eid, "it comes from no known eUICC", body.raw, transaction_of(body))
        if eid is None and body.tag == 0xBF52:
            # An answer to a data request names nothing that could be acknowledged.
            return Outcome(state, EMPTY_RESPONSE, (event,))
        return Outcome(state, error(fault), (event,))
    taken = take(state, device, body, now, context)
    if taken.error is not None:
        return Outcome(taken.state, error(taken.error), taken.events)
    numbers = context.rules["acknowledged-numbers"](taken.acknowledged)
    if not numbers:
        return Outcome(taken.state, EMPTY_RESPONSE, taken.events)
    return Outcome(taken.state, tlv.build(0xBF50, acknowledgements(numbers)), taken.events)


def acknowledgements(numbers: Iterable[int]) -> bytes:
    """EimAcknowledgements, BF53, with these sequence numbers of the card."""
    return tlv.build(0xBF53, *(tlv.integer(0x80, number) for number in numbers))


def _device(state: EimState, eid: bytes | None, body: Tlv, context: Context) -> tuple[Device | None, int]:
    """The device, or the error for it."""
    if eid is None:
        return device_behind(state, body), MISSING_EID
    fault = context.rules["eid-fault"](eid)
    return (state.devices.get(eid), EID_NOT_FOUND) if fault is None else (None, fault)


def _take_with_notifications(state: EimState, device: Device, body: Tlv, now: float, context: Context) -> Taken:
    """ePRAndNotifications: the result, and notifications that go on whatever becomes of the result."""
    taken = take_package_result(state, device, body.get(0xBF51), now, context)
    findings: tuple[Event, ...] = ()
    listed = body.find(0xA0)
    if listed is not None:
        row = listed.children
    else:
        row = rows_of(body.get(0xBF2B))[0]
        fault = "notificationList carries the tag of v1.0, BF2B"
        findings = (Finding(now, device.eid, "ePRAndNotifications", fault),)
    beside = context.rules["notifications-beside-result"](row)
    state, arrived, events = notifications.forward(taken.state, beside, device.eid, now, context)
    return replace(
        taken, state=state, acknowledged=taken.acknowledged + arrived, events=taken.events + findings + events
    )


def _take_error(state: EimState, device: Device, body: Tlv, now: float, context: Context) -> Taken:
    """eimPackageResultResponseError: the IPA could not use what it was given."""
    transaction = reading.octets(body, 0x80)
    code = reading.integer(body.get(0x02))
    operation = None if transaction is None else state.operations.get(transaction)
    if operation is not None and operation.eid == device.eid:
        state = state.with_operation(replace(operation, state=FAILED, error_code=code, answer=body.raw))
    return Taken(state, events=(PackageErrorReported(now, device.eid, transaction, code),))


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
}
