"""What is found in a card's answers beside what a case asks."""

from __future__ import annotations

import pytest

from harness.codec import tlv
from harness.conformance.case import Confidence
from harness.conformance.devices.strictness import Strictness
from harness.conformance.steps import CaseSteps, StepListener
from harness.evidence.verdicts import Verdict

EID = tlv.build(0x5A, bytes(16))


def found(request: str, *answers: bytes) -> tuple[str, ...]:
    strictness = Strictness(lambda: ())
    for answer in answers:
        strictness.look(bytes.fromhex(request), answer)
    return strictness.faults


def test_good_answers_are_silent() -> None:
    assert found("BF3E035C015A", tlv.build(0xBF3E, EID)) == ()
    assert found("BF3000", tlv.build(0xBF30, tlv.build(0x80, b"\x01"))) == ()
    assert found("BF3000", b"") == ()


def test_extensions_are_no_fault() -> None:
    assert found("BF3E035C015A", tlv.build(0xBF3E, EID, tlv.build(0x9F22, b"\x01"))) == ()


@pytest.mark.parametrize(
    ("request_octets", "answer", "said"),
    [
        ("BF3E035C015A", tlv.build(0xBF3E, tlv.build(0x5A, bytes(15))), "GetEuiccDataResponse"),
        ("BF3E035C015A", b"\xbf\x3e\x81\x12" + EID, "shortest form"),
        ("BF3000", tlv.build(0xBF30, tlv.build(0x80, b"\x00\x01")), "one DER form"),
        ("BF3000", tlv.build(0xBF31, tlv.build(0x80, b"\x00")), "NotificationSentResponse"),
        ("BF5600", b"\xff", "GetCertsResponse"),
    ],
)
def test_faults_of_form_are_told(request_octets: str, answer: bytes, said: str) -> None:
    faults = found(request_octets, answer, answer)
    assert len(faults) == 1
    assert said in faults[0]


def package(eim_id: bytes, transaction: bytes) -> bytes:
    identity = tlv.build(0x80, eim_id) + EID + tlv.integer(0x81, 1) + tlv.build(0x82, transaction)
    signed = tlv.build(0x30, identity, tlv.build(0xA0, tlv.build(0xBF2D)))
    return tlv.build(0xBF51, signed, tlv.build(0x5F37, bytes(64)))


def refusal(*fields: bytes) -> bytes:
    return tlv.build(0xBF51, tlv.build(0xA2, *fields))


def test_an_answer_is_for_its_package() -> None:
    request = package(b"eim.example", b"\x07").hex()
    ours, same = tlv.build(0x80, b"eim.example"), tlv.build(0x82, b"\x07")
    assert found(request, refusal(ours, same), refusal(ours)) == ()
    assert found(request, refusal(tlv.build(0x80, b"other.example"), same)) == (
        "EuiccPackageResult: eimId is not that of the package",
    )
    assert found(request, refusal(ours, tlv.build(0x82, b"\x08"))) == (
        "EuiccPackageResult: eimTransactionId is not that of the package",
    )


def test_a_fault_makes_a_certain_judging_step() -> None:
    strictness = Strictness(lambda: ())
    strictness.look(bytes.fromhex("BF3000"), tlv.build(0xBF30, tlv.build(0x80, b"\x00\x01")))
    steps = CaseSteps(Confidence.LIKELY, lambda: True, StepListener())
    with pytest.raises(AssertionError, match="NotificationSentResponse"):
        strictness.judge(steps)
    assert steps.verdict is Verdict.FAIL


def test_without_a_fault_there_is_no_step() -> None:
    steps = CaseSteps(Confidence.CERTAIN, lambda: True, StepListener())
    Strictness(lambda: ()).judge(steps)
    assert steps.records == []
    assert not steps.judged
