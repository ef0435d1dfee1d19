"""The schema as people's names for tags: which field of which type a tag is.

The codec drops what its schema does not know and refuses what is malformed; a reader of evidence must see both. So messages
are walked TLV by TLV here, and the schema file gives only the names. It writes every tag as it stands on the wire.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from harness.codec import library, schema_files
from harness.codec.schema_files import OPAQUE
from harness.evidence.lines import write_whole

Shape = Mapping[str, Any]
"""One type as the schema's parser gives it: type, tag, members, element, name, named-numbers, named-bits."""

_CLASSES = {"UNIVERSAL": 0x00, "APPLICATION": 0x40, "CONTEXT": 0x80, "PRIVATE": 0xC0}
_UNIVERSAL = {
    "BOOLEAN": 0x01,
    "INTEGER": 0x02,
    "BIT STRING": 0x03,
    "OCTET STRING": 0x04,
    "NULL": 0x05,
    "OBJECT IDENTIFIER": 0x06,
    "ENUMERATED": 0x0A,
    "UTF8String": 0x0C,
    "SEQUENCE": 0x30,
    "SEQUENCE OF": 0x30,
    "SET": 0x31,
    "SET OF": 0x31,
    "PrintableString": 0x13,
    "NumericString": 0x12,
    "IA5String": 0x16,
}
_CONSTRUCTED = frozenset({"SEQUENCE", "SEQUENCE OF", "SET", "SET OF", "CHOICE"})


@cache
def types(schema: str) -> Mapping[str, Shape]:
    """All types of `schemas/NAME.asn`, by name.

    Parsing takes 0.2 s and the parser 30 MB: what it found is kept for the next process, as JSON.
    """
    source = schema_files.source(schema)
    kept = schema_files.cache_folder() / f"names-{schema}-{hashlib.sha256(source).hexdigest()[:20]}.json"
    found = _load(kept)
    if found is None:
        library.enter()
        from asn1tools.parser import parse_string

        (module,) = parse_string(source.decode()).values()
        text = json.dumps(module["types"])
        found = json.loads(text)
        _keep(kept, text)
    return found


def _load(kept: Path) -> Mapping[str, Shape] | None:
    try:
        found = json.loads(kept.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _keep(kept: Path, text: str) -> None:
    """A home that cannot be written only costs the time to parse again."""
    with suppress(OSError):
        write_whole(kept, text.encode())


class Names:
    """The types of one schema, asked by tag."""

    def __init__(self, schema: str) -> None:
        self._types = types(schema)
        self._roots: dict[str, Shape] = {name: {"type": name} for name in self._types}
        # By identity, with the shape itself kept so that no other can take its place: shapes are unhashable mappings.
        self._tags: dict[int, tuple[Shape, frozenset[int]]] = {}
        self._contents: dict[int, tuple[Shape, tuple[Shape, bool]]] = {}

    def shape(self, type_name: str) -> Shape | None:
        """The type of that name."""
        return self._roots.get(type_name)

    def tags(self, shape: Shape) -> frozenset[int]:
        """Every tag that a value of this type can begin with; more than one for an untagged CHOICE."""
        known = self._tags.get(id(shape))
        if known is None or known[0] is not shape:
            known = self._tags[id(shape)] = (shape, self._read_tags(shape))
        return known[1]

    def _read_tags(self, shape: Shape) -> frozenset[int]:
        tag = shape.get("tag")
        kind = shape["type"]
        if tag is not None:
            constructed = tag.get("kind") == "EXPLICIT" or self._is_constructed(shape)
            return frozenset({_tag(_CLASSES[tag.get("class", "CONTEXT")], tag["number"], constructed)})
        if kind in OPAQUE:
            return frozenset({0x30})
        if kind in self._types:
            return self.tags(self._types[kind])
        if kind == "CHOICE":
            return frozenset().union(*(self.tags(member) for member in _members(shape)))
        return frozenset({_UNIVERSAL[kind]}) if kind in _UNIVERSAL else frozenset()

    def content(self, shape: Shape) -> tuple[Shape, bool]:
        """What is inside the tag: the type without references and implicit tags, and whether it is wrapped explicitly."""
        known = self._contents.get(id(shape))
        if known is None or known[0] is not shape:
            known = self._contents[id(shape)] = (shape, self._read_content(shape))
        return known[1]

    def _read_content(self, shape: Shape) -> tuple[Shape, bool]:
        seen = 0
        while seen < 16:
            tag = shape.get("tag")
            if tag is not None and tag.get("kind") == "EXPLICIT":
                return {key: value for key, value in shape.items() if key != "tag"}, True
            if shape["type"] in OPAQUE or shape["type"] not in self._types:
                return shape, False
            shape, seen = self._types[shape["type"]], seen + 1
        return shape, False

    def members(self, shape: Shape) -> list[Shape]:
        """The fields or alternatives of a SEQUENCE or CHOICE."""
        return _members(shape)

    def _is_constructed(self, shape: Shape) -> bool:
        if shape["type"] in OPAQUE:
            return True
        inner, wrapped = self.content({key: value for key, value in shape.items() if key != "tag"})
        return wrapped or inner["type"] in _CONSTRUCTED


def _members(shape: Shape) -> list[Shape]:
    return [member for member in shape.get("members", ()) if isinstance(member, dict)]


def _tag(class_bits: int, number: int, constructed: bool) -> int:
    first = class_bits | (0x20 if constructed else 0)
    if number < 31:
        return first | number
    rest = [number & 0x7F]
    while number := number >> 7:
        rest.insert(0, 0x80 | (number & 0x7F))
    return int.from_bytes(bytes([first | 0x1F, *rest]), "big")
