"""Which device a result comes from when it does not say.

eidValue is optional in ProvideEimPackageResult, and some IPAs end the connection between package and result: the device
is found by the transaction, by the certificate in the answer, by who polled on the connection before, or because only one
device can have meant it. IPAs of v1.0.1 never say. Behind a gateway several devices share a connection: the one that owes an
answer is meant, and where several do, nobody can tell.
"""

from __future__ import annotations

from harness.codec import DecodeError
from harness.codec.tlv import Tlv
from harness.crypto.certificates import Certificate
from harness.errors import HarnessError
from harness.roles.eim import reading
from harness.roles.eim.state import DATA, DELIVERED, DOWNLOAD, PACKAGE, Device, EimState, Operation
from harness.roles.eim.versions import ESIPA

_NUMBER = 0x02
_KINDS = {0xBF51: PACKAGE, 0x30: PACKAGE, 0xBF52: DATA, 0xBF54: DOWNLOAD}
_TRANSACTION_PATHS = {
    0xBF51: ((0xA0, 0x30, 0x82), (0xA1, 0x30, 0x82), (0xA2, 0x82), (0x30, 0x82), (0x30, 0x30, 0x82), (0x82,)),
    0xBF52: ((0xA0, 0x87), (0xA1, 0x80), (0x87,), (0x30, 0x87), (0x30, 0x80)),
    0xBF54: ((0x82,),),
    0xA0: ((0x80,),),
}


def device_behind(state: EimState, body: Tlv, callers: tuple[bytes, ...] = ()) -> Device | None:
    """The device that an eIM Package Result without eidValue belongs to, or None. `callers` polled on its connection."""
    transaction = transaction_of(body)
    if transaction is not None and transaction in state.operations:
        return state.devices.get(state.operations[transaction].eid)
    eid = _eid_in_certificate(body)
    if eid is not None:
        return state.devices.get(eid)
    if transaction is not None:
        return None
    kind = _KINDS.get(body.tag)
    if any(caller in state.devices for caller in callers):
        caller = caller_meant(state, callers, kind)
        return None if caller is None else state.devices[caller]
    waiting = {operation.eid for operation in awaiting(state, kind)}
    device = state.devices.get(waiting.pop()) if len(waiting) == 1 else None
    # A number alone could be anybody's: it is taken from nobody known only for a device that has no other error.
    is_for_other = body.tag == _NUMBER and device is not None and not ESIPA[device.esipa_version].error_is_number
    return None if is_for_other else device


def caller_meant(state: EimState, callers: tuple[bytes, ...], kind: str | None) -> bytes | None:
    """Of the devices that polled on a connection the only one, or the only one that owes an answer of that kind."""
    known = [caller for caller in callers if caller in state.devices]
    if len(known) > 1:
        known = [caller for caller in known if awaiting(state, kind, caller)]
    return known[0] if len(known) == 1 else None


def transaction_of(body: Tlv) -> bytes | None:
    """The eimTransactionId inside an EimPackageResult, where it has one. Raises DecodeError."""
    if body.tag == 0x30:
        body = body.get(0xBF51)
    for path in _TRANSACTION_PATHS.get(body.tag, ()):
        found = _find(body, path)
        if found is not None:
            return found.value
    return None


def awaiting(state: EimState, kind: str | None, eid: bytes | None = None) -> list[Operation]:
    """Operations that were delivered and not answered, of one kind (None: any) and one device (None: any)."""
    device = None if eid is None else state.devices.get(eid)
    candidates = state.delivered if device is None else device.queue
    return [
        operation
        for operation in state.named(candidates)
        if operation.state == DELIVERED and kind in (None, operation.kind) and eid in (None, operation.eid)
    ]


def _find(parent: Tlv, path: tuple[int, ...]) -> Tlv | None:
    """Like Tlv.find, but what is no row of TLVs holds nothing."""
    try:
        return parent.find(*path)
    except DecodeError:
        return None


def _eid_in_certificate(body: Tlv) -> bytes | None:
    if body.tag != 0xBF52:
        return None
    field = _find(body, (0xA0, 0xA6)) or _find(body, (0xA6,))
    if field is None:
        return None
    try:
        return Certificate(reading.certificate(field)[0]).eid
    except HarnessError:
        return None
