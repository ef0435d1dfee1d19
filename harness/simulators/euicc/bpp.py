"""How a bound profile package is cut up on its way to the card (SGP.22 §2.5.5): header, containers, segments.

Each STORE DATA chain brings one or more whole parts: BF36's header with BF23, a container's header, segments. A part is
never spread over two chains.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from harness.codec import DecodeError, tlv

PACKAGE = 0xBF36
SECURE_CHANNEL = 0xBF23
CONTAINERS = {0xA0: 0x87, 0xA1: 0x88, 0xA2: 0x87, 0xA3: 0x86}
"""The containers with the tag of the segments inside."""
_FOLLOWERS = {
    None: (SECURE_CHANNEL,),
    SECURE_CHANNEL: (0xA0,),
    0xA0: (0xA1,),
    0xA1: (0xA2, 0xA3),
    0xA2: (0xA3,),
    0xA3: (),
}
_FIRST_OCTETS = frozenset({0xA0, 0xA1, 0xA2, 0xA3, 0x86, 0x87, 0x88})


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a bound profile package."""

    container: int
    """BF23, or the container that this belongs to."""
    segment: bytes = b""
    """A segment's TLV or the whole BF23; empty at the end of a container."""


def is_part(octets: bytes) -> bool:
    """Whether a command belongs to a bound profile package."""
    return octets[:2] == b"\xbf\x36" or (bool(octets) and octets[0] in _FIRST_OCTETS)


class Cutter:
    """Cuts the chains of one package into parts, in order. Raises DecodeError for anything out of place."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._container: int | None = None
        self._container_left = 0

    @property
    def container(self) -> int | None:
        """The container that is being filled, or was filled last."""
        return self._container

    @property
    def is_complete(self) -> bool:
        """Whether the whole package was cut, down to its last octet."""
        return self._left == 0 and self._container == 0xA3 and self._container_left == 0

    def cut(self, chain: bytes) -> Iterator[Part]:
        """The parts in one chain."""
        at = 0
        left = self._left
        if left is None:
            tag, at, left = header(chain)
            if tag != PACKAGE:
                raise DecodeError("a bound profile package begins with BF36", offset=0)
        while at < len(chain):
            rest = chain[at:]
            used = yield from (self._segment(rest) if self._container_left else self._next(rest))
            at += used
            self._left = left = left - used
            if left < 0:
                raise DecodeError("longer than its BF36 said", offset=at)

    def _next(self, rest: bytes) -> Generator[Part, None, int]:
        tag, size, length = header(rest)
        if tag not in _FOLLOWERS[self._container]:
            raise DecodeError(f"{tag:X} is not due here", offset=0)
        self._container = tag
        if tag == SECURE_CHANNEL:
            yield Part(tag, tlv.first(rest).raw)
            return size + length
        self._container_left = length
        if not length:
            yield Part(tag)
        return size

    def _segment(self, rest: bytes) -> Generator[Part, None, int]:
        segment = tlv.first(rest)
        container = self._container or 0
        if segment.tag != CONTAINERS.get(container) or len(segment.raw) > self._container_left:
            raise DecodeError(f"{segment.tag:X} is not due here", offset=0)
        self._container_left -= len(segment.raw)
        yield Part(container, segment.raw)
        if not self._container_left:
            yield Part(container)
        return len(segment.raw)


def header(octets: bytes) -> tuple[int, int, int]:
    """Tag, size of tag and length field, and length of the TLV that begins here. It need not be complete."""
    at = 2 if octets[:1] and octets[0] & 0x1F == 0x1F else 1
    if len(octets) <= at:
        raise DecodeError("ends inside a header", offset=0)
    tag, first = int.from_bytes(octets[:at], "big"), octets[at]
    if first < 0x80:
        return tag, at + 1, first
    count = first & 0x7F
    size = octets[at + 1 : at + 1 + count]
    if not 1 <= count <= 3 or len(size) != count:
        raise DecodeError("a length that cannot be read", offset=at)
    return tag, at + 1 + count, int.from_bytes(size, "big")
