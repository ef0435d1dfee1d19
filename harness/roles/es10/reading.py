"""From an answer's octets to values, with every fault of form told as the device's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from harness.codec import DecodeError, decode, tlv
from harness.crypto.ecdsa import verify
from harness.errors import MalformedAnswer
from harness.roles.es10.versions import V1_2, Dialect

SIGNATURE = 0x5F37


class HasPublicKey(Protocol):
    """A certificate, as far as a signature check needs it."""

    @property
    def public_key(self) -> EllipticCurvePublicKey: ...


Verifier = EllipticCurvePublicKey | HasPublicKey


def parsed(answer: bytes, tag: int) -> tlv.Tlv:
    """The answer as one TLV of this tag. Raises MalformedAnswer."""
    try:
        outer = tlv.parse(answer)
    except DecodeError as error:
        raise MalformedAnswer(f"the answer is not one TLV: {error}") from error
    if outer.tag != tag:
        raise MalformedAnswer(f"the answer is {outer.tag:X} where {tag:X} is due")
    return outer


def decoded(type_name: str, answer: bytes, dialect: Dialect = V1_2) -> Any:
    """The answer's value, its type and its fields named as in v1.2. Raises MalformedAnswer."""
    try:
        value = decode(dialect.type_named(type_name), answer, version=dialect.schema)
        return renamed(value, dialect.field_names) if dialect.field_names else value
    except DecodeError as error:
        raise MalformedAnswer(str(error)) from error


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A value of the codec with fields and alternatives called by other names."""
    if isinstance(value, dict):
        return {names.get(name, name): renamed(inner, names) for name, inner in value.items()}
    if isinstance(value, list):
        return [renamed(inner, names) for inner in value]
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        return names.get(value[0], value[0]), renamed(value[1], names)
    return value


def part(outer: tlv.Tlv, *path: int) -> tlv.Tlv:
    """A TLV inside the answer. Raises MalformedAnswer where it is missing."""
    try:
        return outer.get(*path)
    except DecodeError as error:
        raise MalformedAnswer(str(error)) from error


def inside(outer: tlv.Tlv) -> tuple[tlv.Tlv, ...]:
    """The TLVs inside a part of the answer. Raises MalformedAnswer."""
    try:
        return outer.children
    except DecodeError as error:
        raise MalformedAnswer(str(error)) from error


def certificate_der(field: tlv.Tlv) -> bytes:
    """The whole DER of a certificate under an implicit tag; a whole SEQUENCE inside the tag, as some send, is taken too."""
    within = inside(field)
    if len(within) == 1 and within[0].tag == 0x30:
        return within[0].raw
    return tlv.build(0x30, field.value)


def signed_by(verifier: Verifier, signature: bytes, *parts: bytes) -> bool:
    """Whether the signature over the joined parts is the verifier's. False for any malformed signature."""
    key = verifier if isinstance(verifier, EllipticCurvePublicKey) else verifier.public_key
    return verify(key, signature, b"".join(parts))


def bits(value: tuple[bytes, int] | None) -> frozenset[int]:
    """The positions of the set bits of a BIT STRING value, bit 0 first."""
    if value is None:
        return frozenset()
    octets, count = value
    return frozenset(position for position in range(count) if octets[position // 8] & 0x80 >> position % 8)
