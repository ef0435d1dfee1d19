"""Places in the schema: which field, CHOICE arm, result code or named bit of which type.

A place is named for the innermost type that has a name: `EimConfigurationData.eimFqdn`, `RetrieveNotificationsListRequest.
searchCriteria.seqNumber`, `EnableProfileResult = catBusy(5)`. The same type sent and received counts twice: a card may take
a field and never give it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from harness.codec import tlv
from harness.codec.errors import DerError
from harness.codec.schema_files import OPAQUE
from harness.reporting.decode.shapes import Names, Shape, types

SENT, RECEIVED = "sent", "received"


class Kind(StrEnum):
    """What kind of thing a place is."""

    FUNCTION = "function"
    FIELD = "field"
    ARM = "arm"
    CODE = "code"
    BIT = "bit"


@dataclass(frozen=True, slots=True)
class Place:
    """One thing that a case can cover."""

    name: str
    kind: Kind
    direction: str
    """SENT to the card or RECEIVED from it."""


class Schema:
    """The types of one schema, as places in declaration and in messages."""

    def __init__(self, name: str = "sgp32-v1.2") -> None:
        self._types = types(name)
        self._names = Names(name)

    def declared(self, type_name: str, direction: str) -> Iterator[Place]:
        """Every place of a type and of the types below it, in the order of the schema."""
        yield from self._declared({"type": type_name}, type_name, direction, set())

    def crossed(self, type_name: str, octets: bytes, direction: str) -> set[Place]:
        """The places of one message that is to be of that type. What cannot be read any further is left out."""
        found: set[Place] = set()
        shape = self._names.shape(type_name)
        with suppress(DerError):
            piece = tlv.first(octets)
            if shape is not None and piece.tag in self._names.tags(shape):
                self._visit(piece, shape, type_name, direction, found)
        return found

    def _declared(self, shape: Shape, path: str, direction: str, seen: set[str]) -> Iterator[Place]:
        inner, path, wrapped = self._resolved(shape, path)
        if wrapped:
            yield from self._declared(inner, path, direction, seen)
            return
        if path in seen:
            return
        seen.add(path)
        kind = inner["type"]
        if kind in ("SEQUENCE", "SET", "CHOICE"):
            for member in self._names.members(inner):
                name = f"{path}.{member['name']}"
                yield Place(name, Kind.ARM if kind == "CHOICE" else Kind.FIELD, direction)
                yield from self._declared(member, name, direction, seen)
        elif kind in ("SEQUENCE OF", "SET OF"):
            yield from self._declared(inner["element"], f"{path}[]", direction, seen)
        else:
            yield from (Place(f"{path} = {name}", Kind.CODE, direction) for name in _codes(inner).values())
            yield from (Place(f"{path} has {name}", Kind.BIT, direction) for name in _bits(inner).values())

    def _visit(self, piece: tlv.Tlv, shape: Shape, path: str, direction: str, found: set[Place]) -> None:
        inner, path, wrapped = self._resolved(shape, path)
        kind = inner["type"]
        if wrapped:
            for child in _children(piece):
                if child.tag in self._names.tags(inner):
                    self._visit(child, inner, path, direction, found)
        elif kind == "CHOICE":
            for member in self._names.members(inner):
                if piece.tag in self._names.tags(member):
                    self._enter(piece, member, path, Kind.ARM, direction, found)
                    break
        elif kind in ("SEQUENCE", "SET"):
            left = self._names.members(inner)
            for child in _children(piece):
                field = next((one for one in left if child.tag in self._names.tags(one)), None)
                if field is not None:
                    left = [one for one in left if one is not field]
                    self._enter(child, field, path, Kind.FIELD, direction, found)
        elif kind in ("SEQUENCE OF", "SET OF"):
            for child in _children(piece):
                if child.tag in self._names.tags(inner["element"]):
                    self._visit(child, inner["element"], f"{path}[]", direction, found)
        elif not piece.is_constructed:
            name = _codes(inner).get(int.from_bytes(piece.value, "big", signed=True))
            found |= {Place(f"{path} = {name}", Kind.CODE, direction)} if name else set()
            set_bits = _set_bits(piece.value) if inner["type"] == "BIT STRING" else ()
            named = _bits(inner)
            found |= {Place(f"{path} has {named[bit]}", Kind.BIT, direction) for bit in set_bits if bit in named}

    def _enter(self, piece: tlv.Tlv, member: Shape, path: str, kind: Kind, direction: str, found: set[Place]) -> None:
        name = f"{path}.{member['name']}"
        found.add(Place(name, kind, direction))
        self._visit(piece, member, name, direction, found)

    def _resolved(self, shape: Shape, path: str) -> tuple[Shape, str, bool]:
        """The type behind references, the path that it has there, and whether it stands inside an explicit tag."""
        while True:
            tag = shape.get("tag")
            if tag is not None and tag.get("kind") == "EXPLICIT":
                return {key: value for key, value in shape.items() if key != "tag"}, path, True
            name = shape["type"]
            if name in OPAQUE or name not in self._types:
                return shape, path, False
            path, shape = name, self._types[name]


def _children(piece: tlv.Tlv) -> tuple[tlv.Tlv, ...]:
    with suppress(DerError):
        return piece.children if piece.is_constructed else ()
    return ()


def _codes(shape: Shape) -> dict[int, str]:
    named: dict[str, int] = shape.get("named-numbers") or {}
    return {value: f"{name}({value})" for name, value in named.items()}


def _bits(shape: Shape) -> dict[int, str]:
    named: list[tuple[str, str]] = shape.get("named-bits") or []
    return {int(number): f"{name}({number})" for name, number in named}


def _set_bits(octets: bytes) -> list[int]:
    count = 8 * (len(octets) - 1) - octets[0] if octets and octets[0] < 8 else 0
    return [position for position in range(count) if octets[1 + position // 8] & 0x80 >> position % 8]
