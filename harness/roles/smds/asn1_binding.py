"""The ASN.1 binding of ES11: the same requests and answers as in JSON, in DER (SGP.22 v2.5 §6.6.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.roles.rsp_server import asn1_envelope as envelope
from harness.roles.rsp_server.status import Malformed, StatusCode
from harness.roles.smds.messages import (
    Answer,
    AuthenticateClient,
    AuthenticateClientOk,
    InitiateAuthentication,
    InitiateAuthenticationOk,
    Request,
)
from harness.roles.smds.status import Status

_EVENTS = 0xBF40
"""AuthenticateClientResponseEs11: the one answer whose tag is not that of its request."""
_TRANSACTION_ID, _CHALLENGE, _ADDRESS, _INFO1, _SERVER_RESPONSE = 0x80, 0x81, 0x83, 0xBF20, 0xBF38
_ENTRIES, _ENTRY, _EVENT_ID, _SERVER_ADDRESS = 0xA1, 0x30, 0x80, 0x81
_UNDEFINED = 127

_READERS: Mapping[int, Callable[[Tlv], Request]] = {
    envelope.INITIATE_AUTHENTICATION: lambda asked: InitiateAuthentication(
        asked.get(_ADDRESS).value.decode(), asked.get(_CHALLENGE).value, asked.get(_INFO1).raw
    ),
    envelope.AUTHENTICATE_CLIENT: lambda asked: AuthenticateClient(
        asked.get(_TRANSACTION_ID).value, asked.get(_SERVER_RESPONSE).raw
    ),
}
_ANSWERS = {InitiateAuthentication: envelope.INITIATE_AUTHENTICATION, AuthenticateClient: _EVENTS}
_ERRORS: Mapping[int, Mapping[StatusCode, int]] = {
    envelope.INITIATE_AUTHENTICATION: {
        Status.INVALID_ADDRESS: 1,
        Status.UNSUPPORTED_VERSION: 2,
        Status.NO_KNOWN_CI: 3,
        Status.NO_CERTIFICATE: 3,
    },
    _EVENTS: {
        Status.EUM_INVALID: 1,
        Status.EUM_EXPIRED: 2,
        Status.EUICC_INVALID: 3,
        Status.EUICC_EXPIRED: 4,
        Status.EUICC_UNVERIFIED: 5,
        Status.UNKNOWN_EVENT: 6,
        Status.UNKNOWN_TRANSACTION: 7,
    },
}


def read(body: bytes) -> Request:
    """The request. Raises Malformed for a function that an SM-DS does not have, DecodeError for what is none at all."""
    asked = envelope.request(body)
    reader = _READERS.get(asked.tag)
    if reader is None:
        raise Malformed(f"an SM-DS has no function {asked.tag:X}")
    return reader(asked)


def write(request: Request, answer: Answer | StatusCode) -> bytes:
    """The whole answer to a request."""
    tag = _ANSWERS[type(request)]
    if isinstance(answer, StatusCode):
        return envelope.enclosed(tag, envelope.error(_ERRORS[tag].get(answer, _UNDEFINED)))
    return envelope.enclosed(tag, envelope.ok(*_fields(answer)))


def _fields(answer: Answer) -> tuple[bytes, ...]:
    match answer:
        case InitiateAuthenticationOk():
            return (
                tlv.build(_TRANSACTION_ID, answer.transaction_id),
                answer.server_signed1,
                answer.server_signature1,
                answer.euicc_ci_key_id,
                answer.server_certificate,
            )
        case AuthenticateClientOk():
            entries = [
                tlv.build(
                    _ENTRY,
                    tlv.build(_EVENT_ID, event.event_id.encode()),
                    tlv.build(_SERVER_ADDRESS, event.server_address.encode()),
                )
                for event in answer.events
            ]
            return tlv.build(_TRANSACTION_ID, answer.transaction_id), tlv.build(_ENTRIES, *entries)
        case _:
            return ()
