"""Devices whose IPA is of SGP.32 v1.0.1: what they are sent, and what is made of what they say.

Origin of every octet: derived, tag by tag from the types of v1.0.1, but for the frames that say that they were seen.
"""

from __future__ import annotations

import base64
import json

import pytest

from harness.codec import EncodeError, findings
from harness.codec.tlv import build as t
from harness.codec.tlv import parse
from harness.crypto import ecdsa
from harness.endpoints.eim import PATH, EimEndpoint
from harness.links.http_messages import Request, TlsFacts
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable, list_profile_info
from harness.roles.eim.data_requests import EVERYTHING, asks_for, data_request
from harness.roles.eim.events import (
    DataReceived,
    DataRefused,
    DownloadReported,
    Finding,
    PackageErrorReported,
    Polled,
    ResultAccepted,
    UnsignedErrorReceived,
)
from harness.roles.eim.versions import ESIPA
from tests.codec.test_golden import compiled_again, pycrate_type
from tests.roles.eim.support import (
    EID,
    EIM_ID,
    ICCID,
    NOW,
    OTHER_EID,
    Servers,
    euicc,
    get_eim_package,
    make_eim,
    notification,
    poll,
    result_data,
    signed_error,
    signed_result,
)
from tests.roles.eim.test_data import INFO1, certificates
from tests.roles.eim.test_indirect_download import (
    AUTHENTICATE_RESPONSE,
    METADATA,
    SIGNATURE,
    SIGNED2,
    TRANSACTION,
    answered,
    initiate,
    smdp,
)

NOTHING = bytes.fromhex("BF5000")
ACK_7 = bytes.fromhex("BF5006BF5303800107")
PLMN = b"\x62\xf2\x10"


def old(http: Servers | None = None, *, token: int = 0) -> Eim:
    """An eIM whose one device has an IPA of v1.0.1 before a card of v1.2."""
    eim = make_eim(http=http, token=token)
    eim.associate(EID, ipa_version="1.0.1")
    return eim


def say(eim: Eim, body: bytes, *callers: bytes) -> bytes:
    """ProvideEimPackageResult of v1.0.1: a CHOICE without an EID."""
    return eim.exchange(t(0xBF50, body), NOW, callers=callers).reply


def faults(eim: Eim) -> list[str]:
    return [event.fault for event in eim.events if isinstance(event, Finding)]


# what is sent


@pytest.mark.parametrize(
    ("asked", "octets"),
    [
        ({}, "BF520F 5C0D BF2B 80 BF20 BF22 83 84 A5 A6 A8 A9"),
        ({"tags": (0xBF20, 0x81)}, "BF5205 5C03 BF20 80"),
        ({"tags": (0xA0,)}, "BF5204 5C02 BF2B"),
        ({"tags": (0xA2,)}, "BF5208 5C02 BF2B A102 8200"),
        ({"tags": (0xBF2B,)}, "BF5204 5C02 BF2B"),
        ({"tags": (0xA0,), "notification": ("seqNumber", 7)}, "BF5209 5C02 BF2B A103 800107"),
        (
            {"tags": (0xA0,), "notification": ("profileManagementOperation", (b"\x80", 1))},
            "BF520A 5C02 BF2B A104 81020780",
        ),
        ({"tags": (0xA2,), "result_sequence_number": 9}, "BF5209 5C02 BF2B A103 800109"),
        ({"tags": (0xA6,), "ci_key_id": b"\x01\x02"}, "BF5207 5C01 A6 0402 0102"),
        ({"tags": b"\x5a\xbf\x2d"}, "BF5205 5C03 5A BF2D"),
    ],
)
def test_a_data_request_has_the_tags_of_v1_0_1(asked, octets):
    eim = old()
    transaction = eim.queue_data_request(EID, **asked)
    request = parse(poll(eim)).get(0xBF52).raw
    assert request == bytes.fromhex(octets)
    assert findings("IpaEuiccDataRequest", request, version="1.0.1") == []
    assert eim.operation(transaction).message == request


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"tags": (0x87, 0xBF20, 0x5A)}, "has no 87, 5A"),
        ({"notification": ("seqNumber", 7)}, "one search criterion"),
        ({"tags": (0xA0, 0xA2), "result_sequence_number": 7}, "one search criterion"),
        ({"tags": (), "notification": ("seqNumber", 7), "result_sequence_number": 7}, "one search criterion"),
    ],
)
def test_what_v1_0_1_cannot_ask_for_is_refused_before_it_is_queued(asked, said):
    eim = old()
    with pytest.raises(EncodeError, match=said) as refused:
        eim.queue_data_request(EID, **asked)
    assert "1.0.1" in str(refused.value)
    assert refused.value.hint
    assert eim.queue() == ()


def test_the_tables_name_every_field_of_the_schema():
    for version, forms in ESIPA.items():
        own = [forms.data_tags.get(tag, tag) for tag in EVERYTHING]
        assert set(own) <= forms.data
        assert data_request(b"\x01", version=version)


def test_a_second_compiler_reads_the_same(tmp_path):
    """pycrate, by the schema of v1.0.1, finds in what is sent and heard here what is meant."""
    eim = old()
    eim.queue_data_request(EID, (0xA2, 0x81), ci_key_id=b"\x01\x02")
    transaction = eim.queue_download(EID, activation_code="1$a.example$M1")
    asked, triggered = poll(eim), eim.operation(transaction).message
    listed = ("notificationAndEprList", {"notificationList": [], "euiccPackageResultList": []})
    read = (
        (
            "GetEimPackageResponse",
            asked,
            (
                "ipaEuiccDataRequest",
                {
                    "tagList": bytes.fromhex("BF2B80"),
                    "euiccCiPKId": b"\x01\x02",
                    "searchCriteria": ("euiccPackageResults", 0),
                },
            ),
        ),
        (
            "ProfileDownloadTriggerRequest",
            triggered,
            {"profileDownloadData": ("activationCode", "1$a.example$M1"), "eimTransactionId": transaction},
        ),
        ("ProvideEimPackageResultResponse", NOTHING, {}),
        ("ProvideEimPackageResult", t(0xBF50, t(0x02, b"\x02")), ("eimPackageError", 2)),
        (
            "ProvideEimPackageResult",
            t(0xBF50, t(0xBF52, t(0xA0, t(0x80, b"a.b"), t(0xBF2B, t(0xA3, t(0xA0), t(0xA1)))))),
            (
                "ipaEuiccDataResponse",
                ("ipaEuiccData", {"defaultSmdpAddress": "a.b", "notificationsList": listed}),
            ),
        ),
        (
            "HandleNotificationEsipa",
            t(0xBF3D, t(0xA1, t(0xBF52, t(0x81, b"\x05")))),
            ("provideEimPackageResult", ("ipaEuiccDataResponse", ("ipaEuiccDataError", 5))),
        ),
    )
    with compiled_again(tmp_path, "sgp32-v1.0") as module:
        for name, octets, value in read:
            kind = pycrate_type(module, name)
            kind.from_der(octets)
            assert kind.get_val() == value, name
            assert kind.to_der() == octets, name


def test_a_narrowed_request_does_not_ask_for_as_much():
    results = data_request(None, (0xA2,), version="1.0.1")
    everything = data_request(None, version="1.0.1")
    assert asks_for(everything, results)
    assert asks_for(results, results)
    assert not asks_for(results, everything)
    assert not asks_for(data_request(None, notification=("seqNumber", 1)), data_request(None))


def test_a_download_is_triggered_as_ever():
    eim = old()
    transaction = eim.queue_download(EID, activation_code="1$a.example$M1")
    trigger = parse(poll(eim)).get(0xBF54).raw
    assert trigger == t(0xBF54, t(0xA0, t(0x80, b"1$a.example$M1")), t(0x82, transaction))
    assert findings("ProfileDownloadTriggerRequest", trigger, version="1.0.1") == []


# polls


@pytest.mark.parametrize(
    ("version", "fields", "cause", "plmn", "told"),
    [
        ("1.0.1", t(0x81, PLMN), None, PLMN, []),
        ("1.0.1", t(0x81, b"\x04"), 4, None, ["stateChangeCause carries the tag of v1.2, 81"]),
        ("1.0.1", t(0x82, PLMN), None, PLMN, ["rPLMN carries the tag of v1.2, 82"]),
        ("1.2", t(0x81, PLMN), None, PLMN, ["rPLMN carries the tag of v1.0.1, 81"]),
        ("1.2", t(0x81, b"\x04") + t(0x82, PLMN), 4, PLMN, []),
    ],
)
def test_a_poll_is_understood_in_either_version(version, fields, cause, plmn, told):
    eim = make_eim()
    eim.associate(EID, ipa_version=version)
    eim.handle(get_eim_package(EID, fields), NOW)
    polled = next(event for event in eim.events if isinstance(event, Polled))
    assert (polled.state_change_cause, polled.registered_plmn) == (cause, plmn)
    named = [fault for fault in faults(eim) if "carries the tag" in fault]
    assert named == told
    assert bool(faults(eim)) is bool(told)


def test_a_change_is_followed_by_a_request_of_v1_0_1():
    eim = old()
    reply = eim.handle(get_eim_package(EID, t(0x80)), NOW)
    assert findings("GetEimPackageResponse", reply, version="1.0.1") == []
    assert parse(reply).get(0xBF52, 0x5C).value.startswith(b"\xbf\x2b\x80")


# results


def test_a_result_without_an_eid_is_taken_and_acknowledged():
    eim = old()
    transaction = eim.queue_package(EID, enable(ICCID))
    assert say(eim, signed_result(result_data(poll(eim)))) == ACK_7
    assert eim.operation(transaction).state == "done"
    assert faults(eim) == []


@pytest.mark.parametrize("result", [signed_error, lambda package, code: signed_result(result_data(package), token=9)])
def test_where_there_is_nothing_to_acknowledge_the_answer_is_empty(result):
    """A signed error has no sequence number, and v1.0.1 has no error for a result that is not believed."""
    eim = old()
    eim.queue_package(EID, enable(ICCID))
    assert say(eim, result(poll(eim), 3)) == NOTHING
    assert findings("ProvideEimPackageResultResponse", NOTHING, version="1.0.1") == []


@pytest.mark.parametrize("code", [1, 2, 127])
def test_a_bare_number_is_the_error_of_what_was_sent(code):
    eim = old()
    transaction = eim.queue_package(EID, enable(ICCID))
    poll(eim)
    assert say(eim, t(0x02, bytes([code]))) == NOTHING
    assert (eim.operation(transaction).state, eim.operation(transaction).error_code) == ("failed", code)
    assert eim.events[-1] == PackageErrorReported(NOW, EID, transaction, code)
    assert faults(eim) == []


def test_a_bare_number_is_about_what_was_sent_last():
    eim = old()
    first = eim.queue_download(EID, activation_code="1$a.example$M1")
    poll(eim)
    second = eim.queue_data_request(EID)
    poll(eim)
    say(eim, t(0x02, b"\x01"))
    assert [eim.operation(one).state for one in (first, second)] == ["delivered", "failed"]


def test_a_number_of_nobody_is_refused_as_ever():
    eim = old()
    eim.associate(OTHER_EID)
    assert say(eim, t(0x02, b"\x01")) == bytes.fromhex("BF5003020104")


def test_an_unsigned_error_is_about_the_package_that_waits():
    eim = old()
    eim.associate(EID, version="1.0.1")
    transaction = eim.queue_package(EID, list_profile_info())
    poll(eim)
    error = t(0xBF51, t(0xA2, t(0x80, EIM_ID.encode())))
    assert findings("EuiccPackageResult", error, version="1.0.1") == []
    assert say(eim, error) == NOTHING
    assert isinstance(eim.events[-1], UnsignedErrorReceived)
    assert eim.operation(transaction).answer == error
    assert eim.queue() == ()


def test_what_comes_with_a_result_is_taken_too():
    servers = Servers()
    eim = old(servers)
    stored = eim.queue_package(EID, enable(ICCID))
    earlier = signed_result(result_data(poll(eim), sequence_number=5))
    eim.queue_package(EID, enable(ICCID))
    listed = t(0xBF2B, t(0xA3, t(0xA0, notification(9)), t(0xA1, earlier)))
    parse(poll(eim))  # the first one, once more
    eim.cancel(stored)
    assert say(eim, t(0x30, earlier, listed)) == t(0xBF50, t(0xBF53, bytes.fromhex("800105800109")))
    assert len(servers.posts) == 1
    assert faults(eim) == []


def test_a_list_that_the_card_had_an_error_for_is_empty():
    eim = old()
    eim.queue_package(EID, enable(ICCID))
    assert say(eim, t(0x30, signed_result(result_data(poll(eim))), t(0xBF2B, t(0x81, b"\x7f")))) == ACK_7


def test_a_result_inside_a_notification():
    eim = old()
    transaction = eim.queue_package(EID, enable(ICCID))
    message = t(0xBF3D, t(0xA1, signed_result(result_data(poll(eim)))))
    assert findings("HandleNotificationEsipa", message, version="1.0.1") == []
    assert eim.handle(message, NOW) == b""
    assert eim.operation(transaction).state == "done"
    assert faults(eim) == []


# data


def test_data_under_the_tags_of_v1_0_1():
    servers = Servers()
    eim = make_eim(http=servers, associated=False)
    eim.associate(EID, ipa_version="1.0.1")
    transaction = eim.queue_data_request(EID)
    poll(eim)
    fields = (
        t(0x80, b"dp.example"),
        INFO1,
        t(0x83, b"ds.example"),
        t(0x84, b"\x05"),
        certificates(),
        t(0xA8, bytes.fromhex("80020560 81020780")),
        t(0xA9, t(0x80, b"\x35\x29\x06\x11"), t(0xA1, t(0x85, b"\x0e\x00\x00"))),
        t(0xBF2B, t(0xA0, notification(9))),
    )
    assert say(eim, t(0xBF52, t(0xA0, *fields))) == bytes.fromhex("BF5006BF5303800109")
    assert eim.operation(transaction).state == "done"
    data = eim.device().data
    assert data is not None
    assert data.fields["defaultSmdpAddress"] == "dp.example"
    assert data.fields["associationToken"] == 5
    assert data.features == {"indirectRspServerCommunication", "eimDownloadDataHandling"}
    assert (data.euicc_info1, eim.device().euicc_certificate) == (INFO1, euicc().certificate)
    assert len(servers.posts) == 1
    assert any(isinstance(event, DataReceived) for event in eim.events)
    assert faults(eim) == []


def test_stored_results_in_the_list_of_v1_0_1():
    eim = old()
    transaction = eim.queue_package(EID, enable(ICCID))
    result = signed_result(result_data(poll(eim)))
    assert say(eim, t(0xBF52, t(0xA0, t(0xBF2B, t(0xA2, result)))), EID) == ACK_7
    assert isinstance(eim.events[-1], ResultAccepted)
    assert eim.operation(transaction).state == "done"


def test_the_error_of_a_data_request_is_a_number():
    eim = old()
    transaction = eim.queue_data_request(EID)
    poll(eim)
    assert say(eim, t(0xBF52, t(0x81, b"\x05"))) == NOTHING
    assert (eim.operation(transaction).state, eim.operation(transaction).error_code) == ("failed", 5)
    assert eim.events[-1] == DataRefused(NOW, EID, None, 5)
    assert faults(eim) == []


def test_a_frame_seen_between_others():
    """A device of v1.0 told the address of its SM-DP+; its eIM answered with nothing."""
    eim = old()
    eim.queue_data_request(EID)
    poll(eim)
    assert eim.handle(bytes.fromhex("BF500ABF5207A0058003616161"), NOW) == NOTHING
    data = eim.device().data
    assert data is not None
    assert data.fields == {"defaultSmdpAddress": "aaa"}
    assert faults(eim) == []


# downloads


@pytest.mark.parametrize(
    ("version", "error", "reason", "told"),
    [
        ("1.0.1", b"", None, []),
        ("1.0.1", t(0x80, b"\x7f" * 12), None, []),
        ("1.0.1", t(0x80, b"\x7f"), 127, ["profileDownloadError has a profileDownloadErrorReason, as in v1.2"]),
        ("1.2", b"", None, ["profileDownloadError has no profileDownloadErrorReason, as in v1.0.1"]),
        ("1.2", t(0x80, b"\x7f" * 12), None, ["profileDownloadError has the errorResponse under 80, as in v1.0.1"]),
        ("1.2", t(0x80, b"\x68") + t(0x04, b"\x01"), 104, []),
    ],
)
def test_a_failed_download_is_understood_in_either_version(version, error, reason, told):
    eim = make_eim()
    eim.associate(EID, ipa_version=version)
    transaction = eim.queue_download(EID, activation_code="1$a.example$M1")
    poll(eim)
    say(eim, t(0xBF54, t(0x82, transaction), t(0x30, error)))
    assert (eim.operation(transaction).state, eim.operation(transaction).error_code) == ("failed", reason)
    reported = next(event for event in eim.events if isinstance(event, DownloadReported))
    assert (reported.is_installed, reported.error_reason) == (False, reason)
    assert [fault for fault in faults(eim) if fault.startswith("profileDownloadError")] == told


def two_downloads() -> tuple[Eim, bytes, bytes, Servers]:
    """Two devices of v1.0.1 that were both told to download."""
    servers = smdp()
    eim = make_eim(http=servers)
    numbers = []
    for eid, code in ((EID, "1$smdp.example$M1"), (OTHER_EID, "1$other.example$M2")):
        eim.associate(eid, ipa_version="1.0.1")
        numbers.append(eim.queue_download(eid, activation_code=code, confirmation_code="1234"))
        poll(eim, eid)
    return eim, numbers[0], numbers[1], servers


def test_an_indirect_download_is_found_by_who_polled_on_the_connection():
    eim, first, _, servers = two_downloads()
    reply = eim.exchange(initiate(INFO1), NOW, callers=(EID,)).reply
    assert findings("InitiateAuthenticationResponseEsipa", reply, version="1.0.1") == []
    assert json.loads(servers.posts[0][1])["smdpAddress"] == "smdp.example"
    assert eim.state.sessions[TRANSACTION].operation == first


def test_an_indirect_download_is_found_by_its_server():
    eim, first, _, _ = two_downloads()
    eim.handle(initiate(t(0x83, b"SMDP.example"), INFO1), NOW)
    assert eim.state.sessions[TRANSACTION].operation == first


def test_an_indirect_download_is_found_by_the_certificate_of_its_card():
    eim, first, _, servers = two_downloads()
    eim.queue_download(EID, activation_code="1$third.example$M3")
    eim.associate(OTHER_EID)
    again = eim.queue_download(OTHER_EID, activation_code="1$smdp.example$M9")
    poll(eim, OTHER_EID)
    assert eim.operation(again).state == "delivered"
    eim.handle(initiate(t(0x83, b"smdp.example"), INFO1), NOW)
    assert eim.state.sessions[TRANSACTION].operation is None
    servers.answers["authenticateClient"] = answered(
        transactionId=TRANSACTION.hex().upper(),
        profileMetadata=METADATA,
        smdpSigned2=SIGNED2,
        smdpSignature2=SIGNATURE,
        smdpCertificate=euicc().certificate,
    )
    ok = parse(AUTHENTICATE_RESPONSE).get(0xA0)
    response = t(0xBF38, t(0xA0, ok.value, euicc().certificate, euicc().eum_certificate))
    reply = parse(eim.handle(t(0xBF3B, t(0x80, TRANSACTION), response), NOW))
    assert eim.state.sessions[TRANSACTION].operation == first
    assert reply.get(0xA0).children[-1].tag == 0x04, "the confirmation code of the order came along"


def compact_notification(iccid: bytes) -> bytes:
    """compactOtherSignedNotification of v1.0.1, which names no EID."""
    metadata = t(0xBF2F, t(0x80, b"\x09"), t(0x81, b"\x06\x40"), t(0x0C, b"smdp.example"), t(0x5A, iccid))
    return t(0xA1, metadata, t(0x5F37, ecdsa.sign(euicc().private_key, metadata)))


def test_a_compact_notification_is_found_by_its_profile():
    servers = Servers()
    eim = old(servers)
    eim.associate(OTHER_EID, ipa_version="1.0.1")
    message = t(0xBF3D, t(0xA0, compact_notification(ICCID)))
    assert eim.exchange(message, NOW).trouble == "not-forwarded"
    eim.queue_package(EID, enable(ICCID))
    say(eim, signed_result(result_data(poll(eim))))
    assert eim.exchange(message, NOW).trouble == ""
    sent = parse(base64.b64decode(json.loads(servers.posts[-1][1])["pendingNotification"]))
    assert (sent.tag, len(sent.children)) == (0x30, 4)


# one version for the other


def test_a_device_of_v1_2_may_write_as_v1_0_1():
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    poll(eim)
    assert say(eim, t(0x02, b"\x01"), EID) == bytes.fromhex("BF50023000")
    assert eim.operation(transaction).state == "failed"
    data = t(0xBF52, t(0xA0, t(0x80, b"dp.example")))
    eim.queue_data_request(EID)
    poll(eim)
    assert say(eim, data) == bytes.fromhex("BF50023000")
    known = eim.device().data
    assert known is not None
    assert known.fields == {"defaultSmdpAddress": "dp.example"}
    assert {
        "the error is a plain INTEGER, as in v1.0.1",
        "defaultSmdpAddress carries the tag of v1.0.1, 80",
    } <= set(faults(eim))


def test_a_device_of_v1_0_1_may_write_as_v1_2():
    eim = old()
    transaction = eim.queue_data_request(EID)
    poll(eim)
    data = t(0xBF52, t(0xA0, t(0xA0), t(0x81, b"dp.example"), t(0x87, transaction)))
    assert eim.handle(t(0xBF50, t(0x5A, EID), data), NOW) == bytes.fromhex("BF50023000")
    assert eim.operation(transaction).state == "done"
    assert {
        f"{name} carries the tag of v1.2, {tag}"
        for name, tag in (("notificationsList", "A0"), ("defaultSmdpAddress", "81"), ("eimTransactionId", "87"))
    } <= set(faults(eim))
    package = eim.queue_package(EID, enable(ICCID))
    poll(eim)
    assert say(eim, t(0xA0, t(0x80, package), t(0x02, b"\x02"))) == NOTHING
    assert eim.operation(package).error_code == 2
    assert "the error is a SEQUENCE, as in v1.2" in faults(eim)
    eim.handle(t(0xBF3D, t(0xBF50, t(0x5A, EID), t(0xBF52, t(0x81, b"\x01")))), NOW)
    assert "provideEimPackageResult carries the tag of v1.2, BF50" in faults(eim)


# bindings


def posted(endpoint: EimEndpoint, body: bytes, connection: int, *, path: str = PATH) -> bytes:
    kind = "application/x-gsma-rsp-asn1" if path == PATH else "application/json"
    headers = (("Content-Type", kind), ("X-Admin-Protocol", "gsma/rsp/v2.1.0"), ("User-Agent", "gsma-rsp-ipad"))
    return endpoint(Request("POST", path, headers, body, TlsFacts("TLSv1.3", "x", None), connection)).body


def test_a_result_without_any_name_is_found_by_its_connection():
    eim = old()
    eim.associate(OTHER_EID, ipa_version="1.0.1")
    endpoint = EimEndpoint(eim, lambda: NOW)
    numbers = [eim.queue_data_request(eid) for eid in (EID, OTHER_EID)]
    for connection, eid in enumerate((EID, OTHER_EID)):
        posted(endpoint, get_eim_package(eid), connection)
    told = t(0xBF50, t(0xBF52, t(0xA0, t(0x80, b"other.example"))))
    assert posted(endpoint, told, 1) == NOTHING
    assert [eim.operation(number).state for number in numbers] == ["delivered", "done"]
    assert posted(endpoint, t(0xBF50, t(0x02, b"\x01")), 0) == NOTHING
    assert [eim.operation(number).state for number in numbers] == ["failed", "done"]


def test_json_is_that_of_v1_2_around_der_of_v1_0_1():
    eim = old()
    endpoint = EimEndpoint(eim, lambda: NOW)
    eim.queue_data_request(EID)
    poll_of = json.dumps({"eidValue": EID.hex(), "rPLMN": base64.b64encode(PLMN).decode()}).encode()
    asked = json.loads(posted(endpoint, poll_of, 1, path="/gsma/rsp2/esipa/getEimPackage"))
    assert findings("IpaEuiccDataRequest", base64.b64decode(asked["ipaEuiccDataRequest"]), version="1.0.1") == []
    data = t(0xBF52, t(0xA0, t(0x80, b"dp.example")))
    told = json.dumps({"eidValue": EID.hex(), "eimPackageResult": base64.b64encode(data).decode()}).encode()
    taken = json.loads(posted(endpoint, told, 1, path="/gsma/rsp2/esipa/provideEimPackageResult"))
    assert taken == {"header": {"functionExecutionStatus": {"status": "Executed-Success"}}}
    assert (eim.device().registered_plmn, faults(eim)) == (PLMN, [])
