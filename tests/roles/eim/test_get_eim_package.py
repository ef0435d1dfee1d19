"""ESipa.GetEimPackage. SGP.32 v1.2 §5.14.5."""

from __future__ import annotations

import pytest

from harness.codec.tlv import build as t
from harness.codec.tlv import parse
from harness.roles.eim.commands import enable, list_profile_info
from harness.roles.eim.events import Finding, PackageDelivered, Polled
from tests.roles.eim.support import EID, EIM_ID, ICCID, NOW, OTHER_EID, get_eim_package, make_eim, poll


def error(code: int) -> bytes:
    return bytes.fromhex("BF4F030201") + bytes([code])


def test_nothing_queued():
    assert poll(make_eim()) == error(1)


def test_unknown_eid():
    eim = make_eim()
    assert poll(eim, OTHER_EID) == error(2)
    assert eim.events[-1] == Polled(NOW, OTHER_EID, "eidNotFound")


@pytest.mark.parametrize("eid", [b"", EID[:15], EID + b"\x00"])
def test_eid_of_wrong_length(eid):
    assert poll(make_eim(), eid) == error(3)


def test_missing_eid():
    assert make_eim().handle(bytes.fromhex("BF4F00"), NOW) == error(4)


def test_unreadable_request_is_an_undefined_error():
    assert make_eim().handle(bytes.fromhex("BF4F025A10"), NOW) == error(127)
    assert make_eim().handle(bytes.fromhex("BF4F105A"), NOW) == error(127)


def test_package_is_the_field_frame():
    """The frame with enable and rollback, seen between independent implementations."""
    eim = make_eim(name="eIM")
    transaction = eim.queue_package(EID, enable(ICCID, rollback=True))
    answer = poll(eim)
    signed = parse(answer).get(0xBF51, 0x30)
    assert answer[:9] == bytes.fromhex("BF4F8187BF51818330")
    expected = "303E 8003 65494D 5A10" + EID.hex() + "810101 8210" + transaction.hex()
    expected += "A010 A30E 5A0A" + ICCID.hex() + "0500"
    assert signed.raw == bytes.fromhex(expected)
    assert len(parse(answer).get(0xBF51, 0x5F37).value) == 64


def test_state_change_is_heard():
    eim = make_eim()
    reply = parse(eim.handle(get_eim_package(EID, t(0x80), t(0x81, b"\x04"), t(0x82, b"\x62\xf2\x10")), NOW))
    assert reply.find(0xBF52) is not None
    assert eim.events[0] == Polled(NOW, EID, "data", True, 4, b"\x62\xf2\x10")
    assert (eim.device().is_stale, eim.device().registered_plmn) == (True, b"\x62\xf2\x10")


def test_v10_plmn_is_understood_and_told():
    eim = make_eim()
    assert parse(eim.handle(get_eim_package(EID, t(0x80), t(0x81, b"\x62\xf2\x10")), NOW)).find(0xBF52) is not None
    polled = next(event for event in eim.events if isinstance(event, Polled))
    assert polled.registered_plmn == b"\x62\xf2\x10"
    assert any(isinstance(event, Finding) and "v1.0" in event.fault for event in eim.events)


def test_counters_rise_in_the_order_of_delivery():
    eim = make_eim()
    eim.queue_package(EID, enable(ICCID))
    direct = eim.package(list_profile_info())
    assert parse(direct).get(0x30, 0x81).value == b"\x01"
    assert parse(poll(eim)).get(0xBF51, 0x30, 0x81).value == b"\x02"


def test_unanswered_package_is_offered_again_with_the_same_octets_and_not_for_ever():
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    first = poll(eim)
    assert [poll(eim), poll(eim)] == [first, first]
    assert poll(eim) == error(1)
    assert [event.deliveries for event in eim.events if isinstance(event, PackageDelivered)] == [1, 2, 3]
    assert eim.operation(transaction).state == "delivered"


def test_package_goes_before_a_stuck_data_request():
    eim = make_eim()
    eim.queue_data_request(EID)
    assert parse(poll(eim)).children[0].tag == 0xBF52
    eim.queue_package(EID, enable(ICCID))
    assert parse(poll(eim)).children[0].tag == 0xBF51


def test_download_is_triggered_once():
    eim = make_eim()
    transaction = eim.queue_download(EID, activation_code="1$a.example$M1")
    frame = bytes.fromhex("A010800E") + b"1$a.example$M1" + t(0x82, transaction)
    assert poll(eim) == t(0xBF4F, t(0xBF54, frame))
    assert poll(eim) == error(1)


def test_download_triggers_of_each_kind():
    eim = make_eim()
    eim.queue_download(EID, default_smdp=True)
    eim.queue_download(EID, smds=True)
    eim.queue_download(EID, smds="ds.example")
    eim.queue_download(EID, activation_code="1$a.example$M1", is_told=False)
    triggers = [parse(poll(eim)).get(0xBF54) for _ in range(4)]
    assert [trigger.children[0].raw for trigger in triggers[:3]] == [
        bytes.fromhex("A0028100"),
        bytes.fromhex("A002A200"),
        t(0xA0, t(0xA2, t(0x80, b"ds.example"))),
    ]
    assert [child.tag for child in triggers[3].children] == [0x82]


def test_data_request_names_its_tags():
    eim = make_eim()
    transaction = eim.queue_data_request(EID, (0x80, 0xBF20, 0xBF22, 0x83))
    assert poll(eim) == t(0xBF4F, t(0xBF52, bytes.fromhex("5C0680BF20BF2283"), t(0x83, transaction)))


def test_octets_of_a_case_are_delivered_as_they_are():
    eim = make_eim()
    eim.queue_message(EID, bytes.fromhex("BF550101"))
    assert poll(eim) == bytes.fromhex("BF4F04BF550101")


def test_counter_and_name_are_in_the_event():
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    poll(eim)
    assert eim.events[-1] == PackageDelivered(NOW, EID, transaction, "package", 1, 1)
    assert eim.identity.eim_id == EIM_ID
