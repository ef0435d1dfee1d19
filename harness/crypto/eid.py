"""The EID: 32 decimal digits of which the last two check the rest (ISO/IEC 7064 MOD 97-10)."""

from __future__ import annotations

EID_DIGITS = 32


def is_eid(text: str) -> bool:
    """Whether the text has the form of an EID: 32 ASCII decimal digits."""
    return len(text) == EID_DIGITS and text.isascii() and text.isdigit()


def valid_check_digits(eid: str | bytes) -> bool:
    """Whether the EID, as 32 digits or 16 octets, has the right check digits. False for anything that is no EID."""
    digits = digits_of(eid)
    return is_eid(digits) and int(digits) % 97 == 1


def with_check_digits(prefix: str) -> str:
    """The EID that begins with these 30 digits."""
    if len(prefix) != EID_DIGITS - 2 or not (prefix.isascii() and prefix.isdigit()):
        raise ValueError("an EID is made from 30 decimal digits")
    return f"{prefix}{98 - int(prefix) * 100 % 97:02d}"


def digits_of(eid: str | bytes) -> str:
    """The digits of an EID given as octets, the first digit in the higher half of the first octet."""
    return eid.hex() if isinstance(eid, bytes) else eid


def octets_of(eid: str | bytes) -> bytes:
    """The 16 octets of an EID. Raises ValueError for anything that is no EID."""
    digits = digits_of(eid)
    if not is_eid(digits):
        raise ValueError(f"{digits!r} is no EID: 32 decimal digits are needed")
    return bytes.fromhex(digits)
