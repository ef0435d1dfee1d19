"""The coverage table: every place of the eUICC's interface with the cases that judge it, or why none does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.evidence.records import CaseResult, ExchangeRecord, Run
from harness.evidence.verdicts import Verdict
from harness.reporting.coverage.crossing import SELECTION, Crossing, called
from harness.reporting.coverage.places import RECEIVED, SENT, Place, Schema
from harness.reporting.coverage.reasons import Reason
from harness.reporting.decode.es10 import FUNCTIONS
from harness.reporting.decode.secured import SCHEMA, UPDATE_METADATA
from harness.reporting.decode.selected import TEMPLATES

JUDGED = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.DEVIATION, Verdict.RECORDED})
INSIDE = {"BoundProfilePackage": ("ConfigureISDPRequest", "StoreMetadataRequest", "ReplaceSessionKeysRequest")}
"""Messages that are sent inside another one, where the schema sees octets only."""
HOMES = (0xBF51, 0xBF36, 0xBF2D, 0xBF57)
"""Functions whose messages others give back; what they share is shown here."""


@dataclass(frozen=True, slots=True)
class Row:
    """One place."""

    function: str
    """The function that it is shown under, where several reach it."""
    place: Place
    cases: tuple[str, ...]
    """The cases that had it on the link in a judging step."""
    on_the_way: tuple[str, ...]
    """Cases that only reached their state through it; they cover nothing."""
    why: str
    """Why no case covers it; empty where one does, or where nobody knows: a hole."""

    @property
    def is_hole(self) -> bool:
        """Whether nothing covers it and nothing says why."""
        return not self.cases and not self.why


@dataclass(frozen=True, slots=True)
class Coverage:
    """The whole table."""

    rows: tuple[Row, ...]
    idle: tuple[Reason, ...]
    """Reasons that explain nothing: what they speak of is covered, or does not exist."""

    @property
    def holes(self) -> tuple[Row, ...]:
        """What is neither covered nor explained."""
        return tuple(row for row in self.rows if row.is_hole)


def coverage_of(run: Run, reasons: Sequence[Reason]) -> Coverage:
    """What the cases of this run cover. A case that came to no verdict covers nothing."""
    schema, over_the_air = Schema(), Schema(SCHEMA)
    judged, passed = _crossed(run, Crossing(schema, over_the_air))
    rows = []
    used: set[Reason] = set()
    for function, place in universe(schema, over_the_air):
        cases = tuple(sorted(judged.get(place, ())))
        reason = next((reason for reason in reasons if not cases and reason.explains(place)), None)
        used |= {reason} if reason else set()
        rows.append(Row(function, place, cases, tuple(sorted(passed.get(place, ()))), reason.why if reason else ""))
    return Coverage(tuple(rows), tuple(reason for reason in reasons if reason not in used))


def universe(schema: Schema, over_the_air: Schema) -> Iterator[tuple[str, Place]]:
    """Each place once, with the function that it is shown under."""
    seen: set[Place] = set()
    for function, place in _declared(schema, over_the_air):
        if place not in seen:
            seen.add(place)
            yield function, place


def _declared(schema: Schema, over_the_air: Schema) -> Iterator[tuple[str, Place]]:
    yield SELECTION, called(SELECTION)
    for template in TEMPLATES.values():
        yield from ((SELECTION, place) for place in schema.declared(template, RECEIVED))
    for function in [*map(FUNCTIONS.__getitem__, HOMES), *FUNCTIONS.values()]:
        yield function.name, called(function)
        for sent in (function.request, *INSIDE.get(function.request, ())):
            yield from ((function.name, place) for place in schema.declared(sent, SENT))
        yield from ((function.name, place) for place in schema.declared(function.response, RECEIVED))
    yield UPDATE_METADATA.name, called(UPDATE_METADATA)
    yield from ((UPDATE_METADATA.name, place) for place in over_the_air.declared(UPDATE_METADATA.request, SENT))


def _crossed(run: Run, crossing: Crossing) -> tuple[dict[Place, set[str]], dict[Place, set[str]]]:
    """By place the cases that judge it, and those that only pass through it."""
    judged: defaultdict[Place, set[str]] = defaultdict(set)
    passed: defaultdict[Place, set[str]] = defaultdict(set)
    for result in run.results:
        if result.verdict in JUDGED:
            for judging, records in _stages(result):
                for place in crossing.places(records):
                    (judged if judging else passed)[place].add(result.case)
    return judged, passed


def _stages(result: CaseResult) -> Iterator[tuple[bool, Sequence[ExchangeRecord]]]:
    yield False, result.exchanges
    for step in result.steps:
        yield not step.precondition, step.exchanges
