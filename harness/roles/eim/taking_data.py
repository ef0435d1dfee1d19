"""IpaEuiccData on arrival: what the eIM learns of a device from it (SGP.32 v1.2 §2.11.1.2).

Rules of this room:
- Stored results and notifications inside are taken like those that come alone; only their numbers are acknowledged.
- An eUICC certificate is learned when its chain holds up to a CI that is trusted and it names this EID. With no CI known
  the first one heard is kept, and another one later is refused.
- A card has a certificate for each of its CIs, and signs results under the one that this eIM named to it: a certificate
  under another CI does not take that one's place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec.tlv import Tlv
from harness.crypto.certificates import Certificate
from harness.crypto.errors import CryptoError
from harness.roles.eim import notifications, reading
from harness.roles.eim.accepting import Taken, take_package_result
from harness.roles.eim.context import Context
from harness.roles.eim.data import IpaEuiccData
from harness.roles.eim.events import DataReceived, DataRefused, Event, Finding, ResultRefused
from harness.roles.eim.finding_devices import awaiting
from harness.roles.eim.state import DATA, DONE, FAILED, RAW, Device, EimState, Operation
from harness.roles.eim.versions import EsipaForms

_NAME = "IpaEuiccDataResponse"
_BARE = "the choice under BF52 carries no A0 or A1"
_NUMBER = "the error is a plain INTEGER, as in v1.0.1"
_NO_NUMBER = "the error is a SEQUENCE, as in v1.2"
_LONGEST_ERROR = 2
"""Octets of a plain INTEGER; a bare defaultSmdpAddress of v1.2 has the same tag and is longer."""


def take_data(state: EimState, device: Device, octets: Tlv, now: float, context: Context) -> Taken:
    """Takes one IpaEuiccDataResponse, BF52, from a device. Raises DecodeError where it cannot be read at all."""
    forms = context.forms_of(device)
    error, body, fault = _body(octets, forms)
    findings: tuple[Event, ...] = (Finding(now, device.eid, _NAME, fault),) if fault else ()
    if error is not None:
        transaction = None if body is None else reading.octets(body, 0x80)
        state = _closed(state, device, transaction, FAILED, octets.raw, error_code=error)
        return Taken(state, events=(*findings, DataRefused(now, device.eid, transaction, error)))
    data = context.rules["data-told"](octets if body is None else body, forms.version)
    findings += tuple(Finding(now, device.eid, _NAME, finding) for finding in data.findings)
    state, learned = _learned(state, device, data, octets.raw, now, context)
    state = _closed(state, state.devices[device.eid], data.transaction_id, DONE, octets.raw)
    received = DataReceived(now, device.eid, data.transaction_id, data.fields, octets.raw)
    acknowledged: tuple[int, ...] = ()
    events: tuple[Event, ...] = (*findings, *learned, received)
    for result in data.results:
        taken = take_package_result(state, state.devices[device.eid], result, now, context)
        state, acknowledged, events = taken.state, acknowledged + taken.acknowledged, events + taken.events
    state, arrived, told = notifications.forward(state, data.notifications, device.eid, now, context)
    return Taken(state, acknowledged + arrived, events + told)


def _body(octets: Tlv, forms: EsipaForms) -> tuple[int | None, Tlv | None, str]:
    """The error code, the TLV with the fields, and what was wrong with the form."""
    children = octets.children
    if len(children) != 1:
        return None, octets, _BARE
    child = children[0]
    if child.tag == 0xA0:
        return None, child, ""
    if child.tag == 0xA1:
        return reading.integer(child.get(0x02)), child, _NO_NUMBER if forms.error_is_number else ""
    if child.tag == 0x02 or (child.tag == 0x81 and len(child.value) <= _LONGEST_ERROR):
        is_own = forms.error_is_number and child.tag == 0x81
        return reading.integer(child), None, "" if is_own else _NUMBER
    if child.tag == 0x30:
        code = child.find(0x02)
        return None if code is None else reading.integer(code), child, _BARE
    return None, octets, _BARE


def _closed(
    state: EimState, device: Device, transaction: bytes | None, outcome: str, answer: bytes, **changes: Any
) -> EimState:
    """The data request that is answered, closed: by its transaction, or the one that waits longest."""
    operation: Operation | None
    if transaction is not None:
        operation = state.operations.get(transaction)
    else:
        operation = next(iter(awaiting(state, DATA, device.eid)), None)
    if operation is None or not operation.is_open:
        return state
    if operation.kind not in (DATA, RAW) or operation.eid != device.eid:
        return state
    return state.with_operation(replace(operation, state=outcome, answer=answer, **changes))


def _learned(
    state: EimState, device: Device, data: IpaEuiccData, octets: bytes, now: float, context: Context
) -> tuple[EimState, tuple[Event, ...]]:
    device = replace(device, data=context.rules["known-data"](device.data, data), is_stale=False)
    euicc, eum = data.fields.get("euiccCertificate"), data.fields.get("eumCertificate")
    events: tuple[Event, ...] = ()
    if euicc is not None and euicc != device.euicc_certificate:
        eum = eum or device.eum_certificate
        reason = context.rules["why-certificate-is-untrustworthy"](context.trusted_ci, eum, euicc, device)
        if reason:
            events = (ResultRefused(now, device.eid, f"its eUICC certificate: {reason}", octets, data.transaction_id),)
        elif _is_under(context.identity.ci_key_id, eum) or not _is_under(
            context.identity.ci_key_id, device.eum_certificate
        ):
            device = replace(device, euicc_certificate=euicc, eum_certificate=eum)
    return state.with_device(device), events


def _is_under(ci_key_id: bytes | None, eum: bytes | None) -> bool:
    """Whether an EUM's certificate is known and was issued by this CI."""
    if ci_key_id is None or eum is None:
        return False
    try:
        return Certificate(eum).authority_key_id == ci_key_id
    except CryptoError:
        return False


def merged(before: IpaEuiccData | None, after: IpaEuiccData) -> IpaEuiccData:
    """What is known after another answer: fields that it does not hold stay as they were."""
    if before is None:
        return after
    return replace(
        after,
        fields={**before.fields, **after.fields},
        euicc_info1=after.euicc_info1 or before.euicc_info1,
        euicc_info2=after.euicc_info2 or before.euicc_info2,
        device_info=after.device_info or before.device_info,
    )
