"""ES9+ towards an SM-DP+ under test in the ASN.1 binding; written apart from the SM-DP+ role (SGP.22 v2.5 §6.6.2).

What it reads comes out as from the JSON binding, so that a case drives either and compares.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from harness.codec import findings, tlv
from harness.codec.tlv import Tlv
from harness.conformance.servers.es9 import SUCCESS, Es9Answer
from harness.errors import MalformedAnswer

if TYPE_CHECKING:
    from harness.conformance.servers.server import ServerUnderTest

_OK = 200
_SUCCEEDED = 0xA0
_TAGS = {
    "initiateAuthentication": 0xBF39,
    "authenticateClient": 0xBF3B,
    "getBoundProfilePackage": 0xBF3A,
    "cancelSession": 0xBF41,
    "handleNotification": 0xBF3D,
}
_NAMES: Mapping[str, tuple[str, ...]] = {
    "initiateAuthentication": ("serverSigned1", "serverSignature1", "euiccCiPKIdToBeUsed", "serverCertificate"),
    "authenticateClient": ("profileMetadata", "smdpSigned2", "smdpSignature2", "smdpCertificate"),
    "getBoundProfilePackage": ("boundProfilePackage",),
    "cancelSession": (),
}
"""The fields behind the transactionId, in their order."""


def _whole(octets: bytes) -> bytes:
    return octets


_FIELDS: Mapping[str, Callable[[bytes], bytes]] = {
    "euiccChallenge": lambda octets: tlv.build(0x81, octets),
    "euiccInfo1": _whole,
    "authenticateServerResponse": _whole,
    "prepareDownloadResponse": _whole,
    "cancelSessionResponse": lambda octets: tlv.build(0xA1, tlv.parse(octets).value),
    "pendingNotification": lambda octets: tlv.build(0xA0, octets),
}


def asn1_binding(server: ServerUnderTest, function: str, request: Mapping[str, str]) -> Es9Answer:
    """A call in the ASN.1 binding. The status of a refusal is its number, as "6".

    Raises MalformedAnswer for an answer of another form than the module has.
    """
    tag = _TAGS[function]
    reply = server.message(tlv.build(0xA2, tlv.build(tag, *_written(function, request))))
    if function == "handleNotification":
        return Es9Answer(reply.body, reply.headers, "", {}, reply.status)
    if reply.status != _OK:
        raise MalformedAnswer(f"{function}: HTTP status {reply.status} for a request that can be read")
    faults = findings("RemoteProfileProvisioningResponse", reply.body)
    if faults:
        raise MalformedAnswer(f"{function}: {faults[0]}")
    answered = tlv.parse(reply.body).children[0]
    if answered.tag != tag:
        raise MalformedAnswer(f"{function} was answered with {answered.tag:X}")
    content = answered.children[0]
    if content.tag != _SUCCEEDED:
        number = str(int.from_bytes(content.value, "big"))
        return Es9Answer(reply.body, reply.headers, number, {})
    return Es9Answer(reply.body, reply.headers, SUCCESS, _read(function, content))


def _written(function: str, request: Mapping[str, str]) -> list[bytes]:
    fields = []
    if "transactionId" in request:
        fields.append(tlv.build(0x80, bytes.fromhex(request["transactionId"])))
    for name, write in _FIELDS.items():
        if name in request:
            fields.append(write(base64.b64decode(request[name])))
        if name == "euiccChallenge" and "smdpAddress" in request:
            fields.append(tlv.build(0x83, request["smdpAddress"].encode()))
    return fields


def _read(function: str, content: Tlv) -> dict[str, str]:
    if not content.children:
        return {}
    transaction_id, *fields = content.children
    named = zip(_NAMES[function], fields, strict=False)
    return {
        "transactionId": transaction_id.value.hex(),
        **{name: base64.b64encode(found.raw).decode() for name, found in named},
    }
