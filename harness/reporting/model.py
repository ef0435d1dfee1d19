"""What a report says, before anybody renders it: plain values, already masked and cut to length.

Rules of this room:
- Renderers see nothing but this model: what is masked here is masked everywhere.
- A verdict is never counted as another one; `not_run` stays visible in every total.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace

from harness.evidence.verdicts import Verdict

DISCLAIMER = (
    "Pre-certification aid, not a certificate. The cases are worded by this project; their identifiers are its own, "
    "and each carries how sure its rule is."
)

MEANINGS: Mapping[Verdict, str] = {
    Verdict.PASS: "the device kept the rule",
    Verdict.FAIL: "the device broke a rule that is certain",
    Verdict.DEVIATION: "the device differs from our reading of a rule that is only likely",
    Verdict.RECORDED: "the rule is unsure: what was seen is reported, nothing judged",
    Verdict.INCONCLUSIVE: "a precondition or the lab failed; says nothing about the device",
    Verdict.ERROR: "the harness is wrong; says nothing about the device",
    Verdict.NOT_APPLICABLE: "does not apply to this device",
    Verdict.NOT_RUN: "was not run",
}

BLAME: Mapping[Verdict, str] = {
    Verdict.FAIL: "device",
    Verdict.DEVIATION: "device",
    Verdict.INCONCLUSIVE: "lab",
    Verdict.ERROR: "harness",
}
"""Whose fault a verdict is; the others are nobody's."""

TROUBLE = (Verdict.FAIL, Verdict.DEVIATION, Verdict.ERROR, Verdict.INCONCLUSIVE)
"""The verdicts that somebody has to look at, gravest for the device first."""


@dataclass(frozen=True, slots=True)
class TreeLine:
    """One field of a decoded message."""

    depth: int
    tag: str
    label: str
    value: str
    octets: str
    """Hexadecimal, empty where `value` says it all."""
    fault: str


@dataclass(frozen=True, slots=True)
class PartView:
    """The question or the answer of an exchange."""

    heading: str
    tree: tuple[TreeLine, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WireView:
    """One message as it was on the wire."""

    to_device: bool
    interface: str
    text: str
    cut: int
    """How many octets are left out of `text`; they are in `where`."""
    where: str


@dataclass(frozen=True, slots=True)
class EntryView:
    """One exchange."""

    at_ms: float
    """Milliseconds since the case began."""
    interface: str
    title: str
    outcome: str
    gist: str
    fault: str
    parts: tuple[PartView, ...]
    wire: tuple[WireView, ...]


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a case."""

    number: int
    text: str
    expect: str
    observed: str
    observed_is_message: bool
    """Whether `observed` is the beginning of a message that `entries` have whole and decoded."""
    reason: str
    verdict: Verdict
    precondition: bool
    confidence: str
    entries: tuple[EntryView, ...]
    notes: tuple[str, ...]

    @property
    def is_trouble(self) -> bool:
        return self.verdict in TROUBLE


@dataclass(frozen=True, slots=True)
class Body:
    """What happened inside a result. It holds every exchange decoded, so it lives only as long as its reader needs it."""

    verdict: Verdict
    steps: tuple[StepView, ...]
    setup: tuple[EntryView, ...]
    """The exchanges outside any step."""
    notes: tuple[str, ...]

    @property
    def decisive(self) -> StepView | None:
        """The step that the verdict rests on, for a case in trouble."""
        same = [step for step in self.steps if step.verdict is self.verdict]
        return next(iter(same or [step for step in self.steps if step.is_trouble]), None)

    @property
    def evidence(self) -> EntryView | None:
        """The exchange behind the decisive step: its last one, or the last one before it where it had none."""
        decisive = self.decisive
        entries: list[EntryView] = list(self.setup)
        for step in self.steps:
            entries += step.entries
            if step is decisive:
                break
        return entries[-1] if entries and decisive is not None else None


@dataclass(frozen=True, slots=True)
class ResultView:
    """One case on one slot over one link."""

    anchor: str
    case: str
    slot: str
    link: str
    verdict: Verdict
    disposition: str
    reason: str
    attempt: int
    duration_s: float
    began: str
    seen_from: tuple[str, ...]
    opened: Callable[[bool], Body] = field(repr=False, compare=False)

    def body(self, *, exchanges: bool = True) -> Body:
        """What happened, decoded anew at each call; `exchanges=False` gives the steps alone, at no cost."""
        return self.opened(exchanges)

    @property
    def is_trouble(self) -> bool:
        return self.verdict in TROUBLE

    @property
    def blame(self) -> str:
        return BLAME.get(self.verdict, "")

    @property
    def way(self) -> str:
        return f"{self.slot} · {self.link}" if self.link else self.slot


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case with its results on every slot and link."""

    case: str
    title: str
    clause: str
    confidence: str
    area: str
    results: tuple[ResultView, ...]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Each verdict that a result of it has, in the order of Verdict."""
        return tuple(verdict for verdict in Verdict if any(result.verdict is verdict for result in self.results))


@dataclass(frozen=True, slots=True)
class AreaView:
    """The cases of one area."""

    name: str
    cases: tuple[CaseView, ...]

    def only(self, anchors: Set[str]) -> AreaView:
        """The same with these results alone, and the cases that have any."""
        kept = [
            replace(case, results=tuple(result for result in case.results if result.anchor in anchors))
            for case in self.cases
        ]
        return replace(self, cases=tuple(case for case in kept if case.results))


@dataclass(frozen=True, slots=True)
class SlotView:
    """One device under test."""

    name: str
    kind: str
    links: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    remark: str
    """Why it is missing or incomplete; empty where all is well."""
    between: tuple[EntryView, ...]
    """The exchanges outside any case: finding the device, opening its links."""
    unseen: int
    """How many more of these there are in `where`."""
    where: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Verdicts counted under one name."""

    name: str
    counts: Counter[Verdict]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report."""

    title: str
    headline: str
    """The outcome in one sentence."""
    blame: str
    """Whose fault it is first of all: device, lab, harness, or empty."""
    facts: tuple[tuple[str, str], ...]
    slots: tuple[SlotView, ...]
    areas: tuple[AreaView, ...]
    counts: Counter[Verdict]
    by_area: tuple[Tally, ...]
    by_way: tuple[Tally, ...]
    remarks: tuple[str, ...]
    """What a reader must know before trusting the numbers: a run cut off, lines torn, slots missing."""
    masked: bool
    disclaimer: str = DISCLAIMER
    used: tuple[Verdict, ...] = field(default=())
    """The verdicts that occur."""

    @property
    def cases(self) -> Iterator[CaseView]:
        for area in self.areas:
            yield from area.cases

    @property
    def results(self) -> Iterator[ResultView]:
        for case in self.cases:
            yield from case.results

    @property
    def troubled(self) -> list[tuple[CaseView, ResultView]]:
        """What somebody has to look at, gravest first."""
        found = [(case, result) for case in self.cases for result in case.results if result.is_trouble]
        return sorted(found, key=lambda pair: TROUBLE.index(pair[1].verdict))
