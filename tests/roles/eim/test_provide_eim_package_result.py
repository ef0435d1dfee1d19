"""ESipa.ProvideEimPackageResult: which results are believed. SGP.32 v1.2 §5.14.6, §2.11.2.1."""

from __future__ import annotations

import pytest

from harness.codec.tlv import build as t
from harness.codec.tlv import integer, parse
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.roles.eim.commands import delete_eim, enable, list_eim
from harness.roles.eim.events import (
    Finding,
    PackageErrorReported,
    ResultAccepted,
    ResultRefused,
    ResultUnmatched,
    UnsignedErrorReceived,
)
from tests.roles.eim.support import (
    EID,
    ICCID,
    NOW,
    OK_ENABLE,
    OTHER_EID,
    Answered,
    Servers,
    deliver,
    euicc,
    make_eim,
    notification,
    poll,
    result_data,
    signed_error,
    signed_result,
)

ACK_7 = bytes.fromhex("BF5006BF5303800107")
EMPTY = bytes.fromhex("BF50023000")
REFUSED = bytes.fromhex("BF500302017F")


@pytest.fixture
def delivered():
    eim = make_eim(token=3)
    transaction = eim.queue_package(EID, enable(ICCID))
    return eim, transaction, poll(eim)


def test_good_result_is_acknowledged_by_the_cards_number(delivered):
    eim, transaction, package = delivered
    result = signed_result(result_data(package), token=3)
    assert deliver(eim, result) == ACK_7
    operation = eim.operation(transaction)
    assert (operation.state, operation.results, operation.answer) == ("done", (("enableResult", 0),), result)
    assert eim.events[-1] == ResultAccepted(NOW, EID, transaction, 7, (("enableResult", 0),))
    assert eim.queue() == ()


@pytest.mark.parametrize("number", [127, 128, 255, 256, 70000])
def test_sequence_numbers_of_any_length(delivered, number):
    eim, _, package = delivered
    answer = deliver(eim, signed_result(result_data(package, sequence_number=number), token=3))
    assert answer == t(0xBF50, t(0xBF53, integer(0x80, number)))


def test_repeated_result_is_acknowledged_again(delivered):
    eim, _, package = delivered
    result = signed_result(result_data(package), token=3)
    assert [deliver(eim, result), deliver(eim, result)] == [ACK_7, ACK_7]
    assert [event.duplicate for event in eim.events if isinstance(event, ResultAccepted)] == [False, True]


def refused(eim, transaction, answer, reason):
    assert answer == REFUSED
    assert eim.operation(transaction).state == "delivered"
    event = next(event for event in reversed(eim.events) if isinstance(event, ResultRefused))
    assert reason in event.reason
    return True


@pytest.mark.parametrize("at", [-1, -40, -64])
def test_flipped_signature_is_refused(delivered, at):
    eim, transaction, package = delivered
    result = bytearray(signed_result(result_data(package), token=3))
    result[at] ^= 1
    assert refused(eim, transaction, deliver(eim, bytes(result)), "signature")


def test_flipped_result_is_refused(delivered):
    eim, transaction, package = delivered
    good = signed_result(result_data(package), token=3)
    changed = good.replace(bytes.fromhex("3003830100"), bytes.fromhex("3003830101"))
    assert refused(eim, transaction, deliver(eim, changed), "signature")


@pytest.mark.parametrize("token", [0, 2, 4])
def test_result_signed_with_another_token_is_refused(delivered, token):
    eim, transaction, package = delivered
    assert refused(eim, transaction, deliver(eim, signed_result(result_data(package), token=token)), "signature")


def test_result_of_another_card_is_refused(delivered):
    eim, transaction, package = delivered
    key = ecdsa.generate("nist", Entropy("somebody else"))
    assert refused(eim, transaction, deliver(eim, signed_result(result_data(package), token=3, key=key)), "signature")


def test_result_for_another_eim_is_refused(delivered):
    eim, transaction, package = delivered
    data = result_data(package, eim_id="eim.harness.tesT")
    assert refused(eim, transaction, deliver(eim, signed_result(data, token=3)), "for the eIM 'eim.harness.tesT'")


def test_result_under_another_eid_is_refused(delivered):
    eim, transaction, package = delivered
    eim.associate(OTHER_EID, euicc_certificate=euicc().certificate, association_token=3)
    answer = deliver(eim, signed_result(result_data(package), token=3), OTHER_EID)
    assert refused(eim, transaction, answer, "another eUICC")


def test_result_without_a_known_certificate_is_refused():
    eim = make_eim(associated=False)
    eim.associate(EID)
    transaction = eim.queue_package(EID, enable(ICCID))
    assert refused(eim, transaction, deliver(eim, signed_result(result_data(poll(eim)))), "not known")


def test_result_that_is_no_result_is_refused(delivered):
    eim, transaction, _ = delivered
    assert refused(eim, transaction, deliver(eim, bytes.fromhex("BF5105A003300100")), "cannot be read")


def test_failed_command_fails_the_operation(delivered):
    eim, transaction, package = delivered
    assert deliver(eim, signed_result(result_data(package, t(0x83, b"\x02")), token=3)) == ACK_7
    assert eim.operation(transaction).state == "failed"


def test_rolled_back_enable_fails_the_operation(delivered):
    eim, transaction, package = delivered
    deliver(eim, signed_result(result_data(package, OK_ENABLE), token=3))
    rollback = signed_result(result_data(package, t(0x8C, b"\x00"), sequence_number=8), token=3)
    assert deliver(eim, rollback) == bytes.fromhex("BF5006BF5303800108")
    assert eim.operation(transaction).state == "failed"
    assert eim.operation(transaction).results == (("rollbackResult", 0),)


def test_last_eim_deleted_is_a_success():
    eim = make_eim()
    transaction = eim.queue_package(EID, delete_eim("eim.harness.test"), list_eim())
    listed = t(0xAB, t(0xA0, t(0x30, t(0x80, b"x"))))
    deliver(eim, signed_result(result_data(poll(eim), t(0x89, b"\x02"), listed)))
    assert eim.operation(transaction).state == "done"


def test_signed_error_is_taken_without_acknowledgement(delivered):
    eim, transaction, package = delivered
    assert deliver(eim, signed_error(package, 4, token=3)) == EMPTY
    assert (eim.operation(transaction).state, eim.operation(transaction).error_code) == ("failed", 4)


def test_signed_error_with_a_wrong_signature_is_refused(delivered):
    eim, transaction, package = delivered
    assert refused(eim, transaction, deliver(eim, signed_error(package, 4, token=4)), "signature")


def test_unsigned_error_closes_nothing(delivered):
    eim, transaction, package = delivered
    error = t(0xBF51, t(0xA2, t(0x80, b"eim.harness.test"), t(0x82, transaction)))
    assert deliver(eim, error) == EMPTY
    assert eim.operation(transaction).state == "delivered"
    assert isinstance(eim.events[-1], UnsignedErrorReceived)
    assert poll(eim) == bytes.fromhex("BF4F03020101")
    assert deliver(eim, signed_result(result_data(package), token=3)) == ACK_7


def test_ipa_that_could_not_use_the_package(delivered):
    eim, transaction, _ = delivered
    assert deliver(eim, t(0xA0, t(0x80, transaction), t(0x02, b"\x01"))) == EMPTY
    assert (eim.operation(transaction).state, eim.operation(transaction).error_code) == ("failed", 1)
    assert eim.events[-1] == PackageErrorReported(NOW, EID, transaction, 1)


def test_result_of_no_operation_is_not_acknowledged():
    eim = make_eim()
    data = t(0x30, t(0x80, b"eim.harness.test"), t(0x81, b"\x05"), t(0x82, b"\x01" * 16), t(0x83, b"\x07"), t(0x30))
    assert deliver(eim, signed_result(data)) == EMPTY
    assert isinstance(eim.events[-1], ResultUnmatched)


def test_result_without_transaction_is_found_by_its_counter():
    eim = make_eim()
    package = eim.package(enable(ICCID), transaction_id=None)
    assert deliver(eim, signed_result(result_data(package))) == ACK_7
    assert [one.state for one in eim.state.operations.values()] == ["done"]


def test_device_that_does_not_name_itself_is_found_by_the_transaction(delivered):
    eim, transaction, package = delivered
    eim.associate(OTHER_EID)
    assert deliver(eim, signed_result(result_data(package), token=3), None) == ACK_7
    assert eim.operation(transaction).state == "done"


def test_device_that_cannot_be_told():
    eim = make_eim()
    data = t(0x30, t(0x80, b"eim.harness.test"), t(0x81, b"\x05"), t(0x83, b"\x07"), t(0x30))
    assert deliver(eim, signed_result(data), None) == bytes.fromhex("BF5003020104")
    assert deliver(eim, signed_result(data), OTHER_EID) == bytes.fromhex("BF5003020102")
    assert deliver(eim, signed_result(data), EID[:4]) == bytes.fromhex("BF5003020103")


@pytest.mark.parametrize("inside", [False, True])
def test_bare_sequence_is_understood_and_told(delivered, inside):
    """Without the automatic tag A0, as some software writes it: BF51{30,5F37} or BF51{30{30,5F37}}."""
    eim, transaction, package = delivered
    result = signed_result(result_data(package), token=3, choice=0x30 if inside else None)
    assert deliver(eim, result) == ACK_7
    assert eim.operation(transaction).state == "done"
    assert any(isinstance(event, Finding) and "no A0, A1 or A2" in event.fault for event in eim.events)


def test_conforming_exchange_has_no_finding(delivered):
    eim, _, package = delivered
    deliver(eim, signed_result(result_data(package), token=3))
    assert not [event for event in eim.events if isinstance(event, Finding)]


def v10_choice(*entries: bytes) -> bytes:
    """As v1.0 has it: the eUICC's answer, with the alternative notificationList inside."""
    return t(0xBF2B, t(0xA0, *entries))


def v10_both(*entries: bytes) -> bytes:
    """The alternative notificationAndEprList of v1.0."""
    return t(0xBF2B, t(0xA3, t(0xA0, *entries), t(0xA1)))


@pytest.mark.parametrize(
    ("listed", "is_v10"),
    [
        (lambda *entries: t(0xA0, *entries), False),
        (lambda *entries: t(0xBF2B, *entries), True),
        (v10_choice, True),
        (v10_both, True),
    ],
)
def test_notifications_beside_a_result_are_forwarded_and_acknowledged(listed, is_v10):
    servers = Servers()
    eim = make_eim(http=servers)
    eim.queue_package(EID, enable(ICCID))
    result = signed_result(result_data(poll(eim)))
    answer = deliver(eim, t(0x30, result, listed(notification(9), notification(10))))
    assert answer == t(0xBF50, t(0xBF53, bytes.fromhex("80010780010980010A")))
    assert len(servers.posts) == 2
    assert is_v10 == any(isinstance(event, Finding) and "BF2B" in event.fault for event in eim.events)


def test_refused_notification_does_not_hold_up_the_next():
    class OneRefuses(Servers):
        def post(self, url, headers, body):
            super().post(url, headers, body)
            return Answered(400 if "first" in url else 204)

    eim = make_eim(http=OneRefuses())
    eim.queue_package(EID, enable(ICCID))
    result = signed_result(result_data(poll(eim)))
    waiting = t(0xA0, notification(9, "first.example"), notification(10, "second.example"))
    assert deliver(eim, t(0x30, result, waiting)) == t(0xBF50, t(0xBF53, bytes.fromhex("80010780010A")))


def test_card_result_can_be_given_without_an_ipa():
    eim = make_eim()
    package = eim.package(enable(ICCID))
    assert eim.take_result(signed_result(result_data(package))).reply == ACK_7
    assert parse(package).tag == 0xBF51


@pytest.mark.parametrize("answer", ["BF520BA109 8004 01020304 02017F", "BF540B 8204 01020304 3003 80017F"])
def test_octets_of_a_case_are_closed_by_their_answer(answer):
    eim = make_eim()
    transaction = eim.queue_message(EID, bytes.fromhex("BF550101"), bytes.fromhex("01020304"))
    poll(eim)
    deliver(eim, bytes.fromhex(answer))
    assert (eim.operation(transaction).state, eim.operation(transaction).error_code) == ("failed", 127)


def signed_as_v1_0(package: bytes) -> bytes:
    """A result signed over its data and the eimSignature of the package."""
    data = result_data(package)
    signature = ecdsa.sign(euicc().private_key, data + parse(package).get(0xBF51, 0x5F37).raw)
    return t(0xBF51, t(0xA0, data + t(0x5F37, signature)))


def test_both_forms_of_signature_are_taken_from_a_card_of_v1_0():
    for sign, told in ((signed_as_v1_0, True), (lambda package: signed_result(result_data(package), token=3), False)):
        eim = make_eim(token=3)
        eim.associate(EID, version="1.0.1")
        eim.queue_package(EID, enable(ICCID))
        assert deliver(eim, sign(poll(eim))) == ACK_7
        assert any(isinstance(event, Finding) and "v1.0" in event.fault for event in eim.events) is told


def test_the_form_of_v1_0_is_refused_from_a_card_of_v1_2(delivered):
    eim, _, package = delivered
    assert deliver(eim, signed_as_v1_0(package)) == REFUSED
