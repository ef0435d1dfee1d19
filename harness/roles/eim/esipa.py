"""ESipa, the eIM's side: one message in, one message out (SGP.32 v1.2 §5.14, ASN.1 binding §6.3).

Rules of this room:
- The outer tag chooses the function. Nothing here does input or output but through the ports in the context.
- A message of a known function always gets that function's answer: what cannot be read gets its undefinedError. Only
  what names no function at all stays without an ESipa answer.
- A form that is not that of the device's version is a finding, never by itself a reason to refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness import codec
from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.roles.eim import (
    authenticate_client,
    cancel_session,
    get_bound_profile_package,
    get_eim_package,
    handle_notification,
    initiate_authentication,
    provide_eim_package_result,
    transfer_eim_package,
)
from harness.roles.eim.context import Context, Outcome, Trouble
from harness.roles.eim.events import Finding, MessageRefused
from harness.roles.eim.http_rules import MAX_MESSAGE
from harness.roles.eim.state import Device, EimState

Handler = Callable[[EimState, Tlv, float, Context], Outcome]


@dataclass(frozen=True, slots=True)
class Function:
    """One ESipa function."""

    request: str
    """The name of the request's type."""
    handler: Handler
    undefined_error: bytes | None
    """The answer to a request that cannot be read; None where the function has no answer."""


def _undefined(tag: int, error_tag: int) -> bytes:
    return tlv.build(tag, tlv.integer(error_tag, 127))


FUNCTIONS: Mapping[int, Function] = {
    0xBF39: Function("InitiateAuthenticationRequestEsipa", initiate_authentication.answer, _undefined(0xBF39, 0x81)),
    0xBF3A: Function("GetBoundProfilePackageRequestEsipa", get_bound_profile_package.answer, _undefined(0xBF3A, 0x81)),
    0xBF3B: Function("AuthenticateClientRequestEsipa", authenticate_client.answer, _undefined(0xBF3B, 0x82)),
    0xBF3D: Function("HandleNotificationEsipa", handle_notification.answer, None),
    0xBF41: Function("CancelSessionRequestEsipa", cancel_session.answer, _undefined(0xBF41, 0x81)),
    0xBF4E: Function("TransferEimPackageResponse", transfer_eim_package.answer, None),
    0xBF4F: Function("GetEimPackageRequest", get_eim_package.answer, _undefined(0xBF4F, 0x02)),
    0xBF50: Function("ProvideEimPackageResult", provide_eim_package_result.answer, _undefined(0xBF50, 0x02)),
}


_POLL = b"\xbf\x4f"


def may_relay(message: bytes) -> bool:
    """Whether the answer may have to wait for an SM-DP+ or an SM-DS. A poll's never does."""
    return message[:2] != _POLL


def handle(state: EimState, message: bytes, now: float, context: Context) -> Outcome:
    """Answers one EsipaMessageFromIpaToEim. Raises nothing, whatever the octets."""
    if len(message) > MAX_MESSAGE:
        return _refused(state, f"{len(message)} octets are more than any ESipa message has", message[:64], now)
    try:
        request = tlv.parse(message)
    except DecodeError as fault:
        return _unreadable(state, message, fault, now)
    function = FUNCTIONS.get(request.tag)
    if function is None:
        return _refused(state, f"{request.tag:X} is no function of an eIM", message, now)
    try:
        outcome = function.handler(state, request, now, context)
    except DecodeError as fault:
        return _undefined_outcome(state, function, message, fault, now)
    eid = next((event.eid for event in outcome.events if event.eid is not None), None)
    device = None if eid is None else state.devices.get(eid)
    faults = _findings(function.request, message, context, device)
    findings = tuple(Finding(now, eid, function.request, fault) for fault in faults)
    return replace(outcome, events=findings + outcome.events)


def _findings(type_name: str, message: bytes, context: Context, device: Device | None) -> list[str]:
    """What a strict reader has against a message; no schema has one whose contents are of another version than itself."""
    version = context.message_forms(device).version
    return codec.findings(type_name, message, version=version) if version == context.forms_of(device).version else []


def _unreadable(state: EimState, message: bytes, fault: DecodeError, now: float) -> Outcome:
    """Octets that are no TLV; where they begin like a function, that function answers."""
    function = FUNCTIONS.get(int.from_bytes(message[:2], "big"))
    if function is None:
        return _refused(state, str(fault), message, now)
    return _undefined_outcome(state, function, message, fault, now)


def _undefined_outcome(state: EimState, function: Function, message: bytes, fault: DecodeError, now: float) -> Outcome:
    if function.undefined_error is None:
        return _refused(state, f"{function.request}: {fault}", message, now)
    event = MessageRefused(now, None, f"{function.request}: {fault}", message)
    return Outcome(state, function.undefined_error, (event,))


def _refused(state: EimState, reason: str, message: bytes, now: float) -> Outcome:
    return Outcome(state, b"", (MessageRefused(now, None, reason, message),), Trouble.MALFORMED)
