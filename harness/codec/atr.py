"""The Answer To Reset of a card (ISO/IEC 7816-3 §8.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import xor

from harness.codec.errors import DecodeError

_CONVENTIONS = (0x3B, 0x3F)


@dataclass(frozen=True, slots=True)
class Atr:
    """What an ATR says. T=15 is no protocol: it marks global interface octets."""

    protocols: tuple[int, ...]
    """The transmission protocols offered, in the order named; (0,) where none is named."""
    historical: bytes
    check_octet: int | None
    """TCK; None where it is absent, which it is exactly when T=0 alone is indicated."""


def parse_atr(octets: bytes) -> Atr:
    """Raises DecodeError where the octets break ISO/IEC 7816-3: convention, lengths, presence or value of TCK."""
    if len(octets) < 2 or octets[0] not in _CONVENTIONS:
        raise DecodeError("an ATR begins with 3B or 3F and a format octet", offset=0)
    indicated: list[int] = []
    at, follows = 2, octets[1] >> 4
    while follows:
        count = bin(follows).count("1")
        if at + count > len(octets):
            raise DecodeError("the ATR ends inside its interface octets", offset=len(octets))
        last = octets[at + count - 1]
        has_next = bool(follows & 0x8)
        at += count
        follows = last >> 4 if has_next else 0
        if has_next:
            indicated.append(last & 0x0F)
    historical = octets[at : at + (octets[1] & 0x0F)]
    if len(historical) < octets[1] & 0x0F:
        raise DecodeError("the ATR ends inside its historical octets", offset=len(octets))
    rest = octets[at + len(historical) :]
    needs_check = any(protocol != 0 for protocol in indicated)
    if len(rest) != needs_check:
        raise DecodeError(
            f"{len(rest)} octets stand where {int(needs_check)} of TCK are due", offset=at + len(historical)
        )
    if needs_check and reduce(xor, octets[1:]) != 0:
        raise DecodeError("TCK does not fit", offset=len(octets) - 1)
    protocols = tuple(dict.fromkeys(protocol for protocol in indicated if protocol != 15)) or (0,)
    return Atr(protocols, historical, rest[0] if rest else None)
