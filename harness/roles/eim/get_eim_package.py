"""ESipa.GetEimPackage: what waits for a device (SGP.32 v1.2 §5.14.5).

Rules of this room:
- A package is signed when it first leaves, so that counters rise in the order of delivery.
- What was delivered without an answer is offered again with the same octets, a few times; a card that already executed
  it refuses the copy by its counter. A download is triggered once only.
- A data request never stands before a package: one that got stuck must not block the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.roles.eim import packages, reading
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.events import Event, Finding, PackageDelivered, Polled
from harness.roles.eim.packages import PackageFields
from harness.roles.eim.state import DATA, DELIVERED, DOWNLOAD, PACKAGE, RAW, Device, EimState, Operation

NO_EIM_PACKAGE_AVAILABLE, EID_NOT_FOUND, INVALID_EID, MISSING_EID, UNDEFINED_ERROR = 1, 2, 3, 4, 127
ERROR_NAMES = {
    NO_EIM_PACKAGE_AVAILABLE: "noEimPackageAvailable",
    EID_NOT_FOUND: "eidNotFound",
    INVALID_EID: "invalidEid",
    MISSING_EID: "missingEid",
    UNDEFINED_ERROR: "undefinedError",
}
EID_LENGTH = 16
MAX_DELIVERIES = {PACKAGE: 3, DATA: 3, DOWNLOAD: 1, RAW: 1}


def error(code: int) -> bytes:
    """The answer that carries an eimPackageError."""
    return tlv.build(0xBF4F, tlv.integer(0x02, code))


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Answers a GetEimPackageRequest."""
    eid = reading.octets(message, 0x5A)
    heard, findings = _heard(message, eid, now)
    fault = context.rules["eid-fault"](eid)
    device = None if eid is None else state.devices.get(eid)
    if fault is None and device is None:
        fault = context.rules["unknown-eid-answer"]()
    if fault is not None or device is None:
        code = UNDEFINED_ERROR if fault is None else fault
        return Outcome(state, error(code), (*findings, _polled(heard, code)))
    chosen = context.rules["next-operation"](device, state.operations)
    if chosen is None:
        code = context.rules["empty-queue-answer"]()
        return Outcome(state, error(code), (*findings, _polled(heard, code)))
    state, operation = _delivered(state, device, chosen, context)
    delivered = PackageDelivered(
        now, eid, operation.transaction_id, operation.kind, operation.deliveries, operation.counter
    )
    return Outcome(
        state, tlv.build(0xBF4F, operation.message), (*findings, replace(heard, answer=operation.kind), delivered)
    )


def _heard(message: Tlv, eid: bytes | None, now: float) -> tuple[Polled, tuple[Event, ...]]:
    cause, plmn = message.find(0x81), message.find(0x82)
    findings: tuple[Event, ...] = ()
    if cause is not None and plmn is None and len(cause.value) == 3:
        # v1.0 carried rPLMN under 81, where v1.2 has stateChangeCause.
        cause, plmn = None, cause
        findings = (Finding(now, eid, "GetEimPackageRequest", "rPLMN carries the tag of v1.0, 81"),)
    heard = Polled(
        now,
        eid,
        "",
        message.find(0x80) is not None,
        None if cause is None else reading.integer(cause),
        None if plmn is None else plmn.value,
    )
    return heard, findings


def _polled(heard: Polled, code: int) -> Polled:
    return replace(heard, answer=ERROR_NAMES.get(code, str(code)))


def eid_fault(eid: bytes | None) -> int | None:
    """The error for an eidValue that cannot name an eUICC; None for one that can."""
    if eid is None:
        return MISSING_EID
    return None if len(eid) == EID_LENGTH else INVALID_EID


def unknown_eid_answer() -> int:
    """What a device is told that is not associated with this eIM."""
    return EID_NOT_FOUND


def empty_queue_answer() -> int:
    """What a device is told for which nothing waits."""
    return NO_EIM_PACKAGE_AVAILABLE


def next_operation(device: Device, operations: Mapping[bytes, Operation]) -> Operation | None:
    """The operation to deliver next, or None."""
    waiting = [operations[transaction] for transaction in device.queue]
    waiting = [operation for operation in waiting if operation.deliveries < MAX_DELIVERIES[operation.kind]]
    if any(operation.kind == PACKAGE for operation in waiting):
        waiting = [operation for operation in waiting if operation.kind != DATA]
    return waiting[0] if waiting else None


def _delivered(state: EimState, device: Device, operation: Operation, context: Context) -> tuple[EimState, Operation]:
    if operation.kind == PACKAGE and not operation.message:
        counter = context.rules["next-counter"](device.association.counter)
        operation = replace(operation, counter=counter, message=_signed(device, operation, counter, context))
        state = state.with_device(replace(device, association=replace(device.association, counter=counter)))
    operation = replace(operation, state=DELIVERED, deliveries=operation.deliveries + 1)
    return state.with_operation(operation), operation


def _signed(device: Device, operation: Operation, counter: int, context: Context) -> bytes:
    fields = PackageFields(
        context.identity.eim_id,
        device.eid,
        counter,
        context.rules["package-transaction-id"](operation.transaction_id),
        operation.commands,
    )
    signed = packages.package_signed(fields, operation.commands_tag)
    return packages.package_request(signed, device.association.token, context.identity.signing_key, context.rules)
