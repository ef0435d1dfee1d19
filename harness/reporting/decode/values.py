"""Primitive values in words: numbers with their names, BCD digits, text, certificates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from harness.codec.digits import unswapped
from harness.reporting.decode.certificates import certificate_in_words

VERSIONS = frozenset({"VersionType"})


def in_words(name: str, type_name: str, kind: str, shape: Mapping[str, Any], octets: bytes) -> str:
    """What a primitive field says. Empty where the hexadecimal octets are all there is to say."""
    if name == "eidValue" and len(octets) == 16:
        return octets.hex()
    if (name == "iccid" or type_name == "Iccid") and octets:
        return unswapped(octets)
    if type_name in VERSIONS and len(octets) == 3:
        return ".".join(str(octet) for octet in octets)
    if type_name in {"Certificate"}:
        return certificate_in_words(octets)
    reader = _READERS.get(kind)
    return reader(shape, octets) if reader else ""


def object_identifier(octets: bytes) -> str:
    """The dotted form, or empty where the octets are none."""
    arcs: list[int] = []
    arc = 0
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    if not arcs or octets[-1] & 0x80:
        return ""
    first = min(arcs[0] // 40, 2)
    return ".".join(str(part) for part in (first, arcs[0] - 40 * first, *arcs[1:]))


def _integer(shape: Mapping[str, Any], octets: bytes) -> str:
    if not octets:
        return "no octets"
    number = int.from_bytes(octets, "big", signed=True)
    named: Mapping[str, int] = shape.get("named-numbers") or {}
    name = next((name for name, value in named.items() if value == number), "")
    return f"{name} ({number})" if name else str(number)


def _bits(shape: Mapping[str, Any], octets: bytes) -> str:
    if not octets or octets[0] > 7:
        return ""
    count = 8 * (len(octets) - 1) - octets[0]
    bits = [position for position in range(count) if octets[1 + position // 8] & 0x80 >> position % 8]
    named = {int(number): name for name, number in shape.get("named-bits") or ()}
    if not named:
        return f"bits {', '.join(map(str, bits))} set" if bits else "no bit set"
    return ", ".join(named.get(bit, f"bit {bit}") for bit in bits) or "no bit set"


def _text(shape: Mapping[str, Any], octets: bytes) -> str:
    try:
        return f"“{octets.decode('utf-8')}”"
    except UnicodeDecodeError:
        return "not UTF-8"


def _boolean(shape: Mapping[str, Any], octets: bytes) -> str:
    return {b"\xff": "TRUE", b"\x00": "FALSE"}.get(octets, "neither 00 nor FF")


_READERS: Mapping[str, Callable[[Mapping[str, Any], bytes], str]] = {
    "INTEGER": _integer,
    "ENUMERATED": _integer,
    "BIT STRING": _bits,
    "UTF8String": _text,
    "PrintableString": _text,
    "NumericString": _text,
    "IA5String": _text,
    "BOOLEAN": _boolean,
    "NULL": lambda shape, octets: "",
    "OBJECT IDENTIFIER": lambda shape, octets: object_identifier(octets),
}
