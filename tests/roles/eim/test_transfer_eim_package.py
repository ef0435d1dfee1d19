"""The eIM that goes to the device: ESipa.TransferEimPackage. SGP.32 v1.2 §5.14.4; correlation identifiers of v1.3."""

from __future__ import annotations

import pytest

from harness.codec import DecodeError
from harness.codec.tlv import build as t
from harness.codec.tlv import integer, parse
from harness.roles.eim.commands import enable
from harness.roles.eim.events import PackageErrorReported
from tests.roles.eim.support import (
    EID,
    ICCID,
    NOW,
    OTHER_EID,
    Servers,
    make_eim,
    notification,
    result_data,
    signed_result,
)


@pytest.fixture
def brought():
    eim = make_eim(http=Servers())
    transaction = eim.queue_package(EID, enable(ICCID))
    request = eim.injection(EID, NOW)
    assert request[:2] == b"\xbf\x4e"
    return eim, transaction, parse(request).get(0xBF51).raw


def test_nothing_waits():
    assert make_eim().injection(EID) == b""


def test_result_is_acknowledged_in_another_request(brought):
    eim, transaction, package = brought
    answer = eim.take_injection(t(0xBF4E, signed_result(result_data(package))))
    assert answer == bytes.fromhex("BF4E06BF5303800107")
    assert eim.operation(transaction).state == "done"
    assert eim.injection(EID) == b""


def test_notifications_beside_a_result_are_forwarded(brought):
    eim, _, package = brought
    both = t(0x30, signed_result(result_data(package)), t(0xA0, notification()))
    assert eim.take_injection(t(0xBF4E, both)) == bytes.fromhex("BF4E09BF5306800107800109")


@pytest.mark.parametrize("with_cid", [False, True])
def test_received_keeps_it_open(brought, with_cid):
    eim, transaction, package = brought
    received = t(0xBF60, t(0x80, transaction)) if with_cid else t(0x05)
    assert eim.take_injection(t(0xBF4E, received)) == b""
    assert eim.operation(transaction).state == "delivered"
    later = eim.exchange(t(0xBF4E, signed_result(result_data(package))), NOW)
    assert (later.reply, later.trouble) == (b"", "")
    assert eim.operation(transaction).state == "done"


@pytest.mark.parametrize("cid", [None, "transaction", EID, OTHER_EID])
def test_error_fails_the_operation(brought, cid):
    eim, transaction, _ = brought
    name = transaction if cid == "transaction" else cid
    body = integer(0x02, 2) if cid is None else t(0xBF61, t(0x80, name), integer(0x02, 2))
    assert eim.take_injection(t(0xBF4E, body)) == b""
    assert (eim.operation(transaction).state, eim.operation(transaction).error_code) == ("failed", 2)
    assert eim.events[-1] == PackageErrorReported(0.0, EID, transaction, 2)


def test_octets_that_are_no_answer(brought):
    eim, transaction, _ = brought
    for octets in (b"", b"\xbf\x4e", t(0xBF4E), t(0xBF4E, t(0x05), t(0x05))):
        with pytest.raises(DecodeError):
            eim.take_injection(octets)
    assert eim.operation(transaction).state == "delivered"


def test_data_and_downloads_are_brought_too():
    eim = make_eim()
    eim.queue_data_request(EID)
    assert parse(eim.injection(EID)).find(0xBF52) is not None
    assert eim.take_injection(t(0xBF4E, t(0xBF52, t(0xA0)))) == b""
    eim.queue_download(EID, activation_code="1$smdp.example$M1")
    assert parse(eim.injection(EID)).find(0xBF54) is not None
