"""When a card's result is believed (SGP.32 v1.2 §2.11.2.1).

Rules of this room:
- A result counts when it names this eIM, belongs to no other eUICC's operation and carries the signature of the eUICC
  whose certificate is known. The checks run in that order; the first that fails is the reason given.
- What is not believed is not acknowledged and changes nothing.
- A result finds its operation by eimTransactionId, never by seqNumber; without one, by the counter of the package. An
  unsigned error of a card that cannot name the transaction is about the one package that waits for an answer.
- A result stands: a signed error that comes for the same package afterwards tells of another delivery.
- What is acknowledged is the sequence number that the card gave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.crypto.certificates import Certificate
from harness.roles.eim import results
from harness.roles.eim.context import Context
from harness.roles.eim.counters import REPLAY_ERROR
from harness.roles.eim.events import (
    Event,
    Finding,
    ResultAccepted,
    ResultRefused,
    ResultUnmatched,
    UnsignedErrorReceived,
)
from harness.roles.eim.finding_devices import awaiting
from harness.roles.eim.get_eim_package import UNDEFINED_ERROR
from harness.roles.eim.results import ERROR_UNSIGNED, RESULT, PackageResult
from harness.roles.eim.state import DONE, FAILED, PACKAGE, Device, EimState, Operation
from harness.roles.eim.versions import VERSIONS


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one EimPackageResult."""

    state: EimState
    acknowledged: tuple[int, ...] = ()
    """The card's sequence numbers that it may now forget."""
    events: tuple[Event, ...] = ()
    error: int | None = None
    """provideEimPackageResultError; None where the result was taken."""


def take_package_result(state: EimState, device: Device, octets: Tlv, now: float, context: Context) -> Taken:
    """Takes one EuiccPackageResult, BF51, from a device."""
    try:
        result = results.read_result(octets, VERSIONS[device.version])
    except DecodeError as fault:
        return _refused(state, device, octets.raw, None, f"it cannot be read: {fault}", now, context)
    findings: tuple[Event, ...] = tuple(
        Finding(now, device.eid, "EuiccPackageResult", fault) for fault in result.findings
    )
    operation = context.rules["result-operation"](state, device, result)
    if operation is not None and VERSIONS[device.version].signs_eim_signature:
        result = replace(result, eim_signature=_eim_signature(operation))
        findings += _signing_form(result, device, now)
    if result.kind == ERROR_UNSIGNED:
        taken = _unsigned(state, device, operation, result, now, context)
    else:
        reason = _why_not(result, device, operation, context)
        if reason:
            taken = _refused(state, device, octets.raw, result.transaction_id, reason, now, context)
        else:
            taken = _accepted(state, device, operation, result, now, context)
    return replace(taken, events=findings + taken.events)


def operation_of(state: EimState, device: Device, result: PackageResult) -> Operation | None:
    """The operation that a result answers, or None."""
    if result.transaction_id is not None:
        return state.operations.get(result.transaction_id)
    if result.counter is None:
        if VERSIONS[device.version].names_transaction_unsigned:
            return None
        waiting = awaiting(state, PACKAGE, device.eid)
        return waiting[0] if len(waiting) == 1 else None
    transaction = state.by_counter.get((device.eid, result.counter))
    return None if transaction is None else state.operations.get(transaction)


def names_this_eim(result: PackageResult, eim_id: str) -> bool:
    """Whether the eimId in a result is ours, compared octet for octet."""
    return result.eim_id == eim_id


def belongs_to_device(device: Device, operation: Operation | None) -> bool:
    """Whether no other eUICC was meant by the operation that a result names."""
    return operation is None or operation.eid == device.eid


def is_signed_by_device(result: PackageResult, device: Device) -> bool:
    """Whether the eUICC's signature holds, over the octets received and the association token."""
    if device.euicc_certificate is None:
        return False
    key = Certificate(device.euicc_certificate).public_key
    return results.signature_holds(result, key, device.association.token) or results.eim_signature_signed(result, key)


def _eim_signature(operation: Operation) -> bytes | None:
    """The eimSignature of the package that an operation sent; None for other operations."""
    try:
        return tlv.parse(operation.message).get(0x5F37).value
    except DecodeError:
        return None


def _signing_form(result: PackageResult, device: Device, now: float) -> tuple[Event, ...]:
    """Tells when a result is signed as v1.0 has it: cards of v1.0 are seen with either form."""
    if result.kind == ERROR_UNSIGNED or device.euicc_certificate is None:
        return ()
    if not results.eim_signature_signed(result, Certificate(device.euicc_certificate).public_key):
        return ()
    said = "it is signed with the eimSignature behind the data, as v1.0 has it"
    return (Finding(now, device.eid, "EuiccPackageResult", said),)


def acknowledged_numbers(sequence_numbers: tuple[int, ...]) -> tuple[int, ...]:
    """What goes into BF53 for results and notifications with these sequence numbers."""
    return sequence_numbers


def refused_result_answer() -> int:
    """The provideEimPackageResultError for a result that is not believed."""
    return UNDEFINED_ERROR


def _why_not(result: PackageResult, device: Device, operation: Operation | None, context: Context) -> str:
    """Why a result is not believed; empty where it is."""
    rules = context.rules
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        (
            f"it is for the eIM {result.eim_id!r}",
            lambda: rules["result-names-this-eim"](result, context.identity.eim_id),
        ),
        (
            "its eimTransactionId belongs to another eUICC",
            lambda: rules["result-belongs-to-device"](device, operation),
        ),
        (
            "the eUICC's certificate is not known" if device.euicc_certificate is None else "its signature is wrong",
            lambda: rules["result-is-signed-by-device"](result, device),
        ),
    )
    return next((reason for reason, holds in checks if not holds()), "")


def _refused(
    state: EimState,
    device: Device,
    octets: bytes,
    transaction: bytes | None,
    reason: str,
    now: float,
    context: Context,
) -> Taken:
    event = ResultRefused(now, device.eid, reason, octets, transaction)
    return Taken(state, events=(event,), error=context.rules["refused-result-answer"]())


def _unsigned(
    state: EimState, device: Device, operation: Operation | None, result: PackageResult, now: float, context: Context
) -> Taken:
    event = UnsignedErrorReceived(now, device.eid, result.transaction_id, result.raw)
    if operation is not None and operation.is_open and operation.eid == device.eid:
        state = context.rules["after-unsigned-error"](state, device, replace(operation, answer=result.raw))
    return Taken(state, events=(event,))


def after_unsigned_error(state: EimState, device: Device, operation: Operation) -> EimState:
    """Nobody vouches for an unsigned error, so it closes nothing: the operation only stops being offered."""
    queue = tuple(waiting for waiting in device.queue if waiting != operation.transaction_id)
    return state.with_operation(operation).with_device(replace(device, queue=queue))


def _accepted(
    state: EimState,
    device: Device,
    operation: Operation | None,
    result: PackageResult,
    now: float,
    context: Context,
) -> Taken:
    if operation is None:
        unmatched = ResultUnmatched(now, device.eid, result.raw, result.transaction_id)
        return Taken(state, context.rules["unmatched-numbers"](result), (unmatched,))
    if result.kind != RESULT and (operation.state == DONE or operation.results):
        # A package that reaches the card again is answered with a replayError: it was carried out all the same.
        late = ResultAccepted(now, device.eid, operation.transaction_id, None, (), result.error_code, duplicate=True)
        return Taken(state, events=(late,))
    is_known = operation.answer == result.raw
    closed = replace(
        operation,
        state=DONE if result.is_success else FAILED,
        results=result.results,
        error_code=result.error_code,
        answer=result.raw,
    )
    event = ResultAccepted(
        now,
        device.eid,
        operation.transaction_id,
        result.sequence_number,
        result.results,
        result.error_code,
        is_known,
    )
    numbers = () if result.sequence_number is None else (result.sequence_number,)
    was_queued = operation.transaction_id in device.queue
    state = state.with_operation(context.rules["closed-operation"](operation, closed))
    if is_known:
        return Taken(state, numbers, (event,))
    learned, told = _learned(state, device.eid, closed, now, context)
    state = learned
    if result.error_code == REPLAY_ERROR and was_queued:
        state, more = context.rules["after-replay-error"](state, state.devices[device.eid], closed, now, context)
        told = (*told, *more)
    return Taken(state, numbers, (*told, event))


def _learned(
    state: EimState, eid: bytes, closed: Operation, now: float, context: Context
) -> tuple[EimState, tuple[Event, ...]]:
    """What a result tells of the device. Commands that a case made of any octets tell nothing."""
    try:
        device, events = context.rules["device-after-package"](state.devices[eid], closed, context.identity, now)
    except DecodeError:
        return state, ()
    return state.with_device(device), tuple(events)


def unmatched_numbers(_result: PackageResult) -> tuple[int, ...]:
    """What is acknowledged of a result that no operation waits for: nothing, so that the card keeps it for who knows it."""
    return ()


def closed_operation(before: Operation, after: Operation) -> Operation:
    """What an operation becomes when its result is accepted."""
    return after
