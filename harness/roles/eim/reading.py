"""Fields of received TLVs. Everything here raises DecodeError and nothing else, whatever the octets."""

from __future__ import annotations

from harness.codec import DecodeError
from harness.codec.tlv import Tlv, build

MAX_INTEGER_OCTETS = 8


def integer(field: Tlv) -> int:
    """The signed INTEGER in a TLV of any tag."""
    if not 0 < len(field.value) <= MAX_INTEGER_OCTETS:
        raise DecodeError(f"{field.tag:X} is no INTEGER of this field", offset=field.offset)
    return int.from_bytes(field.value, "big", signed=True)


def text(field: Tlv) -> str:
    """The UTF8String in a TLV of any tag."""
    try:
        return field.value.decode()
    except UnicodeDecodeError as error:
        raise DecodeError(f"{field.tag:X} is not UTF-8", offset=field.offset) from error


def optional_integer(parent: Tlv, tag: int) -> int | None:
    """The INTEGER in a child, or None where the child is absent."""
    field = parent.find(tag)
    return None if field is None else integer(field)


def octets(parent: Tlv, tag: int) -> bytes | None:
    """The value of a child, or None where the child is absent."""
    field = parent.find(tag)
    return None if field is None else field.value


def only_child(parent: Tlv) -> Tlv:
    """The one TLV inside."""
    if len(parent.children) != 1:
        raise DecodeError(f"{parent.tag:X} holds {len(parent.children)} fields where one is due", offset=parent.offset)
    return parent.children[0]


def certificate(field: Tlv) -> tuple[bytes, bool]:
    """The whole DER of a Certificate that carries an implicit tag, and whether it stood in its right form.

    The right form holds the three parts of a certificate; some software writes the whole SEQUENCE inside the tag.
    """
    children = field.children
    if len(children) == 1 and children[0].tag == 0x30:
        return children[0].raw, False
    return build(0x30, field.value), True
