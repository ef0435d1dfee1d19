"""The JSON bindings of ES11 and ES12: HTTP bodies to requests, answers to HTTP bodies (SGP.22 v2.5 §6.5.2)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from harness.roles.rsp_server import json_envelope as envelope
from harness.roles.rsp_server.json_envelope import Fields, HttpReply
from harness.roles.rsp_server.status import Malformed
from harness.roles.smds.messages import (
    Answer,
    AuthenticateClient,
    AuthenticateClientOk,
    DeleteEvent,
    InitiateAuthentication,
    InitiateAuthenticationOk,
    RegisterEvent,
    Request,
)
from harness.roles.smds.state import EventRecord

_ES11, _ES12 = "/gsma/rsp2/es9plus/", "/gsma/rsp2/es12/"
_EID = re.compile(r"[0-9]{32}")
_MOST_TEXT = 255


def _initiate_authentication(fields: Fields) -> InitiateAuthentication:
    return InitiateAuthentication(
        envelope.text(fields, "smdpAddress"), envelope.challenge(fields), envelope.octets(fields, "euiccInfo1")
    )


def _authenticate_client(fields: Fields) -> AuthenticateClient:
    return AuthenticateClient(envelope.transaction_id(fields), envelope.octets(fields, "authenticateServerResponse"))


def _register_event(fields: Fields) -> RegisterEvent:
    eid, event_id = _event(fields)
    forwarded = fields.get("forwardingIndicator", False)
    if not isinstance(forwarded, bool):
        raise Malformed("forwardingIndicator is no boolean")
    return RegisterEvent(EventRecord(eid, event_id, _name(fields, "rspServerAddress"), forwarded))


def _delete_event(fields: Fields) -> DeleteEvent:
    return DeleteEvent(*_event(fields))


_READERS: Mapping[str, Callable[[Fields], Request]] = {
    f"{_ES11}initiateAuthentication": _initiate_authentication,
    f"{_ES11}authenticateClient": _authenticate_client,
    f"{_ES12}registerEvent": _register_event,
    f"{_ES12}deleteEvent": _delete_event,
}

PATHS = frozenset(_READERS)
"""Where functions are."""


def read(path: str, body: bytes) -> Request:
    """The request of the function at this path. Raises Malformed; KeyError for an unknown path."""
    return _READERS[path](envelope.document(body))


def write(answer: Answer) -> HttpReply:
    """The HTTP answer of a function that succeeded."""
    match answer:
        case InitiateAuthenticationOk():
            fields = {
                "serverSigned1": answer.server_signed1,
                "serverSignature1": answer.server_signature1,
                "euiccCiPKIdToBeUsed": answer.euicc_ci_key_id,
                "serverCertificate": answer.server_certificate,
            }
            encoded = {name: envelope.base64_text(octets) for name, octets in fields.items()}
            return envelope.succeeded({"transactionId": answer.transaction_id.hex().upper(), **encoded})
        case AuthenticateClientOk():
            entries = [{"eventId": event.event_id, "rspServerAddress": event.server_address} for event in answer.events]
            transaction = answer.transaction_id.hex().upper()
            return envelope.succeeded({"transactionId": transaction, "eventEntries": entries})
        case _:
            return envelope.succeeded({})


def _event(fields: Fields) -> tuple[bytes, str]:
    """The EID and the name of an event. Whoever calls ES12 says in the header who it is."""
    header = fields.get("header")
    if not isinstance(header, dict):
        raise Malformed("header is missing")
    for name in ("functionRequesterIdentifier", "functionCallIdentifier"):
        envelope.text(header, name)
    digits = envelope.text(fields, "eid")
    if not _EID.fullmatch(digits):
        raise Malformed("eid is not 32 digits")
    return bytes.fromhex(digits), _name(fields, "eventId")


def _name(fields: Fields, name: str) -> str:
    found = envelope.text(fields, name)
    if not 1 <= len(found) <= _MOST_TEXT or not found.isprintable():
        raise Malformed(f"{name} is empty, too long or not printable")
    return found
