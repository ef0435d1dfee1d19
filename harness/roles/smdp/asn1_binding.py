"""The ASN.1 binding of ES9+: the same requests and answers as in JSON, in DER (SGP.22 v2.5 §6.6.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.roles.rsp_server import asn1_envelope as envelope
from harness.roles.rsp_server.status import StatusCode
from harness.roles.smdp import messages
from harness.roles.smdp.messages import Acknowledged, Answer, Request
from harness.roles.smdp.status import Status

_TRANSACTION_ID, _CHALLENGE, _ADDRESS, _INFO1 = 0x80, 0x81, 0x83, 0xBF20
_SERVER_RESPONSE, _PREPARED, _CANCELLED, _PENDING = 0xBF38, 0xBF21, 0xA1, 0xA0
_CANCEL_SESSION_RESPONSE = 0xBF41
"""Automatic tags put A1 in the place of this tag within a request."""
_UNDEFINED = 127

_READERS: Mapping[int, Callable[[Tlv], Request]] = {
    envelope.INITIATE_AUTHENTICATION: lambda asked: messages.InitiateAuthentication(
        asked.get(_ADDRESS).value.decode(), asked.get(_CHALLENGE).value, asked.get(_INFO1).raw
    ),
    envelope.AUTHENTICATE_CLIENT: lambda asked: messages.AuthenticateClient(
        asked.get(_TRANSACTION_ID).value, asked.get(_SERVER_RESPONSE).raw
    ),
    envelope.GET_BOUND_PROFILE_PACKAGE: lambda asked: messages.GetBoundProfilePackage(
        asked.get(_TRANSACTION_ID).value, asked.get(_PREPARED).raw
    ),
    envelope.CANCEL_SESSION: lambda asked: messages.CancelSession(
        asked.get(_TRANSACTION_ID).value, tlv.build(_CANCEL_SESSION_RESPONSE, asked.get(_CANCELLED).value)
    ),
    envelope.HANDLE_NOTIFICATION: lambda asked: messages.HandleNotification(asked.get(_PENDING).value),
}
_FUNCTIONS: Mapping[type[Any], int] = {
    messages.InitiateAuthentication: envelope.INITIATE_AUTHENTICATION,
    messages.AuthenticateClient: envelope.AUTHENTICATE_CLIENT,
    messages.GetBoundProfilePackage: envelope.GET_BOUND_PROFILE_PACKAGE,
    messages.CancelSession: envelope.CANCEL_SESSION,
}
_ERRORS: Mapping[int, Mapping[StatusCode, int]] = {
    envelope.INITIATE_AUTHENTICATION: {
        Status.INVALID_ADDRESS: 1,
        Status.UNSUPPORTED_VERSION: 2,
        Status.NO_KNOWN_CI: 3,
        Status.NO_CERTIFICATE: 3,
    },
    envelope.AUTHENTICATE_CLIENT: {
        Status.EUM_INVALID: 1,
        Status.EUM_EXPIRED: 2,
        Status.EUICC_INVALID: 3,
        Status.EUICC_EXPIRED: 4,
        Status.EUICC_UNVERIFIED: 5,
        Status.MATCHING_ID_REFUSED: 6,
        Status.EID_REFUSED: 7,
        Status.NOT_ELIGIBLE: 8,
        Status.UNKNOWN_CI: 9,
        Status.UNKNOWN_TRANSACTION: 10,
        Status.INSUFFICIENT_MEMORY: 11,
    },
    envelope.GET_BOUND_PROFILE_PACKAGE: {
        Status.EUICC_UNVERIFIED: 1,
        Status.CONFIRMATION_CODE_MISSING: 2,
        Status.CONFIRMATION_CODE_REFUSED: 3,
        Status.CONFIRMATION_RETRIES_EXCEEDED: 4,
        Status.NO_NEW_BINDING: 5,
        Status.ORDER_EXPIRED: 6,
        Status.UNKNOWN_TRANSACTION: 95,
    },
    envelope.CANCEL_SESSION: {Status.UNKNOWN_TRANSACTION: 1, Status.EUICC_UNVERIFIED: 2},
}
"""The codes that the module names. What it has no code for is undefinedError; InitiateAuthentication has no such code, and
nothing else fails there."""


def read(body: bytes) -> Request:
    """The request. Raises DecodeError for octets that are none."""
    asked = envelope.request(body)
    return _READERS[asked.tag](asked)


def write(answer: Answer) -> bytes:
    """The content of the answer of a function that succeeded."""
    if isinstance(answer, Acknowledged):
        return envelope.ok()
    return envelope.ok(tlv.build(_TRANSACTION_ID, answer.transaction_id), *_fields(answer))


def function_of(request: Request) -> int:
    """The tag of the request's function; 0 for HandleNotification, which has no answer."""
    return _FUNCTIONS.get(type(request), 0)


def error_code(function: int, status: StatusCode) -> int:
    """The number that a function's answer has for a status."""
    return _ERRORS[function].get(status, _UNDEFINED)


def enclosed(function: int, content: bytes) -> bytes:
    """The whole answer of a function."""
    return envelope.enclosed(function, content)


def _fields(answer: Answer) -> tuple[bytes, ...]:
    """The answer's fields behind the transaction id, each the whole TLV that it is."""
    match answer:
        case messages.InitiateAuthenticationOk():
            return (
                answer.server_signed1,
                answer.server_signature1,
                answer.euicc_ci_key_id,
                answer.server_certificate,
            )
        case messages.AuthenticateClientOk():
            return (
                answer.profile_metadata,
                answer.smdp_signed2,
                answer.smdp_signature2,
                answer.smdp_certificate,
            )
        case messages.GetBoundProfilePackageOk():
            return (answer.bound_profile_package,)
        case Acknowledged():
            return ()
