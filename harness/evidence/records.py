"""What a run was, as typed values. Readers build these from the files; nothing here touches a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from harness.evidence.verdicts import Verdict

TO_DEVICE = "to-device"


@dataclass(frozen=True, slots=True)
class ExchangeRecord:
    """One message that crossed a link, as it is in the journal."""

    number: int
    """Its line in the slot's events.jsonl, from 1: where the full octets are."""
    at_ns: int
    """Nanoseconds since the journal began."""
    origin: datetime | None
    """UTC when the journal began; None where it does not say."""
    link: str
    interface: str
    direction: str
    octets: bytes
    note: Mapping[str, str] = field(default_factory=dict)

    @property
    def utc(self) -> datetime | None:
        return self.origin + timedelta(microseconds=self.at_ns / 1000) if self.origin else None

    @property
    def to_device(self) -> bool:
        return self.direction == TO_DEVICE


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """A remark of the harness between the exchanges: a gap, a reset, a retry."""

    number: int
    at_ns: int
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One sentence of a case: what was expected, what came, and the exchanges behind it."""

    number: int
    text: str
    expect: str = ""
    observed: str = ""
    reason: str = ""
    """Why it did not pass."""
    verdict: Verdict = Verdict.NOT_RUN
    precondition: bool = False
    confidence: str = ""
    duration_s: float = 0.0
    exchanges: tuple[ExchangeRecord, ...] = ()
    notes: tuple[NoteRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one case came to on one slot over one link."""

    case: str
    slot: str
    link: str
    verdict: Verdict
    title: str = ""
    clause: str = ""
    confidence: str = ""
    area: str = ""
    seen_from: tuple[str, ...] = ()
    """From where it was seen: the card, the serial port, the eIM and the SM-DP+…"""
    reason: str = ""
    disposition: str = ""
    attempt: int = 1
    duration_s: float = 0.0
    began: datetime | None = None
    steps: tuple[StepRecord, ...] = ()
    exchanges: tuple[ExchangeRecord, ...] = ()
    """Those outside any step: reaching the state that the case starts from."""
    notes: tuple[NoteRecord, ...] = ()
    line: Mapping[str, Any] = field(default_factory=dict)
    """The result line as written; empty where the case has none."""

    @property
    def all_exchanges(self) -> Iterator[ExchangeRecord]:
        """Every exchange of the case, those outside steps first."""
        yield from self.exchanges
        for step in self.steps:
            yield from step.exchanges


@dataclass(frozen=True, slots=True)
class SlotRun:
    """One device under test in one run."""

    name: str
    kind: str = ""
    links: tuple[str, ...] = ()
    device: Mapping[str, Any] = field(default_factory=dict)
    """Its identity: what the lab file says, completed by what the device said."""
    results: tuple[CaseResult, ...] = ()
    exchanges: tuple[ExchangeRecord, ...] = ()
    """Those outside any case."""
    notes: tuple[NoteRecord, ...] = ()
    torn_lines: int = 0
    """Lines of its files that could not be read: what a kill tore."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run directory, read."""

    directory: Path
    about: Mapping[str, Any]
    """run.json as it is: versions, seed, lab, start. Empty where it is missing."""
    slots: tuple[SlotRun, ...]
    finished: bool
    """Whether the run ended by itself; False for one that was killed or still runs."""

    @property
    def results(self) -> Iterator[CaseResult]:
        for slot in self.slots:
            yield from slot.results
