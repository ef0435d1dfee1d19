"""One slot's events.jsonl, sorted into cases and steps. An exchange belongs to what is open where it stands in the file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from sys import intern
from types import MappingProxyType
from typing import Any

from harness.evidence.lines import Line, read_lines
from harness.evidence.records import ExchangeRecord, NoteRecord

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class CaseEvents:
    """What the journal says of one attempt at one case on one link."""

    case: str
    link: str
    attempt: int
    began: datetime | None
    about: Mapping[str, Any]
    ended: bool = False
    steps: dict[int, dict[str, Any]] = field(default_factory=dict)
    exchanges: list[ExchangeRecord] = field(default_factory=list)
    notes: list[NoteRecord] = field(default_factory=list)
    step_exchanges: defaultdict[int, list[ExchangeRecord]] = field(default_factory=lambda: defaultdict(list))
    step_notes: defaultdict[int, list[NoteRecord]] = field(default_factory=lambda: defaultdict(list))


@dataclass(slots=True)
class Timeline:
    """All of one journal. `exchanges` and `notes` are those outside any case."""

    cases: list[CaseEvents] = field(default_factory=list)
    plan: list[Mapping[str, Any]] = field(default_factory=list)
    device: dict[str, Any] = field(default_factory=dict)
    exchanges: list[ExchangeRecord] = field(default_factory=list)
    notes: list[NoteRecord] = field(default_factory=list)
    torn_lines: int = 0


class _Sorter:
    """Puts line after line where it belongs."""

    def __init__(self) -> None:
        self.timeline = Timeline()
        self._case: CaseEvents | None = None
        self._step = 0
        self._anchor: tuple[int, datetime] | None = None
        self._origin: datetime | None = None
        self._first_ns: int | None = None
        self._known: dict[bytes, bytes] = {}  # most messages are seen again and again, and as often with the same note
        self._notes: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {(): _NOTHING}

    def take(self, line: Line) -> None:
        fields = line.fields
        at_ns = fields.get("at_ns")
        if not isinstance(at_ns, int):
            self.timeline.torn_lines += 1
            return
        if self._first_ns is None:
            self._first_ns = at_ns
        match fields.get("event"):
            case "journal":
                # A resumed run writes into the same file: nothing that was open before is open now.
                self._case, self._step = None, 0
                self._anchor = _anchor(at_ns, fields.get("utc")) or self._anchor
                self._origin = self._utc(self._first_ns)
            case "device":
                self.timeline.device.update(fields.get("identity") or {})
            case "plan":
                self.timeline.plan = [case for case in fields.get("cases") or () if isinstance(case, dict)]
            case "case":
                attempt = fields.get("attempt")
                self._case = CaseEvents(
                    str(fields.get("case", "")),
                    str(fields.get("link") or ""),
                    attempt if isinstance(attempt, int) else 1,
                    self._utc(at_ns),
                    fields,
                )
                self._step = 0
                self.timeline.cases.append(self._case)
            case "case-end":
                if self._case is not None:
                    self._case.ended = True
                self._case, self._step = None, 0
            case "step" if self._case is not None:
                self._step = int(fields.get("number") or 0)
                self._case.steps[self._step] = {**fields, "verdict": "not_run"}
            case "step-end" if self._case is not None:
                number = int(fields.get("number") or 0)
                self._case.steps.setdefault(number, {}).update(fields)
                self._step = 0
            case "exchange":
                self._exchange(line.number, at_ns, fields)
            case "note":
                self._note(line.number, at_ns, fields)

    def _exchange(self, number: int, at_ns: int, fields: Mapping[str, Any]) -> None:
        try:
            octets = bytes.fromhex(str(fields.get("octets", "")))
        except ValueError:
            self.timeline.torn_lines += 1
            return
        note = tuple((str(name), str(text)) for name, text in (fields.get("note") or {}).items())
        record = ExchangeRecord(
            number,
            at_ns - (self._first_ns or 0),
            self._origin,
            intern(str(fields.get("link") or "")),
            intern(str(fields.get("interface") or "")),
            intern(str(fields.get("direction") or "")),
            self._known.setdefault(octets, octets),
            self._notes.setdefault(note, MappingProxyType(dict(note))),
        )
        if self._case is None:
            self.timeline.exchanges.append(record)
        elif self._step:
            self._case.step_exchanges[self._step].append(record)
        else:
            self._case.exchanges.append(record)

    def _note(self, number: int, at_ns: int, fields: Mapping[str, Any]) -> None:
        details = fields.get("details")
        record = NoteRecord(
            number,
            at_ns - (self._first_ns or 0),
            str(fields.get("text", "")),
            details if isinstance(details, dict) else {},
        )
        if self._case is None:
            self.timeline.notes.append(record)
        elif self._step:
            self._case.step_notes[self._step].append(record)
        else:
            self._case.notes.append(record)

    def _utc(self, at_ns: int) -> datetime | None:
        if self._anchor is None:
            return None
        anchor_ns, utc = self._anchor
        return utc + timedelta(microseconds=(at_ns - anchor_ns) / 1000)


def read_timeline(path: Path) -> Timeline:
    """The journal at this path; an empty one where there is no file."""
    sorter = _Sorter()
    for line in read_lines(path):
        if isinstance(line, Line):
            sorter.take(line)
        else:
            sorter.timeline.torn_lines += 1
    return sorter.timeline


def _anchor(at_ns: int, utc: object) -> tuple[int, datetime] | None:
    try:
        return at_ns, datetime.fromisoformat(str(utc))
    except ValueError:
        return None
