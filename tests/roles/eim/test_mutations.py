"""One octet changed anywhere, and anything at all: the eIM answers, and never with a traceback."""

from __future__ import annotations

import random

import pytest

from harness.codec.tlv import build as t
from harness.codec.tlv import parse
from harness.roles.eim.commands import enable
from tests.roles.eim.support import (
    EID,
    ICCID,
    NOW,
    deliver,
    get_eim_package,
    installation_result,
    make_eim,
    notification,
    poll,
    result_data,
    signed_error,
    signed_result,
)
from tests.roles.eim.test_data import INFO1, certificates
from tests.roles.eim.test_indirect_download import AUTHENTICATE_RESPONSE, PREPARE_RESPONSE, TRANSACTION, initiate, smdp

MUTATIONS = 2000
FUNCTIONS = {0xBF39, 0xBF3A, 0xBF3B, 0xBF41, 0xBF4F, 0xBF50}


def prepared():
    """An eIM in the middle of everything, and messages that it would take."""
    eim = make_eim(http=smdp())
    download = eim.queue_download(EID, activation_code="1$smdp.example$M1")
    poll(eim)
    data = eim.queue_data_request(EID)
    poll(eim)
    eim.queue_package(EID, enable(ICCID))
    package = poll(eim)
    eim.handle(initiate(INFO1, t(0x82, download)), NOW)
    good = signed_result(result_data(package))
    ipa_data = t(
        0xBF52, t(0xA0, t(0xA0, notification()), t(0xA2, good), INFO1, certificates(), t(0x87, data), t(0xA8, b""))
    )
    cancel = t(0xA0, t(0x30, t(0x80, TRANSACTION), t(0x81, b"\x88\x37\x0a"), t(0x82, b"\x03")), t(0x5F37, bytes(64)))
    messages = [
        get_eim_package(EID, t(0x80), t(0x81, b"\x04"), t(0x82, b"\x62\xf2\x10")),
        t(0xBF50, t(0x5A, EID), good),
        t(0xBF50, t(0x5A, EID), signed_error(package, 4)),
        t(0xBF50, t(0x30, good, t(0xA0, notification(), installation_result(TRANSACTION)))),
        t(0xBF50, t(0x5A, EID), ipa_data),
        t(0xBF50, t(0xBF54, t(0x82, download), installation_result(TRANSACTION))),
        t(0xBF50, t(0xA0, t(0x80, download), t(0x02, b"\x01"))),
        t(0xBF3D, t(0xA0, notification())),
        t(0xBF3D, t(0xBF50, t(0x5A, EID), good)),
        initiate(t(0x83, b"smdp.example"), INFO1, t(0x82, download)),
        t(0xBF3B, t(0x80, TRANSACTION), AUTHENTICATE_RESPONSE),
        t(0xBF3A, t(0x80, TRANSACTION), PREPARE_RESPONSE),
        t(0xBF41, t(0x80, TRANSACTION), t(0xA1, cancel)),
    ]
    return eim, messages


def prepared_v1_0_1():
    """The same with an IPA of v1.0.1, which writes some of it otherwise."""
    eim, _ = prepared()
    eim.associate(EID, ipa_version="1.0.1")
    eim.queue_package(EID, enable(ICCID))
    good = signed_result(result_data(poll(eim)))
    both = t(0xBF2B, t(0xA3, t(0xA0, notification()), t(0xA1, good)))
    messages = [
        get_eim_package(EID, t(0x80), t(0x81, b"\x62\xf2\x10")),
        t(0xBF50, good),
        t(0xBF50, t(0x30, good, both)),
        t(0xBF50, t(0xBF52, t(0xA0, t(0x80, b"dp.example"), INFO1, certificates(), both))),
        t(0xBF50, t(0xBF52, t(0x81, b"\x01"))),
        t(0xBF50, t(0xBF54, t(0x30, t(0x80, bytes(12))))),
        t(0xBF50, t(0x02, b"\x01")),
        t(0xBF3D, t(0xA1, good)),
        initiate(t(0x83, b"smdp.example"), INFO1),
    ]
    return eim, messages


@pytest.mark.parametrize("prepared", [prepared, prepared_v1_0_1])
def test_one_octet_changed_never_raises(prepared):
    eim, messages = prepared()
    chance = random.Random(32)
    for count in range(MUTATIONS):
        message = bytearray(messages[count % len(messages)])
        message[chance.randrange(len(message))] ^= chance.randrange(1, 256)
        answer = eim.handle(bytes(message), NOW)
        if answer:
            assert parse(answer).tag in FUNCTIONS


def test_changed_results_never_close_an_operation():
    """Whatever octet of a signed result changes, the operation stays open."""
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    good = signed_result(result_data(poll(eim)))
    for at in range(len(good)):
        changed = good[:at] + bytes([good[at] ^ 0x01]) + good[at + 1 :]
        deliver(eim, changed)
        assert eim.operation(transaction).is_open, f"octet {at}"
    deliver(eim, good)
    assert eim.operation(transaction).state == "done"


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_cut_messages(cut):
    eim, messages = prepared()
    for message in messages:
        answer = eim.handle(message[:cut], NOW)
        assert not answer or parse(answer).tag in FUNCTIONS


@pytest.mark.parametrize("message", [b"", b"\x00", b"\xbf", b"\xff" * 100, b"\x30" * 5000, bytes(300_000)])
def test_what_is_no_esipa_gets_no_answer(message):
    outcome = make_eim().exchange(message, NOW)
    assert (outcome.reply, outcome.trouble) == (b"", "malformed")
