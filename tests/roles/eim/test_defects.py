"""Every defect changes one rule of the eIM and shows on the wire; the conforming eIM shows none of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.codec.tlv import build as t
from harness.codec.tlv import integer, parse
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.crypto.pki import EuiccIdentity
from harness.roles.eim import CONFORMING, Eim
from harness.roles.eim.commands import enable
from harness.rules import Rules
from harness.simulators.defects import defects_for, eim_esipa
from tests.roles.eim.support import (
    EID,
    ICCID,
    NOW,
    OTHER_EID,
    Servers,
    deliver,
    euicc,
    get_eim_package,
    make_eim,
    notification,
    poll,
    result_data,
    signed_result,
)
from tests.roles.eim.test_data import certificates
from tests.roles.eim.test_indirect_download import (
    AUTHENTICATE_RESPONSE,
    TRANSACTION,
    begin,
    initiated,
    signed1,
    smdp,
)

TOKEN = 3


def unknown_eid(rules: Rules) -> bool:
    return poll(make_eim(rules), OTHER_EID) == bytes.fromhex("BF4F03020102")


def missing_and_short_eid(rules: Rules) -> bool:
    eim = make_eim(rules)
    missing = eim.handle(bytes.fromhex("BF4F00"), NOW) == bytes.fromhex("BF4F03020104")
    return missing and eim.handle(get_eim_package(EID[:15]), NOW) == bytes.fromhex("BF4F03020103")


def empty_queue(rules: Rules) -> bool:
    return poll(make_eim(rules)) == bytes.fromhex("BF4F03020101")


def right_package(rules: Rules) -> bool:
    eim = make_eim(rules, token=TOKEN)
    for expected in (1, 2):
        transaction = eim.queue_package(EID, enable(ICCID))
        answer = poll(eim)
        request = parse(answer).get(0xBF51)
        signed = request.get(0x30)
        key = eim.identity.signing_key.public_key()
        holds = ecdsa.verify(key, request.get(0x5F37).value, signed.raw + integer(0x84, TOKEN))
        found = signed.find(0x82)
        if not holds or signed.get(0x81).value != bytes([expected]) or found is None or found.value != transaction:
            return False
        deliver(eim, signed_result(result_data(answer), token=TOKEN))
    return True


def acknowledged_and_closed(rules: Rules) -> bool:
    eim = make_eim(rules)
    transaction = eim.queue_package(EID, enable(ICCID))
    answer = deliver(eim, signed_result(result_data(poll(eim), sequence_number=70)))
    return answer == bytes.fromhex("BF5006BF5303800146") and eim.operation(transaction).state == "done"


def bad_signature_refused(rules: Rules) -> bool:
    eim = make_eim(rules)
    transaction = eim.queue_package(EID, enable(ICCID))
    forged = signed_result(result_data(poll(eim)), key=ecdsa.generate("nist", Entropy("forger")))
    return parse(deliver(eim, forged)).find(0xBF53) is None and eim.operation(transaction).is_open


def result_without_token_refused(rules: Rules) -> bool:
    eim = make_eim(rules, token=TOKEN)
    transaction = eim.queue_package(EID, enable(ICCID))
    deliver(eim, signed_result(result_data(poll(eim)), token=0))
    return eim.operation(transaction).is_open


def other_euicc_refused(rules: Rules) -> bool:
    eim = make_eim(rules, http=smdp())
    operation = eim.queue_download(EID, activation_code="1$smdp.example$M1")
    poll(eim)
    begin(eim, operation)
    refused, taken = (authenticate_client(eim, euicc(eid)) for eid in (OTHER_EID, EID))
    return refused == bytes.fromhex("BF3B03820107") and parse(taken).find(0xA0) is not None


def authenticate_client(eim: Eim, card: EuiccIdentity) -> bytes:
    signed, signature = t(0x30, t(0x80, TRANSACTION)), t(0x5F37, bytes(64))
    response = t(0xBF38, t(0xA0, signed, signature, card.certificate, card.eum_certificate))
    return eim.handle(t(0xBF3B, t(0x80, TRANSACTION), response), NOW)


def other_eims_result_refused(rules: Rules) -> bool:
    eim = make_eim(rules)
    transaction = eim.queue_package(EID, enable(ICCID))
    deliver(eim, signed_result(result_data(poll(eim), eim_id="other")))
    return eim.operation(transaction).is_open


def certificate_checked(rules: Rules) -> bool:
    eim = make_eim(rules, associated=False)
    eim.associate(EID)
    deliver(eim, t(0xBF52, t(0xA0, certificates(OTHER_EID))))
    return eim.device().euicc_certificate is None


def stuck_request_passed(rules: Rules) -> bool:
    eim = make_eim(rules)
    eim.queue_data_request(EID)
    poll(eim)
    eim.queue_package(EID, enable(ICCID))
    return parse(poll(eim)).children[0].tag == 0xBF51


def address_checked(rules: Rules) -> bool:
    servers = smdp()
    servers.answers["initiateAuthentication"] = initiated(serverSigned1=signed1("evil.example"))
    eim = make_eim(rules, http=servers)
    operation = eim.queue_download(EID, activation_code="1$smdp.example$M1")
    poll(eim)
    return begin(eim, operation) == bytes.fromhex("BF3903810132")


def session_kept(rules: Rules) -> bool:
    eim = make_eim(rules, http=smdp())
    operation = eim.queue_download(EID, activation_code="1$smdp.example$M1")
    poll(eim)
    begin(eim, operation)
    other = AUTHENTICATE_RESPONSE.replace(TRANSACTION, TRANSACTION[::-1])
    return eim.handle(t(0xBF3B, t(0x80, TRANSACTION), other), NOW) == bytes.fromhex("BF3B0382010A")


def notification_unchanged(rules: Rules) -> bool:
    servers = Servers()
    make_eim(rules, http=servers).handle(t(0xBF3D, t(0xA0, notification())), NOW)
    good = Servers()
    make_eim(http=good).handle(t(0xBF3D, t(0xA0, notification())), NOW)
    return servers.posts == good.posts


def headers_sent(rules: Rules) -> bool:
    return {"Content-Type", "X-Admin-Protocol"} <= set(rules["response-headers"](None))


CAUGHT_BY: dict[str, Callable[[Rules], bool]] = {
    "answers-unknown-eid-as-known": unknown_eid,
    "answers-unknown-eid-with-undefined-error": unknown_eid,
    "ignores-missing-eid": missing_and_short_eid,
    "confuses-missing-and-invalid-eid": missing_and_short_eid,
    "answers-empty-queue-with-undefined-error": empty_queue,
    "signs-without-association-token": right_package,
    "signs-with-token-zero": right_package,
    "signs-in-der": right_package,
    "signs-packages-with-another-key": right_package,
    "repeats-counter": right_package,
    "skips-counters": right_package,
    "omits-transaction-id": right_package,
    "acknowledges-with-own-numbering": acknowledged_and_closed,
    "never-acknowledges": acknowledged_and_closed,
    "matches-results-by-sequence-number": acknowledged_and_closed,
    "leaves-operations-open": acknowledged_and_closed,
    "accepts-unverified-results": bad_signature_refused,
    "believes-results-without-token": result_without_token_refused,
    "serves-another-euicc": other_euicc_refused,
    "alters-notifications": notification_unchanged,
    "omits-response-headers": headers_sent,
}


@pytest.mark.parametrize(
    "holds", [other_eims_result_refused, certificate_checked, stuck_request_passed, address_checked, session_kept]
)
def test_the_conforming_eim_keeps_what_no_case_looks_at(holds):
    assert holds(CONFORMING)


def test_every_defect_of_esipa_has_its_check():
    assert set(CAUGHT_BY) == {defect.name for defect in eim_esipa.DEFECTS}


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_defect_shows_and_the_conforming_eim_is_clean(name):
    holds = CAUGHT_BY[name]
    assert holds(CONFORMING)
    assert not holds(defects_for("eim")[name].change(CONFORMING))
