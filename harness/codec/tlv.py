"""A strict reader and a plain writer of BER-TLV, independent of any schema.

Rules of this room:
- A Tlv keeps the octets it was cut from. Whoever verifies a signature takes `raw`; nothing is ever encoded again.
- Reading is strict: definite, minimal lengths and minimal tags, nothing behind the end. Each fault has a name and an offset.
- Nesting is bounded, so that no input makes the reader recurse without end.

Tags are written as the integer their octets form, first octet first: 0x5A, 0xBF51, 0x9F70.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from harness.codec.errors import DecodeError, DerError

MAX_DEPTH = 32
_MAX_LENGTH_OCTETS = 4

INDEFINITE_LENGTH = "indefinite length"
NON_MINIMAL_LENGTH = "length not in its shortest form"
NON_MINIMAL_TAG = "tag not in its shortest form"
TRUNCATED = "ends inside a TLV"
TRAILING = "octets behind the end"
TOO_DEEP = f"nested deeper than {MAX_DEPTH}"
LENGTH_TOO_LARGE = f"length field longer than {_MAX_LENGTH_OCTETS} octets"
BAD_BOOLEAN = "BOOLEAN that is neither 00 nor FF"
BAD_INTEGER = "INTEGER not in its shortest form"
BAD_NULL = "NULL with contents"
BAD_BIT_STRING = "BIT STRING with wrong or non-zero unused bits"


@dataclass(frozen=True)
class Tlv:
    """One TLV as it was received."""

    tag: int
    """The tag's octets as one big-endian integer."""
    raw: bytes
    """Tag, length and value, exactly as on the wire."""
    header_length: int
    """How many octets tag and length take."""
    offset: int = 0
    """Where `raw` begins in the octets that were parsed."""

    @property
    def value(self) -> bytes:
        return self.raw[self.header_length :]

    @property
    def is_constructed(self) -> bool:
        return bool(self.raw[0] & 0x20)

    @cached_property
    def children(self) -> tuple[Tlv, ...]:
        """The TLVs inside. Raises DerError where the value is not a row of TLVs."""
        return parse_all(self.value, base=self.offset + self.header_length)

    def find(self, *path: int) -> Tlv | None:
        """The first TLV at this path of tags below this one, or None."""
        here: Tlv | None = self
        for tag in path:
            if here is None:
                return None
            here = next((child for child in here.children if child.tag == tag), None)
        return here

    def get(self, *path: int) -> Tlv:
        """Like `find`, but a missing TLV is a DecodeError that names the path."""
        found = self.find(*path)
        if found is None:
            names = "/".join(f"{tag:X}" for tag in path)
            raise DecodeError(f"{self.tag:X} has no {names}", offset=self.offset)
        return found

    def walk(self) -> Iterator[Tlv]:
        """This TLV and everything inside it, outermost first. Primitive values are not looked into.

        Raises DerError where a value is not a row of TLVs, or where they are nested deeper than MAX_DEPTH.
        """
        pending = [(self, 0)]
        while pending:
            here, depth = pending.pop()
            yield here
            if here.is_constructed:
                if depth >= MAX_DEPTH:
                    raise DerError(TOO_DEEP, offset=here.offset)
                pending += [(child, depth + 1) for child in reversed(here.children)]


@dataclass(frozen=True, slots=True)
class DerFault:
    """One broken rule of DER, found without stopping."""

    offset: int
    fault: str


def parse(data: bytes) -> Tlv:
    """Exactly one TLV. Raises DerError on the first fault, also for anything behind it."""
    first = _read(data, 0, 0)
    if len(first.raw) != len(data):
        raise DerError(TRAILING, offset=len(first.raw))
    return first


def parse_all(data: bytes, *, base: int = 0) -> tuple[Tlv, ...]:
    """A row of TLVs that fills the octets. `base` is added to the offsets. Raises DerError on the first fault."""
    found = []
    at = 0
    while at < len(data):
        tlv = _read(data, at, base)
        found.append(tlv)
        at += len(tlv.raw)
    return tuple(found)


def check(data: bytes) -> None:
    """What `parse` and a walk through the whole TLV would refuse, at a fraction of their cost. Raises the same DerError."""
    if not _is_well_formed(data):
        for _ in parse(data).walk():
            pass


def first(data: bytes) -> Tlv:
    """The TLV that the octets begin with, whatever follows. Raises DerError."""
    return _read(data, 0, 0)


def length_of(size: int) -> bytes:
    """The DER length field for so many octets."""
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tag_octets(tag: int) -> bytes:
    """The octets of a tag given as an integer."""
    return tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big")


def build(tag: int, *parts: bytes) -> bytes:
    """A TLV around the parts, joined."""
    value = b"".join(parts)
    return tag_octets(tag) + length_of(len(value)) + value


def integer(tag: int, number: int) -> bytes:
    """A TLV that holds a signed integer in its shortest form."""
    size = max(1, (number if number >= 0 else ~number).bit_length() // 8 + 1)
    return build(tag, number.to_bytes(size, "big", signed=True))


def der_faults(data: bytes) -> list[DerFault]:
    """Every DER fault that can be seen without a schema, with its offset; an empty list means none.

    Goes on behind a fault as long as the next TLV can be told. Universal BOOLEAN, INTEGER, NULL and BIT STRING are looked
    into; context-specific primitives are not, since their type is not on the wire.
    """
    faults: list[DerFault] = []
    at = 0
    while at < len(data):
        at = _inspect(data, at, len(data), 0, faults)
    return faults


def _is_well_formed(data: bytes) -> bool:
    """Whether the octets are one TLV without a structural fault. One pass without a single object made for a TLV."""
    at, end = 0, len(data)
    open_ends: list[int] = []
    while True:
        start = at
        after, fault = at + 1, ""
        if start >= end:
            return False
        octet = data[start]
        if octet & 0x1F == 0x1F:
            if after < end and 0x1F <= data[after] < 0x80:
                after += 1
            else:
                _, after, fault = _tag(data, start)
        if fault or after >= end:
            return False
        size = data[after]
        at = after + 1
        if size == 0x81 and at < end and data[at] & 0x80:
            size = data[at]
            at += 1
        elif size & 0x80:
            size, at, fault = _length(data, after)
            if fault:
                return False
        stop = at + size
        if stop > end or (not open_ends and start == 0 and stop != end):
            return False
        if octet & 0x20 and size:
            if len(open_ends) >= MAX_DEPTH:
                return False
            open_ends.append(end)
            end = stop
            continue
        at = stop
        while at == end:
            if not open_ends:
                return True
            end = open_ends.pop()


def _read(data: bytes, at: int, base: int) -> Tlv:
    tag, after_tag, fault = _tag(data, at)
    if fault:
        raise DerError(fault, offset=base + at)
    size, after_length, fault = _length(data, after_tag)
    if fault:
        raise DerError(fault, offset=base + after_tag)
    end = after_length + size
    if end > len(data):
        raise DerError(TRUNCATED, offset=base + at)
    return Tlv(tag, data[at:end], after_length - at, base + at)


def _tag(data: bytes, at: int) -> tuple[int, int, str]:
    """Tag, offset behind it, fault. A fault that leaves the tag readable is told together with it."""
    if at >= len(data):
        return 0, at, TRUNCATED
    octet = data[at]
    tag, at = octet, at + 1
    if octet & 0x1F != 0x1F:
        return tag, at, ""
    start = at
    while True:
        if at >= len(data) or at - start >= _MAX_LENGTH_OCTETS:
            return 0, at, TRUNCATED
        octet = data[at]
        tag, at = tag << 8 | octet, at + 1
        if not octet & 0x80:
            break
    minimal = data[start] != 0x80 and not (at - start == 1 and octet < 0x1F)
    return tag, at, "" if minimal else NON_MINIMAL_TAG


def _length(data: bytes, at: int) -> tuple[int, int, str]:
    if at >= len(data):
        return 0, at, TRUNCATED
    octet = data[at]
    at += 1
    if octet < 0x80:
        return octet, at, ""
    count = octet & 0x7F
    if count == 0:
        return 0, at, INDEFINITE_LENGTH
    if count > _MAX_LENGTH_OCTETS:
        return 0, at, LENGTH_TOO_LARGE
    if at + count > len(data):
        return 0, at, TRUNCATED
    size = int.from_bytes(data[at : at + count], "big")
    minimal = size >= 0x80 and data[at] != 0
    return size, at + count, "" if minimal else NON_MINIMAL_LENGTH


def _inspect(data: bytes, at: int, end: int, depth: int, faults: list[DerFault]) -> int:
    """Notes the faults of the TLV at `at`; returns where the next one begins (`end` where that cannot be told)."""
    start = at
    tag, at, fault = _tag(data[:end], at)
    if fault:
        faults.append(DerFault(start, fault))
        if fault == TRUNCATED:
            return end
    size, after, fault = _length(data[:end], at)
    if fault:
        faults.append(DerFault(at, fault))
        if fault != NON_MINIMAL_LENGTH:
            return end
    stop = after + size
    if stop > end:
        faults.append(DerFault(start, TRUNCATED))
        return end
    if data[start] & 0x20:
        if depth >= MAX_DEPTH:
            faults.append(DerFault(start, TOO_DEEP))
            return stop
        inner = after
        while inner < stop:
            inner = _inspect(data, inner, stop, depth + 1, faults)
    else:
        fault = _primitive_fault(tag, data[after:stop])
        if fault:
            faults.append(DerFault(start, fault))
    return stop


def _primitive_fault(tag: int, value: bytes) -> str:
    if tag == 0x01:
        return "" if value in (b"\x00", b"\xff") else BAD_BOOLEAN
    if tag == 0x02:
        return "" if is_minimal_integer(value) else BAD_INTEGER
    if tag == 0x03:
        return "" if is_bit_string(value) else BAD_BIT_STRING
    if tag == 0x05:
        return BAD_NULL if value else ""
    return ""


def is_minimal_integer(value: bytes) -> bool:
    """Whether the contents are an INTEGER in its shortest form (X.690 §8.3.2)."""
    if not value:
        return False
    return len(value) == 1 or not ((value[0] == 0x00 and not value[1] & 0x80) or (value[0] == 0xFF and value[1] & 0x80))


def is_bit_string(value: bytes) -> bool:
    """Whether the contents are a BIT STRING whose unused bits are counted right and zero (X.690 §8.6, §11.2.1)."""
    if not value or value[0] > 7 or (len(value) == 1 and value[0]):
        return False
    return not value[0] or not value[-1] & ((1 << value[0]) - 1)
