"""The client that cases drive an SM-DP+ with: what it reads of answers, good and bad."""

from __future__ import annotations

import json

import pytest

from harness.conformance.servers.es9 import SUCCESS, Es9Answer
from harness.errors import MalformedAnswer


def answer(status: object, **fields: object) -> bytes:
    return json.dumps({"header": {"functionExecutionStatus": status}, **fields}).encode()


def test_success_and_its_fields() -> None:
    read = Es9Answer.of(answer({"status": SUCCESS}, serverSigned1=" MAA=\n"))
    assert read.is_success
    assert read.octets("serverSigned1") == b"\x30\x00"


def test_failure_is_subject_and_reason() -> None:
    data = {"subjectCode": "8.2.6", "reasonCode": "3.8"}
    read = Es9Answer.of(answer({"status": "Failed", "statusCodeData": data}))
    assert (read.is_success, read.status) == (False, "8.2.6/3.8")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'"x"',
        b"[" * 100_000,
        answer(None),
        answer({}),
        answer({"status": "Failed"}),
        answer("Failed"),
    ],
)
def test_answers_without_a_status(body: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        Es9Answer.of(body)


@pytest.mark.parametrize("value", [None, 5, "!", "ß"])
def test_fields_that_are_no_base64(value: object) -> None:
    with pytest.raises(MalformedAnswer):
        Es9Answer.of(answer({"status": SUCCESS}, smdpSigned2=value)).octets("smdpSigned2")
