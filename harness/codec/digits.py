"""Decimal digits two an octet: ICCID, IMSI and PLMN in files and messages, the EID in certificates."""

from __future__ import annotations

FILL = "F"
"""The nibble behind the last digit where their count is odd or the field is longer."""


def packed(digits: str, octets: int) -> bytes:
    """Digits in reading order, filled up with F to at least so many octets: as in the header of a profile package."""
    return bytes.fromhex(digits.ljust(2 * octets, FILL))


def swapped(digits: str, octets: int = 0) -> bytes:
    """The same with the nibbles of each octet exchanged: as in EF_ICCID and tag 5A (TS 102 221 §13.2)."""
    return exchanged(packed(digits, max(octets, (len(digits) + 1) // 2)))


def unswapped(octets: bytes) -> str:
    """The digits behind `swapped`, without the filling. What is no digit stays a capital letter."""
    return exchanged(octets).hex().upper().rstrip(FILL)


def exchanged(octets: bytes) -> bytes:
    """The nibbles of each octet exchanged."""
    return bytes(octet >> 4 | (octet & 0x0F) << 4 for octet in octets)
