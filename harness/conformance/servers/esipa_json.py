"""ESipa's JSON binding as an IPA would speak it: a message becomes JSON, the JSON answer becomes the message it stands for.

Written apart from the eIM role and from the IPA, so that a case can compare what an eIM says in both bindings.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from typing import Any

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.errors import MalformedAnswer

HEADERS = (
    ("Content-Type", "application/json;charset=UTF-8"),
    ("X-Admin-Protocol", "gsma/rsp/v2.1.0"),
    ("User-Agent", "gsma-rsp-ipad"),
)
PREFIX = "/gsma/rsp2/esipa/"
PATHS: Mapping[int, str] = {
    0xBF39: "initiateAuthentication",
    0xBF3A: "getBoundProfilePackage",
    0xBF3B: "authenticateClient",
    0xBF3D: "handleNotification",
    0xBF41: "cancelSession",
    0xBF4F: "getEimPackage",
    0xBF50: "provideEimPackageResult",
}

_RAW, _HEX, _PLAIN, _TEXT, _TRUE, _NUMBER, _INSIDE, _CANCEL = range(8)
_REQUESTS: Mapping[int, tuple[tuple[int | None, str, int], ...]] = {
    0xBF39: (
        (0x81, "euiccChallenge", _PLAIN),
        (0x83, "smdpAddress", _TEXT),
        (0xBF20, "euiccInfo1", _RAW),
        (0x82, "eimTransactionId", _HEX),
    ),
    0xBF3A: ((0x80, "transactionId", _HEX), (0xBF21, "prepareDownloadResponse", _RAW)),
    0xBF3B: ((0x80, "transactionId", _HEX), (0xBF38, "authenticateServerResponse", _RAW)),
    0xBF3D: ((0xA0, "pendingNotification", _INSIDE), (0xBF50, "provideEimPackageResult", _RAW)),
    0xBF41: ((0x80, "transactionId", _HEX), (0xA1, "cancelSessionResponse", _CANCEL)),
    0xBF4F: (
        (0x5A, "eidValue", _HEX),
        (0x80, "notifyStateChange", _TRUE),
        (0x81, "stateChangeCause", _NUMBER),
        (0x82, "rPLMN", _PLAIN),
    ),
    0xBF50: ((0x5A, "eidValue", _HEX), (None, "eimPackageResult", _RAW)),
}
"""Members by function; the tag None is whatever no other member has."""

_SPELT: Mapping[int, Callable[[Tlv], Any]] = {
    _RAW: lambda item: _encoded(item.raw),
    _HEX: lambda item: item.value.hex().upper(),
    _PLAIN: lambda item: _encoded(item.value),
    _TEXT: lambda item: item.value.decode(),
    _TRUE: lambda _: True,
    _NUMBER: lambda item: int.from_bytes(item.value, "big", signed=True),
    _INSIDE: lambda item: _encoded(item.value),
    _CANCEL: lambda item: _encoded(tlv.build(0xBF41, item.value)),
}

_ANSWERS: Mapping[int, tuple[tuple[str, int], ...]] = {
    0xBF39: (
        ("transactionId", 0x80),
        ("serverSigned1", 0),
        ("serverSignature1", 0),
        ("euiccCiPKIdentifierToBeUsed", 0),
        ("serverCertificate", 0),
        ("matchingId", 0x0C),
        ("ctxParams1", 0xA2),
    ),
    0xBF3A: (("transactionId", 0x80), ("boundProfilePackage", 0)),
    0xBF3B: (
        ("transactionId", 0x80),
        ("profileMetadata", 0),
        ("smdpSigned2", 0),
        ("smdpSignature2", 0),
        ("smdpCertificate", 0),
        ("hashCc", 0),
    ),
    0xBF41: (),
}
"""Members of a successful answer in the order of the message; 0 stands as the DER it holds."""
_ERRORS: Mapping[int, tuple[str, int]] = {
    0xBF39: ("initiateAuthenticationErrorEsipa", 0x81),
    0xBF3A: ("getBoundProfilePackageErrorEsipa", 0x81),
    0xBF3B: ("authenticateClientErrorEsipa", 0x82),
    0xBF41: ("cancelSessionError", 0x81),
    0xBF4F: ("eimPackageError", 0x02),
    0xBF50: ("provideEimPackageResultError", 0x02),
}
_CHOICES: Mapping[int, tuple[str, ...]] = {
    0xBF4F: ("euiccPackageRequest", "ipaEuiccDataRequest", "profileDownloadTriggerRequest"),
    0xBF50: ("eimAcknowledgements",),
}


def _encoded(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def request_of(message: bytes) -> tuple[str, bytes]:
    """Path and body that say what an ESipa message says."""
    outer = tlv.parse(message)
    members = _REQUESTS[outer.tag]
    known = {tag for tag, _, _ in members if tag is not None}
    found: dict[str, Any] = {}
    for child in outer.children:
        tag = child.tag if child.tag in known else None
        name, form = next((name, form) for wanted, name, form in members if wanted == tag)
        found[name] = _SPELT[form](child)
    return PREFIX + PATHS[outer.tag], json.dumps(found).encode()


def answer_of(tag: int, body: bytes) -> Tlv:
    """The ESipa message that a JSON answer of this function stands for. Raises MalformedAnswer."""
    try:
        fields = json.loads(body)
        status = fields["header"]["functionExecutionStatus"]["status"]
        return tlv.parse(_message(tag, status, fields))
    except (ValueError, RecursionError, LookupError, TypeError, DecodeError) as error:
        raise MalformedAnswer(f"no answer of the JSON binding: {body[:80]!r}") from error


def _message(tag: int, status: str, fields: Mapping[str, Any]) -> bytes:
    name, error_tag = _ERRORS[tag]
    if name in fields:
        return tlv.build(tag, tlv.integer(error_tag, int(fields[name])))
    if not str(status).startswith("Executed-"):
        raise LookupError(f"a failure without {name}")
    if tag in _CHOICES:
        chosen = [_decoded(fields[choice]) for choice in _CHOICES[tag] if choice in fields]
        return tlv.build(tag, *(chosen or [tlv.build(0x30)]))
    members = _ANSWERS[tag]
    return tlv.build(tag, tlv.build(0xA0, *(_part(fields[key], kind) for key, kind in members if key in fields)))


def _part(value: str, tag: int) -> bytes:
    if tag == 0x80:
        return tlv.build(tag, bytes.fromhex(value))
    if tag == 0x0C:
        return tlv.build(tag, value.encode())
    return _decoded(value) if tag == 0 else tlv.build(tag, _decoded(value))


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
