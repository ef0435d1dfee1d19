"""Structure-aware mutation of TLV messages: one fault at a time, in one field, with every length around it as it should be.

Random octets hardly get beyond a decoder's first tag. What is changed here is one TLV at any depth of a sound message: its
value by the kinds of values that fields have, its tag, its length, or whether and how often it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from harness.codec import tlv
from harness.codec.tlv import Tlv

_LONG = 300
_ANOTHER_FUNCTION = "of another tag"
"""What would make another function of a whole message: nobody knows what that one does to a card."""


class Chance(Random):
    """Random numbers from a seed that a report can name."""

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self.named = seed
        """The seed."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A message with one fault."""

    what: str
    """Which fault, and where: tags from the outside in."""
    octets: bytes


Change = Callable[[Tlv, Random], bytes]
"""The octets that stand in the place of one TLV."""


def _value(make: Callable[[bytes, Random], bytes]) -> Change:
    return lambda piece, chance: tlv.build(piece.tag, make(piece.value, chance))


def _flipped(value: bytes, chance: Random) -> bytes:
    if not value:
        return b"\x01"
    bit = chance.randrange(8 * len(value))
    return value[: bit // 8] + bytes([value[bit // 8] ^ 0x80 >> bit % 8]) + value[bit // 8 + 1 :]


def _other_tag(piece: Tlv, chance: Random) -> bytes:
    octets = tlv.tag_octets(piece.tag)
    last = octets[-1] ^ chance.choice((0x01, 0x02, 0x04) if len(octets) > 1 else (0x01, 0x02, 0x20, 0x40, 0x80))
    return octets[:-1] + bytes([last]) + piece.raw[len(octets) :]


def _length(encoded: Callable[[int], bytes]) -> Change:
    return lambda piece, _: tlv.tag_octets(piece.tag) + encoded(len(piece.value)) + piece.value


CHANGES: Mapping[str, Change] = {
    "left out": lambda piece, _: b"",
    "twice": lambda piece, _: piece.raw * 2,
    "empty": _value(lambda value, _: b""),
    "an octet short": _value(lambda value, _: value[:-1]),
    "an octet long": _value(lambda value, chance: value + chance.randbytes(1)),
    "of another value": _value(lambda value, chance: chance.randbytes(len(value))),
    "with another bit": _value(_flipped),
    "all ones": _value(lambda value, _: b"\xff" * max(1, len(value))),
    "all zeroes": _value(lambda value, _: bytes(max(1, len(value)))),
    "a negative INTEGER": _value(lambda value, _: b"\x80"),
    "an INTEGER of 64 bits": _value(lambda value, _: b"\x7f" + b"\xff" * 7),
    "an INTEGER of 65 bits": _value(lambda value, _: b"\x00" + b"\xff" * 8),
    "text that is no UTF-8": _value(lambda value, _: b"\xc3\x28\xff"),
    "text with a NUL": _value(lambda value, _: b"a\x00b"),
    "a BIT STRING with nine unused bits": _value(lambda value, _: b"\x09\xff"),
    "of any octets": _value(lambda value, chance: chance.randbytes(chance.randrange(1, 40))),
    "very long": _value(lambda value, chance: value + chance.randbytes(_LONG)),
    "inside itself": lambda piece, _: tlv.build(piece.tag, piece.raw),
    _ANOTHER_FUNCTION: _other_tag,
    "of a length one too great": _length(lambda size: tlv.length_of(size + 1)),
    "of a length one too small": _length(lambda size: tlv.length_of(max(0, size - 1))),
    "of a length in too many octets": _length(lambda size: b"\x83" + size.to_bytes(3, "big")),
    "of an indefinite length": _length(lambda size: b"\x80"),
}
"""What can be wrong with a field, in words."""


def mutated(message: bytes, chance: Random) -> Mutation:
    """A sound message with one fault in it, for the same function. Raises DecodeError for a message that is none."""
    root = tlv.parse(message)
    places = list(_places(root))
    at = chance.choice(places)
    what = chance.choice([what for what in CHANGES if len(at) > 1 or what != _ANOTHER_FUNCTION])
    path = "/".join(f"{piece.tag:X}" for piece in at)
    return Mutation(f"{path} {what}", _rebuilt(root, at[-1], CHANGES[what](at[-1], chance)))


def _places(piece: Tlv, above: tuple[Tlv, ...] = ()) -> list[tuple[Tlv, ...]]:
    here = (*above, piece)
    children = piece.children if piece.is_constructed else ()
    return [here, *(place for child in children for place in _places(child, here))]


def _rebuilt(piece: Tlv, target: Tlv, instead: bytes) -> bytes:
    """The octets of `piece` with `target` replaced, lengths around it corrected."""
    if piece is target:
        return instead
    if not target.offset > piece.offset or target.offset >= piece.offset + len(piece.raw):
        return piece.raw
    return tlv.build(piece.tag, *(_rebuilt(child, target, instead) for child in piece.children))
