"""One case while it runs: what it was given, what was raised where, and the result line it ends as."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.conformance.applicability import views_of
from harness.conformance.case import Case, Confidence
from harness.conformance.steps import CaseSteps, StepListener, StepRecord, describe
from harness.conformance.verdicts import blame, gravest
from harness.errors import DeviceSilent, LabFault, Unsupported, Withheld
from harness.evidence.journal import Journal
from harness.evidence.verdicts import Verdict
from harness.lab.benches.bench import Bench

NOTHING_ASSERTED = "the case ended without a judging step that asserted anything"


@dataclass(frozen=True, slots=True)
class Way:
    """One device under test and the link a case is judged over."""

    bench: Bench
    link: str

    def __str__(self) -> str:
        return f"{self.bench.name}/{self.link}"


class JournalSteps(StepListener):
    """Writes the steps of a case into the journal of its slot."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def started(self, number: int, record: StepRecord) -> None:
        """The step begins: every exchange from here on belongs to it."""
        self._journal.step_begins(number, record.text, expect=record.expect, precondition=record.precondition)

    def ended(self, number: int, record: StepRecord) -> None:
        """The step ended."""
        verdict = str(record.verdict)
        self._journal.step_ends(number, verdict=verdict, observed=record.observed, reason=record.reason)


@dataclass(slots=True)
class RunningCase:
    """The case that is running now."""

    case: Case
    way: Way
    steps: CaseSteps
    began: float = field(default_factory=time.monotonic)
    raised: list[tuple[str, BaseException]] = field(default_factory=list)
    """What ended each phase (`setup`, `call`, `teardown`) of the case, in order."""
    tell_wait: Callable[[str], None] = lambda said: None
    """Tells whoever watches what the case waits for, while it waits in real time."""
    doubt: str = ""
    """Why nobody can say that it was the device's fault, whatever was seen; empty where one can."""

    @property
    def lost_the_lab(self) -> bool:
        """Whether the rig failed under the case, so that the device has to be found anew."""
        return self.fell_silent or any(isinstance(raised, LabFault) for _, raised in self.raised)

    @property
    def fell_silent(self) -> bool:
        """Whether the device was last heard of before the case ended: nobody knows that it still answers."""
        silences = [raised for _, raised in self.raised if isinstance(raised, DeviceSilent)]
        return self.steps.fell_silent or any(raised is not self.steps.answered_after for raised in silences)

    def verdict_and_reason(self) -> tuple[Verdict, str]:
        """What the case comes to, by the table of `verdicts`."""
        verdict, reason = self.steps.verdict, self.steps.reason
        for phase, raised in self.raised:
            if raised is self.steps.last_raised:
                continue  # judged by the step it came out of
            outside = blame(raised, judging=False, confidence=self.case.confidence)
            if gravest(verdict, outside) is not verdict:
                said = describe(raised)
                says_all = phase == "call" or isinstance(raised, (Withheld, Unsupported))
                verdict, reason = outside, said if says_all else f"{phase}: {said}"
        if not self.raised and not self.steps.judged:
            return Verdict.ERROR, NOTHING_ASSERTED
        if self.doubt and verdict in (Verdict.FAIL, Verdict.DEVIATION):
            return Verdict.INCONCLUSIVE, f"{reason} ({self.doubt})"
        if verdict is Verdict.PASS and self.case.confidence is Confidence.UNSURE:
            return Verdict.RECORDED, "the rule is unsure: nothing is judged"
        return verdict, reason

    def result(self) -> dict[str, Any]:
        """The result line."""
        verdict, reason = self.verdict_and_reason()
        return result_line(
            self.case,
            self.way.bench.name,
            self.way.link,
            verdict,
            reason,
            duration_s=time.monotonic() - self.began,
            steps=[record.as_json() for record in self.steps.records],
        )


def result_line(
    case: Case,
    slot: str,
    link: str,
    verdict: Verdict,
    reason: str,
    *,
    duration_s: float = 0.0,
    steps: list[dict[str, object]] | None = None,
) -> dict[str, Any]:
    """The fields of one line of results.jsonl."""
    return {
        "case": case.identifier,
        "slot": slot,
        "link": link,
        "verdict": str(verdict),
        "disposition": "",
        "clause": case.clause,
        "confidence": str(case.confidence),
        "duration_s": round(duration_s, 6),
        "reason": reason,
        "attempt": 1,
        "steps": steps or [],
        "title": case.title,
        "area": case.area,
        "seen_from": list(views_of(case)),
    }
