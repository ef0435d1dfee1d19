"""What the card's client reads from cards of other SGP.32 versions."""

from __future__ import annotations

import pytest

from harness.codec import tlv
from harness.errors import MalformedAnswer
from harness.roles.es10.notifications import NotificationsAnswer
from harness.roles.es10.packages import package_answer
from harness.roles.es10.versions import DIALECTS

UNSIGNED = tlv.build(0xBF51, tlv.build(0xA2, tlv.build(0x80, b"eim")))
JOINT = tlv.build(0xBF2B, tlv.build(0xA3, tlv.build(0xA0), tlv.build(0xA1, UNSIGNED)))


def test_notifications_and_results_in_one_answer_are_of_v1_0_only() -> None:
    answer = NotificationsAnswer.of(JOINT, DIALECTS["1.0.1"])
    assert (answer.form, answer.pending, [one.eim_id for one in answer.results]) == ("A3", (), ["eim"])
    with pytest.raises(MalformedAnswer):
        NotificationsAnswer.of(JOINT)


def test_results_have_the_names_of_v1_2() -> None:
    head = tlv.build(0x80, b"eim"), bytes.fromhex("810101 820122 830105")
    data = tlv.build(0x30, *head, tlv.build(0x30, bytes.fromhex("870100")))
    raw = tlv.build(0xBF51, tlv.build(0xA0, data, tlv.build(0x5F37, bytes(64))))
    answer = package_answer(raw, DIALECTS["1.0.1"])
    assert (answer.transaction_id, answer.result("configureImmediateEnableResult")) == (b"\x22", 0)
