"""The table of verdicts, row by row, and steps."""

from __future__ import annotations

from typing import cast

import pytest

from harness.codec import DecodeError
from harness.conformance.case import Confidence, declare
from harness.conformance.running import RunningCase, Way
from harness.conformance.steps import CaseSteps, StepListener
from harness.conformance.verdicts import blame, gravest
from harness.errors import DeviceFault, DeviceSilent, LabFault, MalformedAnswer, Unsupported
from harness.evidence.verdicts import Verdict

CERTAIN, LIKELY, UNSURE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.UNSURE
DEVICE = (AssertionError("no"), DeviceFault("no"), MalformedAnswer("no"), DecodeError("no", offset=3))


def steps(confidence: Confidence = CERTAIN, *, answers: bool = True) -> CaseSteps:
    return CaseSteps(confidence, lambda: answers, StepListener())


@pytest.mark.parametrize("raised", DEVICE)
@pytest.mark.parametrize(
    ("confidence", "verdict"),
    [(CERTAIN, Verdict.FAIL), (LIKELY, Verdict.DEVIATION), (UNSURE, Verdict.RECORDED)],
)
def test_a_judging_step_blames_the_device(raised: Exception, confidence: Confidence, verdict: Verdict) -> None:
    assert blame(raised, judging=True, confidence=confidence) is verdict
    assert blame(raised, judging=False, confidence=confidence) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("judging", [True, False])
def test_the_lab_and_the_harness_are_blamed_wherever_they_fail(judging: bool) -> None:
    assert blame(LabFault("gone"), judging=judging, confidence=CERTAIN) is Verdict.INCONCLUSIVE
    assert blame(KeyError("x"), judging=judging, confidence=CERTAIN) is Verdict.ERROR


@pytest.mark.parametrize("judging", [True, False])
def test_what_a_device_need_not_have_does_not_apply(judging: bool) -> None:
    assert blame(Unsupported("none"), judging=judging, confidence=CERTAIN) is Verdict.NOT_APPLICABLE
    assert gravest(Verdict.PASS, Verdict.NOT_APPLICABLE) is Verdict.NOT_APPLICABLE
    assert gravest(Verdict.NOT_APPLICABLE, Verdict.FAIL) is Verdict.FAIL


@pytest.mark.parametrize(("confidence", "settled"), [(CERTAIN, Verdict.FAIL), (LIKELY, Verdict.DEVIATION)])
def test_nobody_is_blamed_where_it_may_have_been_somebody_else(confidence: Confidence, settled: Verdict) -> None:
    case = declare("XX-001", title="t", clause="c", area="euicc", catches="d", confidence=str(confidence))
    running = RunningCase(case, cast("Way", None), steps(confidence))
    with pytest.raises(AssertionError), running.steps("judge"):
        raise AssertionError("no")
    assert running.verdict_and_reason() == (settled, "judge: no")
    running.doubt = "the module's own IPA works on the same card"
    assert running.verdict_and_reason() == (
        Verdict.INCONCLUSIVE,
        "judge: no (the module's own IPA works on the same card)",
    )


def test_silence_is_the_devices_only_when_it_answers_after_a_reset() -> None:
    silent = DeviceSilent("nothing")
    assert blame(silent, judging=True, confidence=CERTAIN, answers_after_reset=True) is Verdict.FAIL
    assert blame(silent, judging=True, confidence=LIKELY, answers_after_reset=True) is Verdict.DEVIATION
    assert blame(silent, judging=True, confidence=CERTAIN, answers_after_reset=False) is Verdict.INCONCLUSIVE
    assert blame(silent, judging=False, confidence=CERTAIN, answers_after_reset=True) is Verdict.INCONCLUSIVE


def test_what_a_device_broke_stays_broken_whatever_fails_afterwards() -> None:
    assert gravest(Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE) is Verdict.FAIL
    assert gravest(Verdict.DEVIATION, Verdict.RECORDED) is Verdict.DEVIATION
    assert gravest(Verdict.FAIL, Verdict.ERROR) is Verdict.ERROR
    assert gravest() is Verdict.PASS


def test_a_silent_device_is_probed_once_and_only_by_a_judging_step() -> None:
    probed: list[bool] = []
    step = CaseSteps(CERTAIN, lambda: probed.append(True) or True, StepListener())
    with pytest.raises(DeviceSilent), step("prepare", precondition=True):
        raise DeviceSilent("nothing")
    assert not probed
    with pytest.raises(DeviceSilent), step("judge"):
        raise DeviceSilent("nothing")
    assert probed == [True]
    assert [record.verdict for record in step.records] == [Verdict.INCONCLUSIVE, Verdict.FAIL]


def test_a_step_that_is_only_likely_notes_the_deviation_and_the_case_goes_on() -> None:
    step = steps()
    with step("the status word", expect="6A80", confidence="likely") as seen:
        seen.observed(b"\x6a\x88")
        raise AssertionError("6A88 is not 6A80")
    with step("the next command works"):
        step.asserted()
    assert [record.verdict for record in step.records] == [Verdict.DEVIATION, Verdict.PASS]
    assert step.records[0].observed == "6A88"
    assert step.verdict is Verdict.DEVIATION
    assert step.reason == "the status word: expected 6A80; 6A88 is not 6A80"


def test_a_step_of_the_cases_own_confidence_ends_it() -> None:
    step = steps(LIKELY)
    with pytest.raises(AssertionError), step("judge"):
        raise AssertionError("no")
    assert step.verdict is Verdict.DEVIATION


def test_only_what_a_judging_step_asserted_counts() -> None:
    step = steps()
    step.asserted()
    with step("prepare", precondition=True):
        step.asserted()
    with step("look, but judge nothing"):
        pass
    assert not step.judged
    with step("judge"):
        step.asserted()
    assert step.judged


def test_what_was_expected_and_not_raised_is_a_broken_rule() -> None:
    step = steps()
    with pytest.raises(pytest.fail.Exception), step("it refuses"), pytest.raises(DeviceFault):
        pass
    assert step.verdict is Verdict.FAIL


def test_a_step_inside_a_step_is_the_harness_being_wrong() -> None:
    step = steps()
    with pytest.raises(RuntimeError, match="begins inside step"), step("outer"), step("inner"):
        pass
