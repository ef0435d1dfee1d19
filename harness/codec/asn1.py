"""Encoding and decoding by schema, over the compiled modules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.codec import tlv
from harness.codec.compiled import schema
from harness.codec.errors import DecodeError, EncodeError

VERSIONS: Mapping[str, str] = {"1.0.1": "sgp32-v1.0", "1.2": "sgp32-v1.2", "1.3": "sgp32-v1.3"}
"""The schema of each SGP.32 version. v1.0.1 repaired the ASN.1 of v1.0 and changed nothing on the wire."""
DEFAULT_VERSION = "1.2"
PROFILES = "profile-package"


def encode(type_name: str, value: Any, *, checked: bool = True, version: str = DEFAULT_VERSION) -> bytes:
    """The DER of a value. `checked=False` leaves out size constraints, for cases that must break them.

    Raises EncodeError for an unknown type, a value of the wrong shape, or a broken constraint; KeyError for a version that
    is none of VERSIONS.
    """
    return _encode(VERSIONS[version], type_name, value, checked)


def decode(type_name: str, data: bytes, *, version: str = DEFAULT_VERSION) -> Any:
    """The value of exactly one DER message. Raises DecodeError and, on any octets, nothing else."""
    return _decode(VERSIONS[version], type_name, data)


def encode_pe(value: Any) -> bytes:
    """The DER of one ProfileElement (TCA interoperable profile package 3.3.1)."""
    return _encode(PROFILES, "ProfileElement", value, True)


def decode_pe(data: bytes) -> Any:
    """One ProfileElement as (name, value). Raises DecodeError."""
    return _decode(PROFILES, "ProfileElement", data)


def split_profile_package(data: bytes) -> tuple[bytes, ...]:
    """The raw profile elements of an unprotected profile package, in order. Raises DecodeError."""
    return tuple(element.raw for element in tlv.parse_all(data))


def named_bits(positions: Iterable[int]) -> tuple[bytes, int]:
    """A BIT STRING value with these bits set, bit 0 first, without trailing zeros."""
    wanted = set(positions)
    count = max(wanted, default=-1) + 1
    number = sum(1 << (count - 1 - position) for position in wanted)
    return (number << (-count % 8)).to_bytes((count + 7) // 8, "big"), count


def has_bit(value: tuple[bytes, int], position: int) -> bool:
    """Whether bit `position` (0 is the first) of a BIT STRING value is set."""
    octets, count = value
    return position < count and bool(octets[position // 8] & 0x80 >> position % 8)


def findings(type_name: str, data: bytes, *, version: str = DEFAULT_VERSION) -> list[str]:
    """What a strict reader has against a message that may still be decodable; empty for a perfect one.

    Names DER faults with their offsets, then compares what was received with what the schema would write: fields out of
    order, written defaults, trailing zero bits of named bit lists. Unknown fields are allowed and pass unseen.
    """
    faults = [f"{fault.fault} at offset {fault.offset}" for fault in tlv.der_faults(data)]
    try:
        again = encode(type_name, decode(type_name, data, version=version), checked=False, version=version)
    except (DecodeError, EncodeError) as error:
        return faults or [str(error)]
    if not faults and again != data:
        faults += _differences(tlv.parse(data), tlv.parse(again))
    return faults


def _differences(received: tlv.Tlv, expected: tlv.Tlv) -> list[str]:
    if received.raw == expected.raw:
        return []
    if received.tag != expected.tag:
        return [f"tag {received.tag:X} where {expected.tag:X} is written, at offset {received.offset}"]
    if not received.is_constructed:
        return [f"{received.tag:X} is not written in its one DER form, at offset {received.offset}"]
    found: list[str] = []
    theirs, ours = list(received.children), list(expected.children)
    wanted = [child.tag for child in ours]
    known = [child for child in theirs if child.tag in wanted]
    for child in theirs:
        if child.tag not in wanted:
            # Either an extension, which may stand, or a field with its default value, which DER never writes.
            found += [f"{child.tag:X} holds a default value, at offset {child.offset}"] if _is_default(child) else []
    if sorted(child.tag for child in known) != sorted(wanted):
        return [*found, f"fields of {received.tag:X} are repeated, at offset {received.offset}"]
    if [child.tag for child in known] != wanted:
        return [*found, f"fields of {received.tag:X} out of order, at offset {received.offset}"]
    for child, twin in zip(known, ours, strict=True):
        found += _differences(child, twin)
    return found


_DEFAULTED = {0x9F26: b"\x00", 0x95: b"\x02"}
"""fallbackAttribute DEFAULT FALSE (ProfileInfo) and profileClass DEFAULT operational (StoreMetadataRequest)."""


def _is_default(child: tlv.Tlv) -> bool:
    return _DEFAULTED.get(child.tag) == child.value


def _encode(module: str, type_name: str, value: Any, checked: bool) -> bytes:
    known = schema(module).get(type_name)
    if known is None:
        raise EncodeError(f"{type_name}: the schema has no such type")
    try:
        known.check_types(value)
        if checked:
            known.check_constraints(value)
        return bytes(known.encode(value))
    except Exception as error:
        if isinstance(error, _library_errors()):
            raise EncodeError(f"{type_name}: {error}") from error
        raise


def _decode(module: str, type_name: str, data: bytes) -> Any:
    tlv.check(data)  # the library looks at none of this
    known = schema(module).get(type_name)
    if known is None:
        raise DecodeError(f"{type_name}: the schema has no such type")
    try:
        value = known.decode(data)
        known.check_constraints(value)
        return value
    except Exception as error:
        if isinstance(error, _library_errors()):
            raise DecodeError(f"{type_name}: {error}", offset=getattr(error, "offset", None)) from error
        raise


def _library_errors() -> tuple[type[Exception], ...]:
    """What asn1tools raises on octets or values it cannot handle: its own errors and plain Python ones."""
    from asn1tools.errors import Error

    return (Error, ValueError, TypeError, LookupError, OverflowError, AttributeError)
