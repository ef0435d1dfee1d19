"""What identifies a device or a subscriber, or gives access to one, found in octets and text of a record.

A run meets identifiers that nobody told it before (a card's EID, the ICCID of a profile it finds). They are looked for where
the standards put them; once found in one place they are masked in every place.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from harness.codec.digits import unswapped

SHORTEST = 12
"""An ICCID with its tag and length: nothing shorter holds an identifier."""

MAX_DEPTH = 3
"""Hexadecimal in AT text in JSON: deeper nobody packs."""


class Kind(StrEnum):
    """What an identifier identifies."""

    EID = "EID"
    ICCID = "ICCID"
    IMSI = "IMSI"
    """Fifteen digits: an IMEI is treated alike."""
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One value to mask. Digits for EID, ICCID and IMSI; lower-case hexadecimal for a key."""

    kind: Kind
    value: str


_EID_FIELD = re.compile(rb"\x5a\x10([\x80-\x89][\x00-\x99]{15})", re.DOTALL)
_ICCID_FIELD = re.compile(rb"\x5a\x0a([\x00-\x99]{9}[\x00-\xff])", re.DOTALL)
_SESSION_KEYS = re.compile(rb"\xbf\x26.\x80\x10(.{16})\x81\x10(.{16})\x82\x10(.{16})", re.DOTALL)
_HEX_RUN = re.compile(rb"(?:[0-9A-Fa-f]{2}){10,}")
_BASE64_RUN = re.compile(rb"(?:[A-Za-z0-9+/]|\\/){16,}={0,2}")
_EID_TEXT = re.compile(r"(89(?<![0-9]89)[0-9]{30})(?![0-9])")
_ICCID_TEXT = re.compile(r"(89(?<![0-9A-Fa-f]89)[0-9]{16,18})[Ff]{0,2}(?![0-9A-Fa-f])")
_IMSI_TEXT = re.compile(r"(?<![0-9A-Fa-f.])([0-9]{15})(?![0-9A-Fa-f])")
_KEY_TEXT = re.compile(
    r"\b(?:ki|k|opc?|s[-_]?(?:enc|mac|dek|rmac)|ppk[-_]?\w+|(?:\w+[-_ ])?(?:private|secret|session)?[-_ ]?key)\b"
    r"[\"']?\s*[:=]\s*[\"']?(?:b')?((?:[0-9A-Fa-f]{2}){16,64})\b",
    re.IGNORECASE,
)

_LETTERED = bytes((chr(octet).isalnum() and octet < 0x80) or octet in b"+/\\" for octet in range(256))
_RUN = bytes([True]) * 16
"""What numbers in text, hexadecimal and base64 have in common: so many letters or digits in a row."""


def in_octets(octets: bytes, *, serial: bool = False, depth: int = 0) -> Iterator[Identifier]:
    """Identifiers in a message: TLV fields, text, hexadecimal and base64 inside it. `serial`: AT traffic, where a line of
    fifteen digits is an IMSI or IMEI."""
    if len(octets) < SHORTEST:
        return
    for found in _EID_FIELD.finditer(octets):
        digits = found[1].hex()
        if digits.isdecimal():
            yield Identifier(Kind.EID, digits)
    for found in _ICCID_FIELD.finditer(octets):
        digits = unswapped(found[1])
        if digits.isdecimal() and len(digits) >= 18:
            yield Identifier(Kind.ICCID, digits)
    for found in _SESSION_KEYS.finditer(octets):
        for key in found.groups():
            yield Identifier(Kind.KEY, key.hex())
    if serial:
        for digits in _IMSI_TEXT.findall(octets.decode("latin-1")):
            yield Identifier(Kind.IMSI, digits)
    if _RUN not in octets.translate(_LETTERED):
        return
    yield from _numbers(octets.decode("latin-1"))
    if depth < MAX_DEPTH:
        for inner in _inside(octets):
            yield from in_octets(inner, depth=depth + 1)


def in_text(text: str) -> Iterator[Identifier]:
    """Identifiers in words: digits, keys with their name before them, octets in hexadecimal."""
    yield from _numbers(text)
    for key in _KEY_TEXT.findall(text):
        yield Identifier(Kind.KEY, key.lower())
    yield from (found for inner in _inside(text.encode()) for found in in_octets(inner, depth=1))


def _numbers(text: str) -> Iterator[Identifier]:
    for digits in _EID_TEXT.findall(text):
        yield Identifier(Kind.EID, digits)
    for digits in _ICCID_TEXT.findall(text):
        yield Identifier(Kind.ICCID, digits)


def _inside(octets: bytes) -> Iterable[bytes]:
    if len(octets) < 16:
        return
    for run in _HEX_RUN.findall(octets):
        yield bytes.fromhex(run.decode())
    for run in _BASE64_RUN.findall(octets):
        try:
            yield base64.b64decode(run.replace(b"\\/", b"/").rstrip(b"=") + b"==", validate=False)
        except (binascii.Error, ValueError):
            continue
