"""JSON over HTTP as every function of an RSP server has it: the header of an answer, and fields read strictly (§6.5).

- A function that fails is HTTP 200 with status Failed and its codes; what is no request at all is a 4xx without a body.
- Reading is strict about JSON and base64, except for white space within base64, which clients are known to send.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.roles.rsp_server.status import Malformed, StatusCode

CHALLENGE = 16
"""Octets of a challenge."""
_TRANSACTION_ID = 16

Fields = Mapping[str, Any]
Headers = tuple[tuple[str, str], ...]
ADMIN_PROTOCOL = ("X-Admin-Protocol", "gsma/rsp/v2.5.0")
HEADERS: Headers = (("Content-Type", "application/json;charset=UTF-8"), ADMIN_PROTOCOL)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """One HTTP answer, before anybody sends it."""

    status: int
    headers: Headers
    body: bytes
    injected: tuple[str, ...] = ()
    """Faults that were put into it on purpose."""
    delay: float = 0.0
    """Seconds that it is to be late."""
    is_dropped: bool = False
    """Whether the connection is to end in its place."""


def succeeded(fields: Fields) -> HttpReply:
    """The answer of a function that succeeded, with these fields."""
    return _reply({"header": _header({"status": "Executed-Success"}), **fields})


def failed(status: StatusCode) -> HttpReply:
    """The answer of a function that failed."""
    told = {"subjectCode": status.subject, "reasonCode": status.reason, "message": status.message}
    return _reply({"header": _header({"status": "Failed", "statusCodeData": told})})


def nothing(status: int) -> HttpReply:
    """An answer without a body."""
    return HttpReply(status, (ADMIN_PROTOCOL,), b"")


def response_headers(headers: Headers) -> Headers:
    """The headers of an answer, as they are sent."""
    return headers


def document(body: bytes) -> Fields:
    """The JSON object of a request. Raises Malformed; a name that stands twice is one of the reasons."""
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise Malformed("the body is not a JSON object")
    return found


def text(fields: Fields, name: str) -> str:
    """A string. Raises Malformed where it is missing or something else."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise Malformed(f"{name} is missing or no string")
    return value


def octets(fields: Fields, name: str) -> bytes:
    """A base64 field. Raises Malformed."""
    squeezed = "".join(text(fields, name).split())
    try:
        return base64.b64decode(squeezed.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Malformed(f"{name} is not base64") from error


def challenge(fields: Fields) -> bytes:
    """euiccChallenge, 16 octets. Raises Malformed."""
    found = octets(fields, "euiccChallenge")
    if len(found) != CHALLENGE:
        raise Malformed("euiccChallenge has a wrong length")
    return found


def transaction_id(fields: Fields) -> bytes:
    """transactionId, 1 to 16 octets in hexadecimal. Raises Malformed."""
    try:
        found = binascii.unhexlify(text(fields, "transactionId").encode("ascii"))
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Malformed("transactionId is not hexadecimal") from error
    if not 1 <= len(found) <= _TRANSACTION_ID:
        raise Malformed("transactionId has a wrong length")
    return found


def base64_text(value: bytes) -> str:
    """Octets as JSON carries them."""
    return base64.b64encode(value).decode("ascii")


def _header(status: Fields) -> Fields:
    return {"functionExecutionStatus": status}


def _reply(value: Fields) -> HttpReply:
    return HttpReply(200, HEADERS, json.dumps(value, separators=(",", ":")).encode())


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found
