"""ESipa.TransferEimPackage: the eIM goes to the device instead of waiting for it (SGP.32 v1.2 §3.1.1.2).

Rules of this room:
- What leaves is what a poll would have got, and its answer is taken as if it had come with ProvideEimPackageResult.
- What is to be acknowledged goes in another request of the same function. A device that has only received a package
  (eimPackageReceived, in v1.3 also with its correlation identifier) delivers the result later.
- The fields of v1.3's receivedWithCid and errorWithCid are not known to us by name: the correlation identifier is whatever
  names an operation or a device, the error is the INTEGER.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.roles.eim import provide_eim_package_result, reading
from harness.roles.eim.accepting import Taken
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.events import PackageDelivered, PackageErrorReported, ResultRefused
from harness.roles.eim.finding_devices import awaiting, device_behind, transaction_of
from harness.roles.eim.get_eim_package import UNDEFINED_ERROR, next_for
from harness.roles.eim.state import FAILED, Device, EimState, Operation

TAG = 0xBF4E
_RECEIVED, _ERROR, _RECEIVED_WITH_CID, _ERROR_WITH_CID = 0x05, 0x02, 0xBF60, 0xBF61
_PLAIN = (_RECEIVED, _ERROR, _RECEIVED_WITH_CID, _ERROR_WITH_CID)


def request(state: EimState, eid: bytes, now: float, context: Context) -> Outcome:
    """The TransferEimPackageRequest with what waits for a device; no reply where nothing does."""
    state, operation, alarms = next_for(state, eid, now, context)
    if operation is None:
        return Outcome(state, b"", alarms)
    delivered = PackageDelivered(
        now, eid, operation.transaction_id, operation.kind, operation.deliveries, operation.counter
    )
    return Outcome(state, tlv.build(TAG, operation.message), (*alarms, delivered))


def take(state: EimState, eid: bytes | None, message: Tlv, now: float, context: Context) -> Outcome:
    """Takes a TransferEimPackageResponse. The reply is the request that acknowledges, or empty. Raises DecodeError."""
    body = reading.only_child(message)
    device = _device(state, eid, body)
    if device is None:
        event = ResultRefused(now, eid, "it comes from no known eUICC", body.raw, _transaction(state, body))
        return Outcome(state, b"", (event,))
    if body.tag in _PLAIN:
        taken = _plain(state, device, body, now, context)
    else:
        taken = provide_eim_package_result.taker_of(body)(state, device, body, now, context)
    numbers = context.rules["acknowledged-numbers"](taken.acknowledged)
    reply = tlv.build(TAG, provide_eim_package_result.acknowledgements(numbers)) if numbers else b""
    return Outcome(taken.state, reply, taken.events)


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Takes a response that a device posts by itself, after it had only received the package."""
    return replace(take(state, None, message, now, context), reply=b"")


def _device(state: EimState, eid: bytes | None, body: Tlv) -> Device | None:
    if eid is not None:
        return state.devices.get(eid)
    if body.tag not in _PLAIN:
        return device_behind(state, body)
    operation = _operation(state, body, None)
    return None if operation is None else state.devices.get(operation.eid)


def _plain(state: EimState, device: Device, body: Tlv, now: float, context: Context) -> Taken:
    if body.tag in (_RECEIVED, _RECEIVED_WITH_CID):
        return Taken(state)
    operation = _operation(state, body, device.eid)
    if body.tag == _ERROR:
        code = reading.integer(body)
    else:
        code = next((reading.integer(item) for item in _within(body) if item.tag == 0x02), UNDEFINED_ERROR)
    transaction = None if operation is None else operation.transaction_id
    if operation is not None and operation.is_open:
        state = context.rules["after-injection-error"](state, replace(operation, error_code=code, answer=body.raw))
    return Taken(state, events=(PackageErrorReported(now, device.eid, transaction, code),))


def after_injection_error(state: EimState, operation: Operation) -> EimState:
    """The state after a device has refused what it was brought."""
    return state.with_operation(replace(operation, state=FAILED))


def _operation(state: EimState, body: Tlv, eid: bytes | None) -> Operation | None:
    """The operation that a response without a result is about: the one it names, else the one that waits for an answer."""
    named = _transaction(state, body)
    if named is not None:
        return state.operations.get(named)
    device = eid or next((item.value for item in _within(body) if item.value in state.devices), None)
    return None if device is None else next(iter(awaiting(state, None, device)), None)


def _transaction(state: EimState, body: Tlv) -> bytes | None:
    if body.tag not in _PLAIN:
        return transaction_of(body)
    return next((item.value for item in _within(body) if item.value in state.operations), None)


def _within(body: Tlv) -> Iterator[Tlv]:
    """The fields of a response, at every depth."""
    try:
        children = body.children if body.tag in (_RECEIVED_WITH_CID, _ERROR_WITH_CID, 0x30, 0xA0, 0xA1) else ()
    except DecodeError:
        children = ()
    for child in children:
        yield child
        yield from _within(child)
