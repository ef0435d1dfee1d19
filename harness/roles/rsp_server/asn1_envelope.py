"""The ASN.1 binding of an RSP server: one path, the function told by the tag (SGP.22 v2.5 §6.6).

A2 { BF39 | BF3B | BF3A | BF41 | BF3D { … } }     and the same around an answer
"""

from __future__ import annotations

from harness.codec import decode, tlv
from harness.codec.tlv import Tlv
from harness.roles.rsp_server.json_envelope import ADMIN_PROTOCOL, HttpReply

PATH = "/gsma/rsp2/asn1"
HEADERS = (("Content-Type", "application/x-gsma-rsp-asn1"), ADMIN_PROTOCOL)
INITIATE_AUTHENTICATION, AUTHENTICATE_CLIENT, GET_BOUND_PROFILE_PACKAGE = 0xBF39, 0xBF3B, 0xBF3A
CANCEL_SESSION, HANDLE_NOTIFICATION = 0xBF41, 0xBF3D
_OUTER, _OK, _ERROR = 0xA2, 0xA0, 0x81


def request(body: bytes) -> Tlv:
    """The function and its fields, as they came. Raises DecodeError for what is no request of an RSP server."""
    decode("RemoteProfileProvisioningRequest", body)
    return tlv.parse(body).children[0]


def ok(*fields: bytes) -> bytes:
    """The content of an answer that succeeded, of these fields."""
    return tlv.build(_OK, *fields)


def error(code: int) -> bytes:
    """The content of an answer that failed."""
    return tlv.integer(_ERROR, code)


def enclosed(function: int, content: bytes) -> bytes:
    """The whole answer of a function."""
    return tlv.build(_OUTER, tlv.build(function, content))


def reply(octets: bytes) -> HttpReply:
    """The HTTP answer with this message."""
    return HttpReply(200, HEADERS, octets)
