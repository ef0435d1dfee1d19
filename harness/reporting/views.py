"""Entries of a conversation as the report shows them: masked, flattened, cut to length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.evidence.records import ExchangeRecord, NoteRecord
from harness.reporting.decode.conversation import conversation
from harness.reporting.decode.entry import Entry
from harness.reporting.decode.tree import Node
from harness.reporting.masks import RunMasker, is_text
from harness.reporting.model import EntryView, PartView, TreeLine, WireView

TELLING = 4
"""A field of so many octets shows them beside its words."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one message is shown, in octets, and how many messages of a step; the rest is in the record."""

    wire: int = 2048
    field: int = 32
    tree_lines: int = 400
    words: int = 4000
    messages: int = 4000
    """The last ones: how a step ended shows at its end."""


FULL = Limits(wire=1 << 30, field=1 << 30, tree_lines=1 << 30, words=1 << 30, messages=1 << 30)
TROUBLED = Limits()
QUIET = Limits(wire=272, field=24, tree_lines=60, words=400, messages=200)
"""For what went well: a short APDU whole, longer messages their beginning."""


TIGHT = Limits(wire=48, field=16, tree_lines=24, words=200, messages=100)
BARE = Limits(wire=16, field=8, tree_lines=4, words=100, messages=40)
OUTLINE = Limits(wire=8, field=8, tree_lines=8, words=60, messages=3)
"""For what went well in a run so long that a page with more would hardly open."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Shows the exchanges of one slot."""

    slot: str
    masker: RunMasker

    def entries(self, records: Iterable[ExchangeRecord], limits: Limits, since_ns: int) -> tuple[EntryView, ...]:
        """The conversation of these records, times counted from `since_ns`."""
        return tuple(self._entry(entry, limits, since_ns) for entry in conversation(records))

    def notes(self, notes: Iterable[NoteRecord]) -> tuple[str, ...]:
        """Remarks of the harness, each with its details."""
        found = []
        for note in notes:
            details = "; ".join(f"{name}: {value}" for name, value in note.details.items())
            found.append(self.masker.text(f"{note.text} ({details})" if details else note.text))
        return tuple(found)

    def _entry(self, entry: Entry, limits: Limits, since_ns: int) -> EntryView:
        text = self.masker.text
        return EntryView(
            at_ms=(entry.at_ns - since_ns) / 1e6,
            interface=entry.interface,
            title=text(entry.title),
            outcome=text(entry.outcome),
            gist=text(entry.gist),
            fault=text(entry.fault),
            parts=tuple(
                PartView(
                    part.heading,
                    tuple(self._tree(part.trees, limits)),
                    tuple(shortened(text(line), limits.words) for line in part.lines),
                )
                for part in entry.parts
                if part.trees or part.lines
            ),
            wire=tuple(self._wire(record, limits) for record in entry.records),
        )

    def _tree(self, trees: Iterable[Node], limits: Limits) -> Iterator[TreeLine]:
        left = limits.tree_lines
        for tree in trees:
            for depth, node in _flat(tree, 0):
                left -= 1
                if left < 0:
                    yield TreeLine(
                        0, "", "… more fields", "in the octets below, or in the record that they name", "", ""
                    )
                    return
                yield self._line(depth, node, limits)

    def _line(self, depth: int, node: Node, limits: Limits) -> TreeLine:
        octets = ""
        if node.octets is not None and (not node.value or node.fault or len(node.octets) <= TELLING):
            octets = shortened(
                self.masker.hex(node.octets, node.source, node.start), 2 * limits.field, len(node.octets)
            )
        words = shortened(self.masker.text(node.value), limits.words)
        return TreeLine(depth, node.tag, node.label, words, octets, node.fault)

    def _wire(self, record: ExchangeRecord, limits: Limits) -> WireView:
        # Text has about one character an octet (a masked one too), hexadecimal two.
        if not record.octets and record.note.get("event"):
            said = ": ".join(filter(None, (record.note["event"], record.note.get("reason"))))
            return WireView(record.to_device, record.interface, self.masker.text(f"({said})"), 0, "")
        readable = is_text(record)
        text = self.masker.wire(self.slot, record)
        if readable:
            text = text.replace("\r\n", "⏎").replace("\r", "⏎").replace("\n", "⏎")
        room = limits.wire if readable else 2 * limits.wire
        cut = max(1, len(record.octets) - limits.wire) if len(text) > room else 0
        where = f"slots/{self.slot}/events.jsonl line {record.number}"
        return WireView(record.to_device, record.interface, text[:room], cut, where)


def shortened(text: str, room: int, octets: int = 0) -> str:
    """The text, or its beginning and what is missing."""
    if len(text) <= room:
        return text
    return f"{text[:room]}… ({octets} octets)" if octets else f"{text[:room]}…"


def _flat(node: Node, depth: int) -> Iterator[tuple[int, Node]]:
    yield depth, node
    for child in node.children:
        yield from _flat(child, depth + 1)
