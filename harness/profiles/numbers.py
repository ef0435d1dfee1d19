"""Numbers of a subscription: the check digit of an ICCID, an IMSI and a PLMN as they stand in files and messages."""

from __future__ import annotations

from harness.codec.digits import FILL, swapped

ICCID_OCTETS = 10


def luhn_digit(body: str) -> str:
    """The check digit behind these digits (ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (1 if place % 2 else 2)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def is_luhn_valid(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it."""
    return len(digits) > 1 and luhn_digit(digits[:-1]) == digits[-1]


def imsi_octets(imsi: str) -> bytes:
    """The nine octets of EF.IMSI (TS 31.102 §4.2.2): a length, then parity and digits, nibbles swapped."""
    parity = "9" if len(imsi) % 2 else "1"
    digits = swapped(parity + imsi)
    return bytes([len(digits)]) + digits.ljust(8, b"\xff")


def plmn_octets(plmn: str) -> bytes:
    """Three octets of a PLMN of five or six digits (TS 24.008 §10.5.1.13), as in OperatorId and PLMN lists."""
    mcc, mnc = plmn[:3], plmn[3:].ljust(3, FILL)
    return bytes.fromhex(f"{mcc[1]}{mcc[0]}{mnc[2]}{mcc[2]}{mnc[1]}{mnc[0]}")
