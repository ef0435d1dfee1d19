"""Requests changed at random, a seed at a time: octets, JSON members, the DER inside, and the HTTP around them."""

from __future__ import annotations

import base64
import binascii
import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.codec import CodecError, tlv
from harness.links.http_messages import Request, TlsFacts

TLS = TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", "server.harness.test")
_ODD: tuple[Any, ...] = (None, True, 0, -1, 1e308, "", "\x00", "A" * 5000, [], {}, [[]], {"a": {}}, "89049032" * 4, "=")
_LENGTHS = (b"\x80", b"\x81\xff", b"\x84\xff\xff\xff\xff", b"\x00", b"\x7f", b"\x82\x00\x01")
Chance = random.Random


def request(path: str, body: bytes) -> Request:
    """A POST as a client in order sends it."""
    kind = "application/x-gsma-rsp-asn1" if path.endswith("/asn1") else "application/json"
    return Request("POST", path, (("Content-Type", kind),), body, TLS, 1)


def mutated(asked: Request, chance: Chance) -> Request:
    """The request with one or two things changed."""
    for _ in range(chance.choice((1, 1, 1, 2))):
        changes = _JSON if asked.body[:1] == b"{" else _DER
        asked = chance.choice((*changes, *changes, *changes, *_ANY))(asked, chance)
    return asked


def _bits(octets: bytes, chance: Chance) -> bytes:
    if not octets:
        return b"\x00"
    at = chance.randrange(len(octets))
    return octets[:at] + bytes([octets[at] ^ 1 << chance.randrange(8)]) + octets[at + 1 :]


def _cut(octets: bytes, chance: Chance) -> bytes:
    return octets[: chance.randrange(len(octets) + 1)]


def _doubled(octets: bytes, chance: Chance) -> bytes:
    begin, end = sorted(chance.randrange(len(octets) + 1) for _ in range(2))
    return octets[:end] + octets[begin:end][:2000] + octets[end:]


def _removed(octets: bytes, chance: Chance) -> bytes:
    begin = chance.randrange(len(octets) + 1)
    return octets[:begin] + octets[begin + chance.randrange(1, 9) :]


def _inserted(octets: bytes, chance: Chance) -> bytes:
    at = chance.randrange(len(octets) + 1)
    return octets[:at] + chance.choice((b"\x00", b'"', b"{", b"[" * 3000, chance.randbytes(4), *_LENGTHS)) + octets[at:]


_OCTETS = (_bits, _bits, _cut, _doubled, _removed, _inserted)


def _of_octets(asked: Request, chance: Chance) -> Request:
    return replace(asked, body=chance.choice(_OCTETS)(asked.body, chance))


def _random_body(asked: Request, chance: Chance) -> Request:
    return replace(asked, body=chance.randbytes(chance.randrange(300)))


def _of_http(asked: Request, chance: Chance) -> Request:
    return chance.choice(
        (
            replace(asked, method=chance.choice(("GET", "PUT", "DELETE", ""))),
            replace(
                asked,
                target=chance.choice(("", "/", asked.target + "/", asked.target[:-1], "/gsma/rsp2/" + "a" * 3000)),
            ),
            replace(
                asked, headers=chance.choice(((), (("Content-Type", "text/plain"),), (("Content-Type", "\xff;" * 99),)))
            ),
        )
    )


def _member(asked: Request, chance: Chance) -> Request:
    """One member of the JSON, at any depth, is another value, gone, or there twice."""
    try:
        document = json.loads(asked.body)
    except (ValueError, RecursionError):
        return _of_octets(asked, chance)
    if not isinstance(document, dict) or not document:
        return _of_octets(asked, chance)
    inside = document
    name = chance.choice(list(inside))
    while isinstance(inside[name], dict) and inside[name] and chance.random() < 0.6:
        inside = inside[name]
        name = chance.choice(list(inside))
    what = chance.randrange(4)
    if what == 0:
        del inside[name]
    elif what == 1:
        inside[chance.choice(list(inside))] = inside[name]
    elif what == 2 and isinstance(inside[name], str):
        inside[name] = _text(inside[name], chance)
    else:
        inside[name] = chance.choice(_ODD)
    return replace(asked, body=json.dumps(document).encode())


def _text(text: str, chance: Chance) -> str:
    return chance.choice(_OCTETS[:5])(text.encode(), chance).decode("latin-1")


def _der_in_json(asked: Request, chance: Chance) -> Request:
    """The DER in one base64 member is changed."""
    try:
        document = json.loads(asked.body)
        name = chance.choice([key for key, value in document.items() if isinstance(value, str) and len(value) > 40])
        octets = base64.b64decode(document[name], validate=True)
    except (ValueError, LookupError, AttributeError, RecursionError, binascii.Error):
        return _of_octets(asked, chance)
    document[name] = base64.b64encode(_structure(octets, chance)).decode()
    return replace(asked, body=json.dumps(document).encode())


def _der(asked: Request, chance: Chance) -> Request:
    return replace(asked, body=_structure(asked.body, chance))


def _structure(octets: bytes, chance: Chance) -> bytes:
    """One TLV, at any depth, with another value, tag or length; or it is gone, or there twice. Lengths above are kept right."""
    try:
        found = tlv.parse(octets)
        places = [piece for piece in found.walk() if piece is not found]
        piece = chance.choice(places)
    except (CodecError, IndexError):
        return chance.choice(_OCTETS)(octets, chance)
    return _rebuilt(found, piece, _other(piece, chance))


def _other(piece: tlv.Tlv, chance: Chance) -> bytes:
    what = chance.randrange(6)
    if what == 0:
        return b""
    if what == 1:
        return piece.raw * 2
    if what == 2:
        return tlv.build(chance.choice((0x80, 0xA0, 0x30, 0x02, 0xBF7F, 0x5F37)), piece.value)
    if what == 3:
        return piece.raw[:1] + chance.choice(_LENGTHS) + piece.value
    return tlv.build(piece.tag, chance.choice(_OCTETS)(piece.value, chance))


def _rebuilt(whole: tlv.Tlv, piece: tlv.Tlv, other: bytes) -> bytes:
    if whole is piece:
        return other
    if not whole.is_constructed or not whole.offset <= piece.offset < whole.offset + len(whole.raw):
        return whole.raw
    return tlv.build(whole.tag, *(_rebuilt(child, piece, other) for child in whole.children))


Change = Callable[[Request, Chance], Request]
_JSON: tuple[Change, ...] = (_member, _der_in_json)
_DER: tuple[Change, ...] = (_der, _der)
_ANY: tuple[Change, ...] = (_of_octets, _random_body, _of_http)
