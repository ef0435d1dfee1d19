"""TransferEimPackage as JSON: what an eIM sends, and what it takes for an answer."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from harness.codec import tlv
from harness.roles.eim.json_binding import Malformed
from harness.roles.eim.transfer_json import message_of, request_of

RESULT = bytes.fromhex("BF5103800107")
WRITTEN = base64.b64encode(RESULT).decode()


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (0xBF51, "euiccPackageRequest"),
        (0xBF52, "ipaEuiccDataRequest"),
        (0xBF53, "eimAcknowledgements"),
        (0xBF54, "profileDownloadTriggerRequest"),
    ],
)
def test_a_request_carries_the_package_whole(tag: int, name: str) -> None:
    package = tlv.build(tag, b"\x80\x01\x07")
    assert json.loads(request_of(tlv.build(0xBF4E, package))) == {name: base64.b64encode(package).decode()}


@pytest.mark.parametrize(
    ("document", "alternative"),
    [
        ({"euiccPackageResult": WRITTEN}, RESULT),
        ({"eimPackageResult": WRITTEN}, RESULT),
        ({"eimPackageError": 2}, bytes.fromhex("020102")),
        ({"eimPackageReceived": None}, b"\x05\x00"),
        ({"eimPackageReceived": True}, b"\x05\x00"),
        ({"header": {"functionExecutionStatus": {"status": "Failed"}}}, bytes.fromhex("02017F")),
    ],
)
def test_an_answer_is_the_message_that_it_spells(document: dict[str, Any], alternative: bytes) -> None:
    assert message_of(json.dumps(document).encode()) == tlv.build(0xBF4E, alternative)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"euiccPackageResult": "v1E="}', b'{"euiccPackageResult": 5}', b'{"eimPackageError": true}'],
)
def test_what_says_nothing_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        message_of(body)
