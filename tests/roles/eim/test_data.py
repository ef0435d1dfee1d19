"""IpaEuiccData, BF52. SGP.32 v1.2 §2.11.1.2."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from harness.codec.tlv import build as t
from harness.codec.tlv import parse
from harness.crypto import pki
from harness.crypto.entropy import Entropy
from harness.roles.eim.commands import enable
from harness.roles.eim.data import read_data
from harness.roles.eim.events import DataReceived, DataRefused, Finding, ResultAccepted, ResultRefused
from tests.roles.eim.support import (
    EID,
    ICCID,
    NOW,
    OTHER_EID,
    Servers,
    deliver,
    euicc,
    make_eim,
    notification,
    poll,
    result_data,
    signed_result,
)

EMPTY = bytes.fromhex("BF50023000")
INFO1 = bytes.fromhex("BF20358203020300A916041481370F5125D0B1D408D4C3B232E6D25E795BEBFB") + bytes.fromhex(
    "AA16041481370F5125D0B1D408D4C3B232E6D25E795BEBFB"
)


def implicit(tag: int, certificate: bytes) -> bytes:
    return t(tag, parse(certificate).value)


def certificates(eid: bytes = EID) -> bytes:
    return implicit(0xA5, euicc(eid).eum_certificate) + implicit(0xA6, euicc(eid).certificate)


def stranger():
    eim = make_eim(associated=False)
    eim.associate(EID)
    return eim


def test_every_field_is_read():
    eim = stranger()
    transaction = eim.queue_data_request(EID)
    poll(eim)
    capabilities = t(0xA8, bytes.fromhex("80020560 81020780"))
    device_info = t(0xA9, t(0x80, b"\x35\x29\x06\x11"), t(0xA1, t(0x85, b"\x0e\x00\x00")))
    fields = (
        t(0xA0),
        t(0x81, b"dp.example"),
        t(0xA2),
        INFO1,
        t(0x83, b"ds.example"),
        t(0x84, b"\x05"),
        certificates(),
        t(0x87, transaction),
        capabilities,
        device_info,
    )
    assert deliver(eim, t(0xBF52, t(0xA0, *fields))) == EMPTY
    assert eim.operation(transaction).state == "done"
    data = eim.device().data
    assert data is not None
    assert data.fields["defaultSmdpAddress"] == "dp.example"
    assert data.fields["rootSmdsAddress"] == "ds.example"
    assert data.fields["associationToken"] == 5
    assert data.euicc_info1 == INFO1
    assert data.features == {"indirectRspServerCommunication", "eimDownloadDataHandling"}
    assert data.fields["ipaCapabilities"]["protocols"] == ("ipaRetrieveHttps",)
    assert eim.device().euicc_certificate == euicc().certificate
    assert not [event for event in eim.events if isinstance(event, Finding)]
    assert isinstance(eim.events[-1], DataReceived)


def test_learned_certificate_makes_results_believed():
    eim = stranger()
    eim.queue_data_request(EID)
    poll(eim)
    deliver(eim, t(0xBF52, t(0xA0, certificates())))
    eim.queue_package(EID, enable(ICCID))
    deliver(eim, signed_result(result_data(poll(eim))))
    assert isinstance(eim.events[-1], ResultAccepted)


def test_certificate_of_another_pki_is_not_learned():
    eim = stranger()
    forged = pki.mint(Entropy("forger"), datetime(2026, 11, 1, tzinfo=UTC)).euicc_identity("nist", EID)
    body = implicit(0xA5, forged.eum_certificate) + implicit(0xA6, forged.certificate)
    deliver(eim, t(0xBF52, t(0xA0, body)))
    assert eim.device().euicc_certificate is None
    assert [event.reason for event in eim.events if isinstance(event, ResultRefused)]


def test_certificate_of_another_eid_is_not_learned():
    eim = stranger()
    deliver(eim, t(0xBF52, t(0xA0, certificates(OTHER_EID))))
    assert eim.device().euicc_certificate is None
    reason = next(event.reason for event in eim.events if isinstance(event, ResultRefused))
    assert OTHER_EID.hex() in reason


def test_without_a_known_ci_the_first_certificate_stays():
    eim = make_eim(trusted=False)
    forged = pki.mint(Entropy("forger"), datetime(2026, 11, 1, tzinfo=UTC)).euicc_identity("nist", EID)
    deliver(eim, t(0xBF52, t(0xA0, implicit(0xA6, forged.certificate))))
    assert eim.device().euicc_certificate == euicc().certificate


def test_device_is_found_by_its_certificate():
    eim = stranger()
    eim.associate(OTHER_EID)
    assert deliver(eim, t(0xBF52, t(0xA0, certificates())), None) == EMPTY
    assert eim.device(EID).euicc_certificate == euicc().certificate


def test_whole_certificate_under_its_tag_is_understood_and_told():
    eim = stranger()
    whole = t(0xA5, euicc().eum_certificate) + t(0xA6, euicc().certificate)
    deliver(eim, t(0xBF52, t(0xA0, whole)))
    assert eim.device().euicc_certificate == euicc().certificate
    assert sum(isinstance(event, Finding) and "whole SEQUENCE" in event.fault for event in eim.events) == 2


def test_capabilities_of_one_octet_a_bit_are_understood_and_told():
    eim = make_eim()
    deliver(eim, t(0xBF52, t(0xA0, bytes.fromhex("A811 800700000100010000 8106000100000000"))))
    data = eim.device().data
    assert data is not None
    assert data.features == {"indirectRspServerCommunication", "eimCtxParams1Generation"}
    assert any(isinstance(event, Finding) and "one octet a bit" in event.fault for event in eim.events)


def test_bare_data_is_understood_and_told():
    eim = make_eim()
    deliver(eim, t(0xBF52, t(0x81, b"dp.example"), t(0x83, b"ds.example")))
    data = eim.device().data
    assert data is not None
    assert data.fields == {"defaultSmdpAddress": "dp.example", "rootSmdsAddress": "ds.example"}
    assert any(isinstance(event, Finding) and "no A0 or A1" in event.fault for event in eim.events)


def test_one_damaged_field_costs_that_field():
    eim = make_eim()
    deliver(eim, t(0xBF52, t(0xA0, t(0x81, b"\xff"), t(0x83, b"ds.example"))))
    data = eim.device().data
    assert data is not None
    assert data.fields == {"rootSmdsAddress": "ds.example"}
    assert any(isinstance(event, Finding) and "defaultSmdpAddress" in event.fault for event in eim.events)


def test_error_closes_the_request():
    eim = make_eim()
    transaction = eim.queue_data_request(EID, b"\x5a")
    poll(eim)
    assert deliver(eim, t(0xBF52, t(0xA1, t(0x80, transaction), t(0x02, b"\x01")))) == EMPTY
    assert (eim.operation(transaction).state, eim.operation(transaction).error_code) == ("failed", 1)
    assert eim.events[-1] == DataRefused(NOW, EID, transaction, 1)


def test_answer_without_transaction_closes_the_request_that_waits():
    eim = make_eim()
    transaction = eim.queue_data_request(EID)
    poll(eim)
    deliver(eim, t(0xBF52, t(0xA1, t(0x02, b"\x7f"))))
    assert eim.operation(transaction).state == "failed"


def test_v10_frame_gets_the_v12_answer():
    """Seen between v1.0 implementations; a v1.2 eIM answers with the empty response."""
    eim = make_eim()
    assert eim.handle(bytes.fromhex("BF500ABF5207A0058003616161"), NOW) == EMPTY


def test_stored_results_and_notifications_are_taken_and_acknowledged():
    servers = Servers()
    eim = make_eim(http=servers)
    transaction = eim.queue_package(EID, enable(ICCID))
    result = signed_result(result_data(poll(eim)))
    answer = deliver(eim, t(0xBF52, t(0xA0, t(0xA0, notification(9)), t(0xA2, result))))
    assert answer == t(0xBF50, t(0xBF53, bytes.fromhex("800107800109")))
    assert eim.operation(transaction).state == "done"
    assert len(servers.posts) == 1


@pytest.mark.parametrize(
    ("inside", "notifications", "results"),
    [
        (t(0xA0, t(0x30), t(0xBF37)), [0x30, 0xBF37], []),
        (t(0xA2, t(0xA0)), [], [0xA0]),
        (t(0xA3, t(0xA0, t(0x30)), t(0xA1, t(0xA0))), [0x30], [0xA0]),
        (t(0x30) + t(0xBF37), [0x30, 0xBF37], []),
        (t(0xA0, t(0x30), t(0x5F37)), [0xA0], []),
        (b"", [], []),
    ],
    ids=["notifications", "results", "both", "bare row", "one bare compact notification", "nothing"],
)
def test_the_list_of_v1_0_is_read_in_each_of_its_forms(inside, notifications, results):
    read = read_data(parse(t(0xA0, t(0xBF2B, inside))))
    assert [one.tag for one in read.notifications] == notifications
    assert [one.tag for one in read.results] == results
