"""A TLV message as a tree with the standard's field names, as far as it can be read.

Rules of this room:
- The octets decide the tree, the schema only names it: unknown fields, wrong order and missing fields show as they are.
- The reader is strict. Where it stops, the fault and the rest of the octets stand in the tree, and what was read stays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from harness.codec import tlv
from harness.codec.errors import DerError
from harness.codec.schema_files import OPAQUE
from harness.reporting.decode.shapes import Names, Shape
from harness.reporting.decode.tree import Node
from harness.reporting.decode.values import in_words

MAX_NODES = 4000
"""More fields than this in one message are left in hexadecimal: no report becomes unreadable by one message."""


MORE = "… more fields, not taken apart"
UNKNOWN = "field the schema does not name"
_BUILTIN = frozenset(
    {"SEQUENCE", "SEQUENCE OF", "CHOICE", "INTEGER", "OCTET STRING", "BIT STRING", "UTF8String", "NULL"}
)
_NameChild = Callable[[tlv.Tlv, int], Node]


class Annotator:
    """Names the fields of messages of one schema."""

    def __init__(self, schema: str = "sgp32-v1.2") -> None:
        self._names = Names(schema)
        self._left = MAX_NODES
        self._source = b""

    def message(self, octets: bytes, type_name: str = "", *, label: str = "") -> tuple[Node, ...]:
        """The trees of the TLVs in `octets`, the first of them as a value of `type_name` where that type fits its tag."""
        self._left = MAX_NODES
        self._source = octets
        shape = self._names.shape(type_name) if type_name else None
        found: list[Node] = []
        for number, piece in enumerate(self._pieces(octets, 0)):
            if isinstance(piece, Node):
                found.append(piece)
            elif number == 0 and shape is not None and piece.tag in self._names.tags(shape):
                found.append(self._root(piece, shape, label))
            else:
                found.append(self._node(piece, None, label if number == 0 else ""))
        return tuple(found)

    def _root(self, piece: tlv.Tlv, shape: Shape, label: str) -> Node:
        inner, wrapped = self._names.content(shape)
        if inner["type"] == "CHOICE" and not wrapped:
            return self._alternative(piece, inner, label)
        return self._node(piece, shape, label or shape["type"])

    def _node(self, piece: tlv.Tlv, shape: Shape | None, label: str) -> Node:
        self._left -= 1
        if self._left < 0:
            return self._rest(MORE, piece.raw, piece.offset)
        if shape is None:
            return self._unnamed(piece, label)
        type_name = shape["type"]
        inner, wrapped = self._names.content(shape)
        kind = inner["type"]
        if wrapped:
            return self._constructed(piece, label, lambda child, _: self._alternative(child, inner, ""))
        if kind in OPAQUE:
            der = tlv.build(0x30, piece.value)
            return self._leaf(piece, label, in_words(label, kind, kind, inner, der))
        if not piece.is_constructed:
            return self._leaf(piece, label, in_words(label, type_name, kind, inner, piece.value))
        if kind in ("SEQUENCE", "SET"):
            return self._constructed(piece, label, _Fields(self, self._names, inner))
        if kind in ("SEQUENCE OF", "SET OF"):
            element = inner["element"]
            return self._constructed(piece, label, lambda child, at: self._alternative(child, element, f"[{at}]"))
        if kind == "CHOICE":
            return self._constructed(piece, label, lambda child, _: self._alternative(child, inner, ""))
        return self._unnamed(piece, label)

    def _alternative(self, piece: tlv.Tlv, shape: Shape, prefix: str) -> Node:
        """A value of `shape`, which may be an untagged CHOICE: then it is named for the alternative."""
        if piece.tag not in self._names.tags(shape):
            return self._node(piece, None, f"{prefix} {UNKNOWN}".strip())
        inner, wrapped = self._names.content(shape)
        if not wrapped and inner["type"] == "CHOICE" and "tag" not in shape:
            for member in self._names.members(inner):
                if piece.tag in self._names.tags(member):
                    named = f"{prefix} {member['name']}".strip()
                    below, explicit = self._names.content(member)
                    untagged = "tag" not in member and not explicit and below["type"] == "CHOICE"
                    return self._alternative(piece, member, named) if untagged else self._node(piece, member, named)
        name = shape.get("name") or (shape["type"] if shape["type"] not in _BUILTIN else "")
        return self._node(piece, shape, f"{prefix} {name}".strip() if prefix else name or UNKNOWN)

    def _constructed(self, piece: tlv.Tlv, label: str, name_child: _NameChild) -> Node:
        children = tuple(
            part if isinstance(part, Node) else name_child(part, number)
            for number, part in enumerate(self._pieces(piece.value, piece.offset + piece.header_length), 1)
        )
        return Node(label, tag=_tag(piece.tag), offset=piece.offset, children=children, value=_count(children))

    def _unnamed(self, piece: tlv.Tlv, label: str) -> Node:
        if piece.is_constructed:
            return self._constructed(piece, label, lambda child, _: self._node(child, None, ""))
        return self._leaf(piece, label, "")

    def _leaf(self, piece: tlv.Tlv, label: str, words: str) -> Node:
        start = piece.offset + piece.header_length
        return Node(label, words, _tag(piece.tag), piece.offset, piece.value, self._source, start)

    def _pieces(self, octets: bytes, base: int) -> list[tlv.Tlv | Node]:
        """The TLVs of a value, and behind the first fault, or behind as many as are shown, one node with the rest."""
        found: list[tlv.Tlv | Node] = []
        at = 0
        while at < len(octets):
            if len(found) >= max(self._left, 1):
                found.append(self._rest(MORE, octets[at:], base + at))
                break
            try:
                read = tlv.first(octets[at:])
            except DerError as error:
                rest = octets[at:]
                found.append(self._rest("not a TLV", rest, base + at, error.fault))
                break
            piece = tlv.Tlv(read.tag, read.raw, read.header_length, base + at)
            found.append(piece)
            at += len(piece.raw)
        return found

    def _rest(self, label: str, octets: bytes, offset: int, fault: str = "") -> Node:
        return Node(label, offset=offset, octets=octets, source=self._source, start=offset, fault=fault)


class _Fields:
    """Names the children of a SEQUENCE in order: two fields may have the same tag and differ by place."""

    def __init__(self, annotator: Annotator, names: Names, shape: Shape) -> None:
        self._annotator = annotator
        self._names = names
        self._fields = names.members(shape)

    def __call__(self, piece: tlv.Tlv, _: int) -> Node:
        for number, member in enumerate(self._fields):
            if piece.tag in self._names.tags(member):
                self._fields = [*self._fields[:number], *self._fields[number + 1 :]]
                return self._name(piece, member)
        return self._annotator._node(piece, None, UNKNOWN)

    def _name(self, piece: tlv.Tlv, member: Shape) -> Node:
        inner, wrapped = self._names.content(member)
        if not wrapped and "tag" not in member and inner["type"] == "CHOICE":
            return self._annotator._alternative(piece, inner, f"{member['name']}:")
        return self._annotator._node(piece, member, member["name"])


@cache
def _tag(tag: int) -> str:
    return f"{tag:02X}"


def _count(children: tuple[Node, ...]) -> str:
    return "" if children else "empty"
