"""Steps: the sentences of a case, each with what was expected, what came, and its share of the verdict.

Rules of this room:
- A step is a precondition or it judges; code outside steps is treated as a precondition.
- A judging step must really evaluate an assertion. `asserted` is called by the plugin for each one that held, so that a
  case which asserts nothing ends as an error and never as a pass.
- A step whose own confidence is below certain notes a broken rule and lets the case go on, because the steps after it
  may judge something certain; a certain one ends the case.
- A failed step of any kind keeps its reason; nothing is retried.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

import pytest

from harness.conformance.case import Confidence
from harness.conformance.verdicts import OF_THE_DEVICE, blame, gravest
from harness.errors import DeviceSilent, HarnessError, Unsupported, Withheld
from harness.evidence.verdicts import Verdict

Probe = Callable[[], bool]
"""Resets the device and repeats a known good exchange; True when the device answers. Raises nothing."""


@dataclass(slots=True)
class StepRecord:
    """One step as it ended."""

    text: str
    expect: str
    precondition: bool
    confidence: Confidence
    verdict: Verdict = Verdict.NOT_RUN
    observed: str = ""
    reason: str = ""
    """Why it did not pass; empty for a step that did."""
    assertions: int = 0
    duration_s: float = 0.0

    @property
    def told(self) -> str:
        """Why it did not pass, with what it looked for: the words of the rule before those of the comparison."""
        expected = f"expected {self.expect}; " if self.expect and not self.precondition else ""
        return f"{self.text}: {expected}{self.reason}"

    def as_json(self) -> dict[str, object]:
        """The step as it stands in a result line."""
        return {
            "text": self.text,
            "expect": self.expect,
            "precondition": self.precondition,
            "confidence": str(self.confidence),
            "verdict": str(self.verdict),
            "observed": self.observed,
            "reason": self.reason,
            "duration_s": round(self.duration_s, 6),
        }


class StepListener:
    """Hears when steps begin and end. The journal's binding overrides what it needs."""

    def started(self, number: int, record: StepRecord) -> None:
        """Step `number`, from 1, begins."""

    def ended(self, number: int, record: StepRecord) -> None:
        """Step `number` ended; its record is final."""


@dataclass(slots=True)
class CaseSteps:
    """The steps of one running case. Called, it gives the next step: `with step("…", expect="…") as observation:`."""

    confidence: Confidence
    probe: Probe
    listener: StepListener
    records: list[StepRecord] = field(default_factory=list)
    last_raised: BaseException | None = None
    """What the last failed step was left by."""
    answered_after: BaseException | None = None
    """The last silence after which the device answered the probe."""
    fell_silent: bool = False
    """Whether the device gave the probe no answer either."""
    _open: StepRecord | None = None

    def __call__(
        self, text: str, expect: str = "", *, precondition: bool = False, confidence: str | None = None
    ) -> Step:
        """The next step. `confidence` overrides the case's for this step alone."""
        record = StepRecord(text, expect, precondition, Confidence(confidence or self.confidence))
        return Step(self, record, goes_on=not precondition and confidence is not None)

    def asserted(self) -> None:
        """An assertion was evaluated and held. Counts for the open step; outside steps it proves nothing."""
        if self._open is not None:
            self._open.assertions += 1

    def answers_after(self, silence: DeviceSilent) -> bool:
        """Whether the device answers a known good exchange after this silence."""
        if self.probe():
            self.answered_after = silence
            return True
        self.fell_silent = True
        return False

    @property
    def judged(self) -> bool:
        """Whether a judging step evaluated an assertion, or was judged by what it raised."""
        return any(not record.precondition and (record.assertions or record.reason) for record in self.records)

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of the steps so far."""
        return gravest(*(record.verdict for record in self.records))

    @property
    def reason(self) -> str:
        """Why the gravest step did not pass."""
        grave = [record for record in self.records if record.verdict is self.verdict and record.reason]
        return grave[0].told if grave else ""


class Step:
    """One step as a context manager."""

    def __init__(self, case: CaseSteps, record: StepRecord, *, goes_on: bool) -> None:
        self._case = case
        self._record = record
        self._goes_on = goes_on and record.confidence is not Confidence.CERTAIN
        self._began = 0.0

    def observed(self, text: object) -> None:
        """Notes what came, for the report. Bytes are shown in hexadecimal; the last call stands."""
        self._record.observed = text.hex().upper() if isinstance(text, (bytes, bytearray)) else str(text)

    def __enter__(self) -> Step:
        if self._case._open is not None:
            raise RuntimeError(f"step {self._record.text!r} begins inside step {self._case._open.text!r}")
        self._case._open = self._record
        self._case.records.append(self._record)
        self._began = time.monotonic()
        self._case.listener.started(len(self._case.records), self._record)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> bool:
        record = self._record
        self._case._open = None
        self._case.last_raised = raised or self._case.last_raised
        if isinstance(raised, pytest.fail.Exception):  # what was to be raised was not: as good as a failed assertion
            raised = AssertionError(str(raised))
        if raised is None:
            record.verdict = Verdict.PASS
        else:
            answers = isinstance(raised, DeviceSilent) and not record.precondition and self._case.answers_after(raised)
            judging = not record.precondition
            record.verdict = blame(raised, judging=judging, confidence=record.confidence, answers_after_reset=answers)
            record.reason = describe(raised)
        record.duration_s = time.monotonic() - self._began
        self._case.listener.ended(len(self._case.records), record)
        return self._goes_on and isinstance(raised, OF_THE_DEVICE)


def describe(raised: BaseException) -> str:
    """What was raised: one line, or the few of an assertion's explanation, with the hint of our own errors."""
    text = str(raised).strip() or type(raised).__name__
    if isinstance(raised, AssertionError):
        return text
    hint = f" ({raised.hint})" if isinstance(raised, HarnessError) and raised.hint else ""
    if isinstance(raised, (Withheld, Unsupported)):
        return f"{text}{hint}"
    return f"{type(raised).__name__}: {text}{hint}"
