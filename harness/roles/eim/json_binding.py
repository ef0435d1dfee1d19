"""ESipa's JSON binding: the same functions with names and base64 in place of tags (SGP.32 v1.2 §6.4).

Rules of this room:
- JSON is only another spelling: a request becomes the ESipa message that the ASN.1 binding would have carried, and the
  answer to that message is spelled in JSON. Nothing here decides anything about ESipa.
- DER goes through as octets. A member is base64 of its DER, except identifiers: transactionId and eimTransactionId are
  hexadecimal, eidValue is 32 digits, euiccChallenge and rPLMN are base64 of the plain octets; addresses and matchingId are
  text, error codes numbers.
- The members are those of v1.2, for devices of every version: how v1.0.1 named its own is not known to us. The DER inside
  is that of the device's version.
- The table that ties ESipa errors to subject and reason codes is not known to us beyond those of SGP.22: a failure carries
  the number of ESipa under its ASN.1 name, and SGP.22's codes where there are some of that meaning.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.codec import DecodeError, tlv
from harness.codec.tlv import Tlv
from harness.roles.eim import (
    authenticate_client,
    cancel_session,
    get_bound_profile_package,
    initiate_authentication,
    reading,
)
from harness.roles.eim.relaying import Step

PREFIX = "/gsma/rsp2/esipa/"
CONTENT_TYPE = "application/json"
VERSION = "1.2"
"""Of the messages that JSON requests become."""
_SUCCESS = {"functionExecutionStatus": {"status": "Executed-Success"}}
_HEXADECIMAL = re.compile(r"([0-9A-Fa-f]{2}){1,16}")

Json = Mapping[str, Any]


class Malformed(Exception):
    """A body that is no JSON request of the function. The binding refuses it before ESipa begins."""


def octets_of(value: Any) -> bytes:
    """The octets of a member that is base64. Raises Malformed."""
    if not isinstance(value, str):
        raise Malformed("a member that should be base64 is no text")
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("a member is no base64") from error


def _hexadecimal(value: Any) -> bytes:
    if not isinstance(value, str) or not _HEXADECIMAL.fullmatch(value):
        raise Malformed("a transaction identifier is no hexadecimal of 1 to 16 octets")
    return bytes.fromhex(value)


def _text(value: Any) -> bytes:
    if not isinstance(value, str):
        raise Malformed("a member that should be text is none")
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise Malformed("a text holds half a surrogate pair") from error


def _eid(value: Any) -> bytes:
    """The octets of an EID. What is none keeps a wrong length, for the eIM to call it invalidEid."""
    if not isinstance(value, str):
        raise Malformed("eidValue is no text")
    if value.isascii() and value.isdecimal() and len(value) % 2 == 0:
        return bytes.fromhex(value)
    return _text(value)[:15]


def _number(value: Any) -> bytes:
    if not isinstance(value, int) or isinstance(value, bool) or not -(1 << 31) <= value < 1 << 31:
        raise Malformed("a member that should be a number is none")
    return tlv.integer(0x02, value)[2:]


Reader = Callable[[Any], bytes]


def _tagged(tag: int, read: Reader) -> Reader:
    return lambda value: tlv.build(tag, read(value))


def _flag(tag: int) -> Reader:
    """A NULL: there where the member is true, absent where it is false."""

    def read(value: Any) -> bytes:
        if not isinstance(value, bool):
            raise Malformed("a member that should be true or false is neither")
        return tlv.build(tag) if value else b""

    return read


def _retagged(tag: int) -> Reader:
    """DER whose own tag ESipa replaces."""

    def read(value: Any) -> bytes:
        try:
            return tlv.build(tag, tlv.parse(octets_of(value)).value)
        except DecodeError as fault:
            raise Malformed(f"a member is no DER: {fault}") from fault

    return read


def _package_result(value: Any) -> bytes:
    """An EimPackageResult; some IPAs put the whole ProvideEimPackageResult there."""
    octets = octets_of(value)
    return tlv.parse(octets).value if octets[:2] == b"\xbf\x50" and _is_tlv(octets) else octets


def _provided(value: Any) -> bytes:
    """A ProvideEimPackageResult; some IPAs leave its own tag out."""
    octets = octets_of(value)
    return octets if octets[:2] == b"\xbf\x50" else tlv.build(0xBF50, octets)


def _is_tlv(octets: bytes) -> bool:
    try:
        tlv.parse(octets)
    except DecodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Function:
    """One function: its message, its members in the order of the message, and how its answer is spelled."""

    tag: int
    members: Mapping[str, Reader]
    spell: Callable[[Tlv], Json]
    error: str = ""
    """The ASN.1 name of its error."""
    step: Step | None = None
    refusals: Mapping[int, str] = field(default_factory=dict)


def _encoded(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


Field = tuple[int, str, Callable[[Tlv], Any]]


def _raw(item: Tlv) -> str:
    return _encoded(item.raw)


def _inner(item: Tlv) -> str:
    return _encoded(item.value)


def _upper(item: Tlv) -> str:
    return item.value.hex().upper()


def _spelled(children: Iterable[Tlv], fields: Iterable[Field]) -> Json:
    """Children by name. Fields stand in their order in the message; a tag that comes twice is told apart by it."""
    found: dict[str, Any] = {}
    rest = list(fields)
    for child in children:
        at = next((at for at, (tag, _, _) in enumerate(rest) if tag == child.tag), None)
        if at is None:
            continue
        _, name, spell = rest[at]
        found[name] = spell(child)
        rest = rest[at + 1 :]
    return found


def _choice(fields: Mapping[int, tuple[str, Callable[[Tlv], Any]]]) -> Callable[[Tlv], Json]:
    def spell(message: Tlv) -> Json:
        child = reading.only_child(message)
        if child.tag not in fields:
            return {}
        name, value = fields[child.tag]
        return {name: value(child)}

    return spell


def _ok(*fields: Field, events: tuple[Field, ...] = ()) -> Callable[[Tlv], Json]:
    """The members of the successful answer: A0, or A1 where an SM-DS was asked."""

    def spell(message: Tlv) -> Json:
        child = reading.only_child(message)
        return _spelled(child.children, events if child.tag == 0xA1 else fields)

    return spell


_TRANSACTION: Field = (0x80, "transactionId", _upper)
_OF_SESSION: Reader = _tagged(0x80, _hexadecimal)

FUNCTIONS: Mapping[str, _Function] = {
    "initiateAuthentication": _Function(
        0xBF39,
        {
            "euiccChallenge": _tagged(0x81, octets_of),
            "smdpAddress": _tagged(0x83, _text),
            "euiccInfo1": octets_of,
            "eimTransactionId": _tagged(0x82, _hexadecimal),
        },
        _ok(
            _TRANSACTION,
            (0x30, "serverSigned1", _raw),
            (0x5F37, "serverSignature1", _raw),
            (0x04, "euiccCiPKIdentifierToBeUsed", _raw),
            (0x30, "serverCertificate", _raw),
            (0x0C, "matchingId", reading.text),
            (0xA2, "ctxParams1", _inner),
        ),
        "initiateAuthenticationErrorEsipa",
        initiate_authentication.STEP,
    ),
    "authenticateClient": _Function(
        0xBF3B,
        {"transactionId": _OF_SESSION, "authenticateServerResponse": octets_of},
        _ok(
            _TRANSACTION,
            (0xBF25, "profileMetadata", _raw),
            (0x30, "smdpSigned2", _raw),
            (0x5F37, "smdpSignature2", _raw),
            (0x30, "smdpCertificate", _raw),
            (0x04, "hashCc", _raw),
            events=(_TRANSACTION, (0xBF54, "profileDownloadTrigger", _raw)),
        ),
        "authenticateClientErrorEsipa",
        authenticate_client.STEP,
    ),
    "getBoundProfilePackage": _Function(
        0xBF3A,
        {"transactionId": _OF_SESSION, "prepareDownloadResponse": octets_of},
        _ok(_TRANSACTION, (0xBF36, "boundProfilePackage", _raw)),
        "getBoundProfilePackageErrorEsipa",
        get_bound_profile_package.STEP,
    ),
    "cancelSession": _Function(
        0xBF41,
        {"transactionId": _OF_SESSION, "cancelSessionResponse": _retagged(0xA1)},
        _ok(),
        "cancelSessionError",
        cancel_session.STEP,
    ),
    "getEimPackage": _Function(
        0xBF4F,
        {
            "eidValue": _tagged(0x5A, _eid),
            "notifyStateChange": _flag(0x80),
            "stateChangeCause": _tagged(0x81, _number),
            "rPLMN": _tagged(0x82, octets_of),
        },
        _choice(
            {
                0xBF51: ("euiccPackageRequest", _raw),
                0xBF52: ("ipaEuiccDataRequest", _raw),
                0xBF54: ("profileDownloadTriggerRequest", _raw),
                0x02: ("eimPackageError", reading.integer),
            }
        ),
    ),
    "provideEimPackageResult": _Function(
        0xBF50,
        {"eidValue": _tagged(0x5A, _eid), "eimPackageResult": _package_result},
        _choice(
            {
                0xBF53: ("eimAcknowledgements", _raw),
                0x02: ("provideEimPackageResultError", reading.integer),
            }
        ),
    ),
    "handleNotification": _Function(
        0xBF3D,
        {"pendingNotification": _tagged(0xA0, octets_of), "provideEimPackageResult": _provided},
        lambda _: {},
    ),
}
"""By the last part of the path."""


def message_of(function: str, body: bytes) -> bytes:
    """The ESipa message that a JSON request spells. Raises Malformed, and KeyError for no function of an eIM.

    A member that is absent is absent from the message too: what that means is ESipa's to say.
    """
    meant = FUNCTIONS[function]
    request = document_of(body)
    parts = [read(request[name]) for name, read in meant.members.items() if request.get(name) is not None]
    return tlv.build(meant.tag, *parts)


def document_of(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises Malformed."""
    try:
        document = json.loads(body, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is no JSON") from error
    if not isinstance(document, dict):
        raise Malformed("the body is no JSON object")
    return document


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member is there twice")
    return found


def answer_of(function: str, reply: bytes) -> bytes:
    """The JSON answer that spells an ESipa message of the eIM; empty where there is none (HandleNotification)."""
    if not reply:
        return b""
    meant = FUNCTIONS[function]
    message = tlv.parse(reply)
    code = None if meant.step is None else reading.optional_integer(message, meant.step.error_tag)
    if code is None or meant.step is None:
        return json.dumps({"header": _SUCCESS, **meant.spell(message)}).encode()
    failed = {"status": "Failed", "statusCodeData": _status_code(meant.step, code)}
    return json.dumps({"header": {"functionExecutionStatus": failed}, meant.error: code}).encode()


def _status_code(step: Step, code: int) -> Mapping[str, str]:
    said = next((said for said, known in step.errors.items() if known == code), None)
    if said is None:
        return {"message": f"ESipa error {code}"}
    subject, _, reason = said.partition("/")
    return {"subjectCode": subject, "reasonCode": reason, "message": f"ESipa error {code}"}
