"""Profile elements, one by one, as the card takes them in (TCA profile package §8; statuses of PEStatus).

Rules of this room:
- An element is processed as soon as its last octet is there; the first one that cannot be processed ends the installation.
- Optional elements that the card does not know are passed over; mandated ones end the installation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.codec import DecodeError, decode_pe, tlv
from harness.simulators.euicc.bpp import header
from harness.simulators.euicc.filesystem import reserved
from harness.simulators.euicc.services import SERVICES

OK = 0
PE_NOT_SUPPORTED = 1
BAD_VALUES = 3
NOT_ENOUGH_MEMORY = 4
INVALID_REQUEST_FORMAT = 5
FEATURE_NOT_SUPPORTED = 10
UNSUPPORTED_PROFILE_VERSION = 31

SUPPORTED_VERSIONS = (2, 3)
_UNKNOWN_KINDS = ("nonStandard", "rfu1", "rfu2", "rfu3", "rfu4", "rfu5")


class ElementRefused(Exception):
    """An element that ends the installation. Never leaves the card."""

    def __init__(self, status: int, identification: int | None = None) -> None:
        super().__init__(status)
        self.response = response(status, identification)


@dataclass(slots=True)
class Elements:
    """The elements of one profile package so far."""

    taken: list[tuple[str, Any]] = field(default_factory=list)
    pending: bytes = b""
    """Octets of an element that is not complete yet."""
    room: int = 0
    """Octets that the profile takes so far: its package, and what its files have beyond that."""

    @property
    def is_complete(self) -> bool:
        """Whether PE-End came and nothing behind it."""
        return bool(self.taken) and self.taken[-1][0] == "end" and not self.pending

    @property
    def iccid(self) -> bytes:
        """The ICCID of PE-Header: digits in their order, unlike in EF_ICCID."""
        return bytes(self.taken[0][1]["iccid"])

    def feed(self, octets: bytes) -> Iterator[tuple[str, Any]]:
        """Takes octets in and hands out each element that became complete. Raises ElementRefused."""
        self.pending += octets
        self.room += len(octets)
        while raw := _first_complete(self.pending):
            self.pending = self.pending[len(raw) :]
            element = _decoded(raw)
            self.room += reserved(element)
            yield element
            self.taken.append(element)


def check(taken: list[tuple[str, Any]], element: tuple[str, Any]) -> None:
    """Whether an element may stand behind those taken, on this card. Raises ElementRefused."""
    kind, value = element
    number = identification(value)
    if (kind == "header") != (not taken) or (taken and taken[-1][0] == "end"):
        raise ElementRefused(INVALID_REQUEST_FORMAT, number)
    if kind == "header":
        if value["major-version"] not in SUPPORTED_VERSIONS:
            raise ElementRefused(UNSUPPORTED_PROFILE_VERSION)
        if any(service not in SERVICES for service in value["eUICC-Mandatory-services"]):
            raise ElementRefused(FEATURE_NOT_SUPPORTED)
    if kind in _UNKNOWN_KINDS and is_mandated(value):
        raise ElementRefused(PE_NOT_SUPPORTED, number)
    if kind == "end" and not any(name in ("mf", "iot") for name, _ in taken):
        raise ElementRefused(BAD_VALUES, number)


def response(status: int, number: int | None = None) -> bytes:
    """EUICCResponse with one PEStatus; anything but ok aborts the installation."""
    entry = tlv.build(0x30, tlv.integer(0x80, status), b"" if number is None else tlv.integer(0x81, number))
    aborted = b"" if status == OK else tlv.build(0x81)
    return tlv.build(0x30, tlv.build(0xA0, entry), aborted)


def identification(value: Any) -> int | None:
    """The number of an element in its PEHeader; None for PE-Header, which has none."""
    found = _header_of(value)
    return None if found is None else int(found["identification"])


def is_mandated(value: Any) -> bool:
    """Whether a card that cannot process the element has to end the installation."""
    found = _header_of(value)
    return found is not None and "mandated" in found


def _header_of(value: Any) -> dict[str, Any] | None:
    return next((part for name, part in value.items() if name.lower().endswith("-header")), None)


def _first_complete(octets: bytes) -> bytes:
    """The first element of a row, once all of it is there; empty before."""
    try:
        _, size, length = header(octets)
    except DecodeError:
        if len(octets) < 6:
            return b""
        raise ElementRefused(INVALID_REQUEST_FORMAT) from None
    return octets[: size + length] if len(octets) >= size + length else b""


def _decoded(raw: bytes) -> tuple[str, Any]:
    try:
        kind, value = decode_pe(raw)
    except DecodeError:
        raise ElementRefused(INVALID_REQUEST_FORMAT) from None
    return kind, value
