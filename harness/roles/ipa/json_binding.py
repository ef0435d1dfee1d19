"""ESipa's JSON binding (SGP.32 v1.2 §6.1.2, §6.4.1): the same messages as in ASN.1, one path a function.

Rules of this room:
- Everything else in the IPA speaks TLV: a request is written from its TLV, and an answer becomes the TLV that it stands for.
- An ASN.1 member is base64 of its whole TLV, a transactionId hexadecimal, an EID its digits, an address its text. The
  euiccChallenge and the rPLMN are base64 of the octets alone.
- Peers differ in whether an octet string comes with its tag: both are read.
- A function that failed says so in its header with HTTP 200: the header is read before the fields are.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.codec import DecodeError, tlv
from harness.roles.ipa.reading import BadReply

PATH = "/gsma/rsp2/esipa/"
MEDIA_TYPE = "application/json"
CONTENT_TYPE = "application/json;charset=UTF-8"
UNDEFINED_ERROR = 127


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def _hexadecimal(field: tlv.Tlv) -> str:
    return field.value.hex().upper()


def _text(field: tlv.Tlv) -> str:
    return field.value.decode("utf-8", "replace")


def _whole(field: tlv.Tlv) -> str:
    return _base64(field.raw)


def _octets(field: tlv.Tlv) -> str:
    return _base64(field.value)


Writer = Callable[[tlv.Tlv], Any]
Reader = Callable[[Any, str], bytes]


def _is_true(field: tlv.Tlv) -> bool:
    return True


def _number(field: tlv.Tlv) -> int:
    return int.from_bytes(field.value, "big", signed=True)


def _cancel_session(field: tlv.Tlv) -> str:
    """In JSON the answer stands as the card gave it, BF41, whose tag A1 replaces in ASN.1."""
    return _base64(tlv.build(0xBF41, field.value))


def _pending(field: tlv.Tlv) -> str:
    """The notification inside A0."""
    return _base64(field.value)


def _decoded(value: Any, name: str) -> bytes:
    if not isinstance(value, str):
        raise BadReply(f"{name} is no text")
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadReply(f"{name} is no base64") from error


def _tlv(tag: int) -> Reader:
    """A whole TLV of this tag; octets that are none are taken for its contents."""

    def read(value: Any, name: str) -> bytes:
        octets = _decoded(value, name)
        try:
            found = tlv.parse(octets)
        except DecodeError:
            found = None
        return octets if found is not None and found.tag == tag else tlv.build(tag, octets)

    return read


def _below(tag: int) -> Reader:
    """A TLV of a CHOICE, put below a tag of its own."""
    return lambda value, name: tlv.build(tag, _decoded(value, name))


def _identifier(tag: int) -> Reader:
    def read(value: Any, name: str) -> bytes:
        try:
            return tlv.build(tag, bytes.fromhex(value))
        except (TypeError, ValueError) as error:
            raise BadReply(f"{name} is no hexadecimal") from error

    return read


def _string(tag: int) -> Reader:
    def read(value: Any, name: str) -> bytes:
        if not isinstance(value, str):
            raise BadReply(f"{name} is no text")
        return tlv.build(tag, value.encode())

    return read


@dataclass(frozen=True)
class Function:
    """One function: how its request is written, and what its answer becomes."""

    name: str
    request: Mapping[int, tuple[str, Writer]]
    """By tag of the field."""
    answer: tuple[tuple[str, Reader], ...] = ()
    """The fields of a good answer in the order of their TLVs."""
    wrapper: int | None = 0xA0
    """The tag around these; None: the one field that is there is the answer."""
    errors: tuple[str, ...] = ()
    """Names under which its error code is seen: that of the ASN.1 module, and what eIMs send in its place."""
    error_tag: int = 0x81
    nothing: bytes = b""
    """What an answer without any field stands for; empty: it cannot be used."""
    remainder: str = ""
    """The name under which a field goes that no tag names."""


_TRANSACTION = ("transactionId", _identifier(0x80))

FUNCTIONS: Mapping[int, Function] = {
    0xBF39: Function(
        "initiateAuthentication",
        {
            0x81: ("euiccChallenge", _octets),
            0x83: ("smdpAddress", _text),
            0xBF20: ("euiccInfo1", _whole),
            0x82: ("eimTransactionId", _hexadecimal),
        },
        (
            _TRANSACTION,
            ("serverSigned1", _tlv(0x30)),
            ("serverSignature1", _tlv(0x5F37)),
            ("euiccCiPKIdentifierToBeUsed", _tlv(0x04)),
            ("serverCertificate", _tlv(0x30)),
            ("matchingId", _string(0x0C)),
            ("ctxParams1", _below(0xA2)),
        ),
        errors=("initiateAuthenticationErrorEsipa", "initiateAuthenticationError"),
    ),
    0xBF3B: Function(
        "authenticateClient",
        {0x80: ("transactionId", _hexadecimal), 0xBF38: ("authenticateServerResponse", _whole)},
        (
            _TRANSACTION,
            ("profileMetadata", _tlv(0xBF25)),
            ("smdpSigned2", _tlv(0x30)),
            ("smdpSignature2", _tlv(0x5F37)),
            ("smdpCertificate", _tlv(0x30)),
            ("hashCc", _tlv(0x04)),
            ("profileDownloadTrigger", _tlv(0xBF54)),
        ),
        errors=("authenticateClientErrorEsipa", "authenticateClientError"),
        error_tag=0x82,
    ),
    0xBF3A: Function(
        "getBoundProfilePackage",
        {0x80: ("transactionId", _hexadecimal), 0xBF21: ("prepareDownloadResponse", _whole)},
        (_TRANSACTION, ("boundProfilePackage", _tlv(0xBF36))),
        errors=("getBoundProfilePackageErrorEsipa", "getBoundProfilePackageError"),
    ),
    0xBF3D: Function(
        "handleNotification",
        {0xA0: ("pendingNotification", _pending), 0xBF50: ("provideEimPackageResult", _whole)},
    ),
    0xBF41: Function(
        "cancelSession",
        {0x80: ("transactionId", _hexadecimal), 0xA1: ("cancelSessionResponse", _cancel_session)},
        errors=("cancelSessionError",),
        nothing=tlv.build(0xA0),
    ),
    0xBF4F: Function(
        "getEimPackage",
        {
            0x5A: ("eidValue", _hexadecimal),
            0x80: ("notifyStateChange", _is_true),
            0x81: ("stateChangeCause", _number),
            0x82: ("rPLMN", _octets),
        },
        (
            ("euiccPackageRequest", _tlv(0xBF51)),
            ("ipaEuiccDataRequest", _tlv(0xBF52)),
            ("profileDownloadTriggerRequest", _tlv(0xBF54)),
        ),
        wrapper=None,
        errors=("eimPackageError",),
        error_tag=0x02,
    ),
    0xBF50: Function(
        "provideEimPackageResult",
        {0x5A: ("eidValue", _hexadecimal)},
        (("eimAcknowledgements", _tlv(0xBF53)),),
        wrapper=None,
        errors=("provideEimPackageResultError", "eimPackageError"),
        error_tag=0x02,
        nothing=tlv.build(0x30),
        remainder="eimPackageResult",
    ),
}
"""By the outer tag that the function has in ASN.1."""

_OF_SMDS = 0xA1
"""The tag around AuthenticateClient's answer for an SM-DS, which has no smdpSigned2."""


def path_of(message: bytes) -> str:
    """Where the request goes."""
    return PATH + FUNCTIONS[tlv.first(message).tag].name


def written(message: bytes) -> bytes:
    """The JSON body for a message in TLV."""
    outer = tlv.parse(message)
    function = FUNCTIONS[outer.tag]
    document: dict[str, Any] = {}
    for field in outer.children:
        if field.tag in function.request:
            name, write = function.request[field.tag]
            document[name] = write(field)
        else:
            document[function.remainder] = _whole(field)
    return json.dumps(document, separators=(",", ":")).encode()


def read(body: bytes, tag: int) -> bytes:
    """The answer of the function with this tag, as the TLV that the ASN.1 binding has for it. Raises BadReply."""
    function = FUNCTIONS[tag]
    document = _document(body, function)
    code = _error_code(document, function)
    if code is not None:
        return tlv.build(tag, tlv.integer(function.error_tag, code))
    fields = [reader(document[name], name) for name, reader in function.answer if document.get(name) is not None]
    if not fields or (function.wrapper is not None and not function.answer):
        if not function.nothing:
            raise BadReply(f"{function.name}: an answer without any field")
        return tlv.build(tag, function.nothing)
    if function.wrapper is None:
        return tlv.build(tag, *fields)
    of_smds = tag == 0xBF3B and document.get("smdpSigned2") is None
    return tlv.build(tag, tlv.build(_OF_SMDS if of_smds else function.wrapper, *fields))


def _document(body: bytes, function: Function) -> dict[str, Any]:
    if not body and function.nothing:
        return {}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadReply(f"{function.name}: the answer is no JSON") from error
    if not isinstance(document, dict):
        raise BadReply(f"{function.name}: the answer is no JSON object")
    return document


def _error_code(document: dict[str, Any], function: Function) -> int | None:
    """The function's own error code; undefinedError where only the header tells of a failure."""
    for name in function.errors:
        code = document.get(name)
        if isinstance(code, int) and not isinstance(code, bool) and code:  # some send 0 beside a good answer
            return code
    header = document.get("header")
    status = header.get("functionExecutionStatus") if isinstance(header, dict) else None
    if isinstance(status, dict) and status.get("status") == "Failed":
        return UNDEFINED_ERROR
    return None


# TransferEimPackage, whose request comes from the eIM

_TRANSFER = 0xBF4E
_BROUGHT: Mapping[str, int] = {
    "euiccPackageRequest": 0xBF51,
    "ipaEuiccDataRequest": 0xBF52,
    "eimAcknowledgements": 0xBF53,
    "profileDownloadTriggerRequest": 0xBF54,
}
_RETURNED: Mapping[int, str] = {0xBF51: "euiccPackageResult", 0xBF52: "ipaEuiccDataResponse"}


def transfer_read(body: bytes) -> bytes:
    """The TransferEimPackageRequest of a JSON body. Raises BadReply."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadReply("transferEimPackage: the request is no JSON") from error
    if not isinstance(document, dict):
        raise BadReply("transferEimPackage: the request is no JSON object")
    return tlv.build(
        _TRANSFER, *(_tlv(tag)(document[name], name) for name, tag in _BROUGHT.items() if name in document)
    )


def transfer_written(message: bytes) -> bytes:
    """The JSON body for a TransferEimPackageResponse."""
    [choice] = tlv.parse(message).children
    header = {"functionExecutionStatus": {"status": "Executed-Success"}}
    if choice.tag in _RETURNED:
        said: dict[str, Any] = {_RETURNED[choice.tag]: _base64(choice.raw)}
    elif choice.tag == 0x02:
        said = {"eimPackageError": _number(choice)}
    else:
        said = {"eimPackageReceived": True}
    return json.dumps({"header": header, **said}, separators=(",", ":")).encode()
