"""The masker of one run: what identifies its devices is gathered from the whole record before anything is shown.

An identifier may be cut in two by the blocks of a STORE DATA chain or of GET RESPONSE. The payloads of a link are therefore
also read as one stream, and an identifier that crosses a border is masked on both sides of it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.evidence.identifiers import Identifier, in_octets, in_text
from harness.evidence.masking import Masker
from harness.evidence.records import ExchangeRecord, Run, SlotRun
from harness.reporting.decode import apdu, at


@dataclass(frozen=True, slots=True)
class RunMasker:
    """Masks what is shown of one run."""

    masker: Masker
    _borders: Mapping[tuple[str, int], frozenset[int]] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """Words."""
        return self.masker.text(text)

    def hex(self, octets: bytes, source: bytes, start: int) -> str:
        """Octets of a field, cut from `source` at `start`."""
        if len(octets) == len(source):
            return self.masker.hex(octets)
        return self.masker.hex(source)[2 * start : 2 * (start + len(octets))]

    def wire(self, slot: str, record: ExchangeRecord) -> str:
        """A message as it was on the wire: characters where it is text, otherwise hexadecimal."""
        places = self._borders.get((slot, record.number), frozenset())
        if is_text(record):
            return self.masker.characters(record.octets, places)
        return self.masker.hex(record.octets, places)


SHOW_ALL = RunMasker(Masker())
"""Hides nothing."""

_CONTROL = frozenset(range(0x20)) - frozenset(b"\t\r\n") | {0x7F}


def is_text(record: ExchangeRecord) -> bool:
    """Whether a message is characters: a serial line always, a body where nothing in it says otherwise."""
    if record.interface == "AT":
        return True
    if record.interface not in ("ESipa", "ES9+", "operator") or _CONTROL.intersection(record.octets):
        return False
    try:
        record.octets.decode()
    except UnicodeDecodeError:
        return False
    return True


def masker_for(run: Run, known: Iterable[Identifier] = ()) -> RunMasker:
    """A masker for everything that the record of this run gives away, and for what is `known` besides."""
    streams = [stream for slot in run.slots for stream in _streams(slot)]
    found: dict[Identifier, None] = dict.fromkeys(known)
    found.update(dict.fromkeys(_identifiers(run, streams)))
    masker = Masker(found)
    borders: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for stream in streams:
        for key, places in stream.crossings(masker):
            borders[key] |= places
    return RunMasker(masker, {key: frozenset(places) for key, places in borders.items()})


def _identifiers(run: Run, streams: Iterable[_Stream]) -> Iterator[Identifier]:
    yield from in_text(" \n".join(_words(run.about)))
    messages: set[tuple[bytes, bool]] = set()  # most are seen on several links and in several cases
    notes: set[str] = set()
    for slot in run.slots:
        yield from in_text(" \n".join(_words(slot.device)))
        for record in _records(slot):
            messages.add((record.octets, record.interface == "AT" and not record.to_device))
            notes.update(record.note.values())
    for octets, serial in sorted(messages):
        yield from in_octets(octets, serial=serial)
    for text in sorted(notes):
        yield from in_text(text)
    for result in run.results:
        for step in result.steps:
            yield from in_text(" \n".join((step.text, step.expect, step.observed, step.reason)))
        yield from in_text(result.reason)
    for stream in streams:
        yield from in_octets(stream.octets())


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str | int):
                yield f"{key}: {inner}"
            else:
                yield from _words(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _words(inner)
    elif isinstance(value, str):
        yield value


def _records(slot: SlotRun) -> Iterator[ExchangeRecord]:
    yield from slot.exchanges
    for result in slot.results:
        yield from result.all_exchanges


@dataclass(frozen=True, slots=True)
class _Piece:
    """A payload and where its octets are in the message: every `stride` octets from `start`."""

    number: int
    payload: bytes
    start: int
    stride: int


class _Stream:
    """The payloads of one direction of one slot, end to end. A slot has a hundred thousand: no object is kept of any."""

    def __init__(self, slot: str) -> None:
        self._slot = slot
        self._payloads = bytearray()
        self._begins, self._numbers, self._starts, self._strides = (array("L") for _ in range(4))

    def add(self, piece: _Piece) -> None:
        if piece.payload:
            self._begins.append(len(self._payloads))
            self._payloads += piece.payload
            self._numbers.append(piece.number)
            self._starts.append(piece.start)
            self._strides.append(piece.stride)

    def octets(self) -> bytes:
        return bytes(self._payloads)

    def crossings(self, masker: Masker) -> Iterator[tuple[tuple[str, int], set[int]]]:
        """For each identifier that crosses a border: which half octets of which message are its secret part."""
        octets = self.octets()
        for first, behind in masker.places(octets).items():
            if self._piece_at(first) == self._piece_at(behind - 1):
                continue
            for offset in masker.secret_places(octets[first:behind]):
                yield self._place(2 * first + offset)

    def _piece_at(self, at: int) -> int:
        return bisect_right(self._begins, at) - 1

    def _place(self, half: int) -> tuple[tuple[str, int], set[int]]:
        index = self._piece_at(half // 2)
        message, stride = (self._slot, self._numbers[index]), self._strides[index]
        at = self._starts[index] + stride * (half // 2 - self._begins[index])
        if stride == 1:
            return message, {2 * at + half % 2}
        character = at + half % 2
        return message, {2 * character, 2 * character + 1}


def _streams(slot: SlotRun) -> Iterator[_Stream]:
    found: defaultdict[tuple[str, str, str], _Stream] = defaultdict(lambda: _Stream(slot.name))
    for record in sorted(_records(slot), key=lambda record: record.number):
        piece = _piece(record)
        if piece is not None:
            found[record.link, record.interface, record.direction].add(piece)
    yield from found.values()


def _piece(record: ExchangeRecord) -> _Piece | None:
    if record.interface == "APDU":
        return _apdu_piece(record, record.octets, 0, 1)
    if record.interface == "AT":
        inner = at.carried(record.octets)
        where = record.octets.lower().find(inner.apdu.hex().encode()) if inner else -1
        return _apdu_piece(record, inner.apdu, where, 2) if inner and where >= 0 else None
    return None


def _apdu_piece(record: ExchangeRecord, octets: bytes, start: int, stride: int) -> _Piece | None:
    if not record.to_device:
        return _Piece(record.number, octets[:-2], start, stride)
    command = apdu.command(octets)
    if command is None or not command.data:
        return None
    return _Piece(record.number, command.data, start + stride * command.data_offset, stride)
