"""The JSON binding of ES9+: HTTP bodies to requests, answers to HTTP bodies (SGP.22 v2.5 §6.5).

Rules of this room:
- A function that fails is HTTP 200 with status Failed and its codes; what is no request at all is a 4xx without a body.
- Reading is strict about JSON and base64, except for white space within base64, which clients are known to send.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.roles.smdp import messages
from harness.roles.smdp.messages import Acknowledged, Answer, Request
from harness.roles.smdp.status import Malformed, Status

PREFIX = "/gsma/rsp2/es9plus/"
HEADERS: Headers = (
    ("Content-Type", "application/json;charset=UTF-8"),
    ("X-Admin-Protocol", "gsma/rsp/v2.5.0"),
)
_CHALLENGE = 16
_TRANSACTION_ID = 16

Fields = Mapping[str, Any]
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HttpReply:
    """One HTTP answer, before anybody sends it."""

    status: int
    headers: Headers
    body: bytes


def read(function: str, body: bytes) -> Request:
    """The request of this function. Raises Malformed; KeyError for an unknown function."""
    return _READERS[function](_document(body))


def write(answer: Answer) -> HttpReply:
    """The HTTP answer of a function that succeeded."""
    return _reply({"header": _header({"status": "Executed-Success"}), **_data(answer)})


def refuse(status: Status) -> HttpReply:
    """The HTTP answer of a function that failed."""
    code = status.value
    told = {"subjectCode": code.subject, "reasonCode": code.reason, "message": code.message}
    return _reply({"header": _header({"status": "Failed", "statusCodeData": told})})


def nothing(status: int) -> HttpReply:
    """An HTTP answer without a body."""
    return HttpReply(status, (HEADERS[1],), b"")


def response_headers(headers: Headers) -> Headers:
    """The headers of an answer, as they are sent."""
    return headers


def _header(status: Fields) -> Fields:
    return {"functionExecutionStatus": status}


def _reply(document: Fields) -> HttpReply:
    return HttpReply(200, HEADERS, json.dumps(document, separators=(",", ":")).encode())


def _document(body: bytes) -> Fields:
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Malformed("the body is not a JSON object")
    return document


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise Malformed(f"{name} is missing or no string")
    return value


def _octets(fields: Fields, name: str) -> bytes:
    text = "".join(_text(fields, name).split())
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Malformed(f"{name} is not base64") from error


def _transaction_id(fields: Fields) -> bytes:
    text = _text(fields, "transactionId")
    try:
        octets = binascii.unhexlify(text.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Malformed("transactionId is not hexadecimal") from error
    if not 1 <= len(octets) <= _TRANSACTION_ID:
        raise Malformed("transactionId has a wrong length")
    return octets


def _initiate_authentication(fields: Fields) -> messages.InitiateAuthentication:
    challenge = _octets(fields, "euiccChallenge")
    if len(challenge) != _CHALLENGE:
        raise Malformed("euiccChallenge has a wrong length")
    return messages.InitiateAuthentication(_text(fields, "smdpAddress"), challenge, _octets(fields, "euiccInfo1"))


def _authenticate_client(fields: Fields) -> messages.AuthenticateClient:
    return messages.AuthenticateClient(_transaction_id(fields), _octets(fields, "authenticateServerResponse"))


def _get_bound_profile_package(fields: Fields) -> messages.GetBoundProfilePackage:
    return messages.GetBoundProfilePackage(_transaction_id(fields), _octets(fields, "prepareDownloadResponse"))


def _handle_notification(fields: Fields) -> messages.HandleNotification:
    return messages.HandleNotification(_octets(fields, "pendingNotification"))


def _cancel_session(fields: Fields) -> messages.CancelSession:
    return messages.CancelSession(_transaction_id(fields), _octets(fields, "cancelSessionResponse"))


_READERS: Mapping[str, Callable[[Fields], Request]] = {
    "initiateAuthentication": _initiate_authentication,
    "authenticateClient": _authenticate_client,
    "getBoundProfilePackage": _get_bound_profile_package,
    "handleNotification": _handle_notification,
    "cancelSession": _cancel_session,
}

FUNCTIONS = tuple(_READERS)
"""The functions of ES9+ as they stand in paths."""


def _data(answer: Answer) -> Fields:
    if isinstance(answer, Acknowledged):
        return {}
    data = {name: _encoded(getattr(answer, field)) for field, name in _NAMES[type(answer)].items()}
    return {"transactionId": answer.transaction_id.hex().upper(), **data}


def _encoded(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


_NAMES: Mapping[type[Any], Mapping[str, str]] = {
    messages.InitiateAuthenticationOk: {
        "server_signed1": "serverSigned1",
        "server_signature1": "serverSignature1",
        "euicc_ci_key_id": "euiccCiPKIdToBeUsed",
        "server_certificate": "serverCertificate",
    },
    messages.AuthenticateClientOk: {
        "profile_metadata": "profileMetadata",
        "smdp_signed2": "smdpSigned2",
        "smdp_signature2": "smdpSignature2",
        "smdp_certificate": "smdpCertificate",
    },
    messages.GetBoundProfilePackageOk: {"bound_profile_package": "boundProfilePackage"},
}
