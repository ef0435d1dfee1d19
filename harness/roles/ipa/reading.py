"""Small readers over TLVs that a server sent."""

from __future__ import annotations

from harness.codec import DecodeError, tlv
from harness.errors import HarnessError


class BadReply(HarnessError):
    """A server's answer that cannot be used: its form, its type or its contents are wrong."""

    def __init__(self, message: str, *, retry_after: str | None = None) -> None:
        """`retry_after` is what the server's Retry-After says, if anything."""
        super().__init__(message)
        self.retry_after = retry_after


def one(data: bytes, tag: int, what: str) -> tlv.Tlv:
    """Exactly one TLV of this tag. Raises BadReply."""
    try:
        found = tlv.parse(data)
        for _ in found.walk():
            pass
    except DecodeError as error:
        raise BadReply(f"{what} is not one TLV: {error}") from error
    if found.tag != tag:
        raise BadReply(f"{what} begins with {found.tag:X} where {tag:X} is due")
    return found


def field(outer: tlv.Tlv, tag: int, what: str) -> tlv.Tlv:
    """A TLV inside another. Raises BadReply."""
    found = outer.find(tag)
    if found is None:
        raise BadReply(f"{what} has no {tag:X}")
    return found


def optional(outer: tlv.Tlv, tag: int) -> bytes | None:
    """The value of an optional field."""
    found = outer.find(tag)
    return None if found is None else found.value


def text(octets: bytes, what: str) -> str:
    """UTF-8 text. Raises BadReply."""
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise BadReply(f"{what} is no UTF-8") from error


def number(octets: bytes) -> int:
    """A signed INTEGER's value."""
    return int.from_bytes(octets, "big", signed=True)
