"""ESipa.HandleNotification. SGP.32 v1.2 §5.14.7, §3.7."""

from __future__ import annotations

import base64
import json

import pytest

from harness.codec.tlv import build as t
from harness.errors import LabFault
from harness.roles.eim import Trouble
from harness.roles.eim.commands import enable
from harness.roles.eim.events import Finding, NotificationForwarded, NotificationNotForwarded
from tests.roles.eim.support import (
    EID,
    ICCID,
    NOW,
    Answered,
    Servers,
    make_eim,
    notification,
    poll,
    result_data,
    signed_result,
)


@pytest.mark.parametrize("status", [200, 204])
def test_notification_goes_on_byte_for_byte(status):
    servers = Servers({"handleNotification": Answered(status)})
    eim = make_eim(http=servers)
    outcome = eim.exchange(t(0xBF3D, t(0xA0, notification())), NOW)
    assert (outcome.reply, outcome.trouble) == (b"", Trouble.NONE)
    [(url, body)] = servers.posts
    assert url == "https://smdp.example/gsma/rsp2/es9plus/handleNotification"
    assert base64.b64decode(json.loads(body)["pendingNotification"]) == notification()
    assert eim.events == (NotificationForwarded(NOW, EID, "smdp.example", 9, notification()),)


@pytest.mark.parametrize("answer", [Answered(400), Answered(500), LabFault("nobody there")])
def test_notification_that_did_not_arrive_is_not_confirmed(answer):
    eim = make_eim(http=Servers({"handleNotification": answer}))
    assert eim.exchange(t(0xBF3D, t(0xA0, notification())), NOW).trouble is Trouble.NOT_FORWARDED
    assert isinstance(eim.events[-1], NotificationNotForwarded)


def test_bare_notification_is_understood_and_told():
    servers = Servers()
    eim = make_eim(http=servers)
    assert eim.exchange(t(0xBF3D, notification()), NOW).trouble is Trouble.NONE
    assert len(servers.posts) == 1
    assert any(isinstance(event, Finding) and "A0" in event.fault for event in eim.events)


def test_compact_form_is_not_forwarded():
    eim = make_eim(http=Servers())
    compact = t(0xA1, t(0xBF2F, t(0x80, b"\x09"), t(0x81, b"\x06\x40"), t(0x0C, b"a.b")), t(0x5F37, bytes(64)))
    assert eim.exchange(t(0xBF3D, t(0xA0, compact)), NOW).trouble is Trouble.NOT_FORWARDED


def test_result_inside_is_handled_as_a_result():
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    result = signed_result(result_data(poll(eim)))
    outcome = eim.exchange(t(0xBF3D, t(0xBF50, t(0x5A, EID), result)), NOW)
    assert (outcome.reply, outcome.trouble) == (b"", Trouble.NONE)
    assert eim.operation(transaction).state == "done"


@pytest.mark.parametrize("body", ["", "0500", "A000", "A0020500", "BF2B00"])
def test_what_is_no_notification(body):
    eim = make_eim(http=Servers())
    outcome = eim.exchange(t(0xBF3D, bytes.fromhex(body)), NOW)
    assert outcome.reply == b""
    assert outcome.trouble is not Trouble.NONE
