"""ESipa.GetEimPackage: what waits for a device (SGP.32 v1.2 §5.14.5).

Rules of this room:
- A package is signed when it first leaves, so that counters rise in the order of delivery.
- What was delivered without an answer is offered again with the same octets, a few times; a card that already executed
  it refuses the copy by its counter. A download is triggered once only.
- A data request never stands before a package: one that got stuck must not block the device.
- A device that tells of a change (notifyStateChange) is asked for fresh data.
- A package is signed with the key that its eUICC knows, which after a rotation differs from device to device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.roles.eim import counters, data_requests, inventory, packages, reading
from harness.roles.eim.context import Context, Outcome
from harness.roles.eim.events import Event, Finding, OperationEnded, PackageDelivered, Polled
from harness.roles.eim.identity import EimIdentity
from harness.roles.eim.packages import PackageFields
from harness.roles.eim.state import (
    DATA,
    DELIVERED,
    DOWNLOAD,
    EXPIRED,
    PACKAGE,
    RAW,
    Association,
    Device,
    EimState,
    Operation,
)
from harness.roles.eim.versions import ESIPA, EsipaForms

NO_EIM_PACKAGE_AVAILABLE, EID_NOT_FOUND, INVALID_EID, MISSING_EID, UNDEFINED_ERROR = 1, 2, 3, 4, 127
ERROR_NAMES = {
    NO_EIM_PACKAGE_AVAILABLE: "noEimPackageAvailable",
    EID_NOT_FOUND: "eidNotFound",
    INVALID_EID: "invalidEid",
    MISSING_EID: "missingEid",
    UNDEFINED_ERROR: "undefinedError",
}
EID_LENGTH = 16
_CAUSE_TAG, _PLMN_TAG, _PLMN_OCTETS = 0x81, 0x82, 3
MAX_DELIVERIES = {PACKAGE: 3, DATA: 3, DOWNLOAD: 1, RAW: 1}


def error(code: int) -> bytes:
    """The answer that carries an eimPackageError."""
    return tlv.build(0xBF4F, tlv.integer(0x02, code))


def answer(state: EimState, message: Tlv, now: float, context: Context) -> Outcome:
    """Answers a GetEimPackageRequest."""
    eid = reading.octets(message, 0x5A)
    device = None if eid is None else state.devices.get(eid)
    heard, findings = _heard(message, eid, context, device, now)
    if heard.state_change_cause is not None and not context.rules["cause-is-understood"](heard.state_change_cause):
        raise DecodeError(f"no stateChangeCause is {heard.state_change_cause}")
    fault = context.rules["eid-fault"](eid)
    if fault is None and device is None:
        fault = context.rules["unknown-eid-answer"]()
    if fault is not None or device is None:
        code = UNDEFINED_ERROR if fault is None else fault
        return Outcome(state, error(code), (*findings, _polled(heard, code)))
    state, ended = _noticed(state, device, heard, context)
    state, operation, alarms = next_for(state, device.eid, now, context)
    told = (*findings, *ended, *alarms)
    if operation is None:
        code = context.rules["empty-queue-answer"]()
        return Outcome(state, error(code), (*told, _polled(heard, code)))
    delivered = PackageDelivered(
        now, eid, operation.transaction_id, operation.kind, operation.deliveries, operation.counter
    )
    reply = tlv.build(0xBF4F, operation.message)
    return Outcome(state, reply, (*told, replace(heard, answer=operation.kind), delivered))


def _noticed(state: EimState, device: Device, heard: Polled, context: Context) -> tuple[EimState, tuple[Event, ...]]:
    """The state after what a poll tells of its device, and the operations whose time is over by now."""
    plmn = heard.registered_plmn or device.registered_plmn
    state = state.with_device(replace(device, last_seen=heard.at, registered_plmn=plmn))
    if heard.state_changed or heard.state_change_cause is not None:
        state = context.rules["after-state-change"](state, device.eid, context)
    over = [
        operation
        for operation in state.named(device.queue)
        if operation.expires_at is not None and context.rules["is-expired"](operation.expires_at, heard.at)
    ]
    for operation in over:
        state = state.with_operation(replace(operation, state=EXPIRED))
    return state, tuple(OperationEnded(heard.at, device.eid, each.transaction_id, EXPIRED) for each in over)


def next_for(
    state: EimState, eid: bytes, now: float, context: Context
) -> tuple[EimState, Operation | None, tuple[Event, ...]]:
    """What leaves for a device now, if anything, and the alarms for what cannot."""
    device = state.devices[eid]
    alarms: tuple[Event, ...] = ()
    waiting = device
    while (chosen := context.rules["next-operation"](waiting, state.operations)) is not None:
        delivered = _delivered(state, device, chosen, context)
        if delivered is not None:
            return *delivered, alarms
        alarms = (*alarms, counters.exhausted(device, chosen, now))
        waiting = replace(waiting, queue=tuple(one for one in waiting.queue if one != chosen.transaction_id))
    return state, None, alarms


def cause_is_understood(_cause: int) -> bool:
    """Whether a stateChangeCause is worked with: any is, since later versions add some and all of them tell of a change."""
    return True


def after_state_change(state: EimState, eid: bytes, context: Context) -> EimState:
    """The state after an IPA has told of a change: what is known of the device is old, and asked for anew."""
    state = state.with_device(replace(state.devices[eid], is_stale=True))
    return counters.with_data_request(state, eid, data_requests.EVERYTHING, context)


def after_cancelling(state: EimState, cancelled: Operation) -> EimState:
    """The state without an operation that its operator took back."""
    return state.with_operation(cancelled)


def is_expired(expires_at: float, now: float) -> bool:
    """Whether an operation may not be delivered any more."""
    return now >= expires_at


def _heard(
    message: Tlv, eid: bytes | None, context: Context, device: Device | None, now: float
) -> tuple[Polled, tuple[Event, ...]]:
    forms = context.message_forms(device)
    found: dict[str, Tlv] = {}
    findings: tuple[Event, ...] = ()
    for field in message.children:
        name, other = context.rules["moved-field"](field, message, forms)
        if name is None:
            continue
        found[name] = field
        if other is not None:
            fault = f"{name} carries the tag of v{other}, {field.tag:X}"
            findings = (*findings, Finding(now, eid, "GetEimPackageRequest", fault))
    cause, plmn = found.get("stateChangeCause"), found.get("rPLMN")
    heard = Polled(
        now,
        eid,
        "",
        message.find(0x80) is not None,
        None if cause is None else reading.integer(cause),
        None if plmn is None else plmn.value,
    )
    return heard, findings


def moved_field(field: Tlv, message: Tlv, forms: EsipaForms) -> tuple[str | None, str | None]:
    """What a field is whose tag is not that of all versions, and the version that it is of where that is not the IPA's.

    81 is the network or the cause: a network has three octets, and a cause one. With 82 beside it, it is the cause.
    """
    is_cause = len(field.value) != _PLMN_OCTETS or message.find(_PLMN_TAG) is not None
    meant = {_CAUSE_TAG: "stateChangeCause" if is_cause else "rPLMN", _PLMN_TAG: "rPLMN"}.get(field.tag)
    if meant is None or forms.poll.get(field.tag) == meant:
        return meant, None
    return meant, next(version for version, one in ESIPA.items() if one.poll.get(field.tag) == meant)


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


def _delivered(
    state: EimState, device: Device, operation: Operation, context: Context
) -> tuple[EimState, Operation] | None:
    """The operation on its way; None where there is no counter left for it."""
    if operation.kind == PACKAGE and not operation.message:
        counter = context.rules["next-counter"](device.association.counter)
        if not context.rules["counter-may-be-used"](counter, inventory.gives_new_key(operation, context.identity)):
            return None
        operation = replace(operation, counter=counter, message=_signed(device, operation, counter, context))
        state = state.with_device(replace(device, association=replace(device.association, counter=counter)))
    operation = replace(operation, state=DELIVERED, deliveries=operation.deliveries + 1)
    return state.with_operation(operation), operation


def _signed(device: Device, operation: Operation, counter: int, context: Context) -> bytes:
    commands_tag, commands = context.rules["package-commands"](operation.commands_tag, operation.commands)
    fields = PackageFields(
        context.identity.eim_id,
        device.eid,
        counter,
        context.rules["package-transaction-id"](operation.transaction_id),
        commands,
    )
    signed = packages.package_signed(fields, commands_tag)
    key = context.rules["key-for-device"](context.identity, device.association)
    return packages.package_request(signed, device.association.token, key, context.rules)


def key_for_device(identity: EimIdentity, association: Association) -> EllipticCurvePrivateKey:
    """The signing key that the eUICC knows this eIM by."""
    return identity.key_named(association.key)
