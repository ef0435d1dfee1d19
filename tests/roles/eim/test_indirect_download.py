"""An indirect profile download through the eIM. SGP.32 v1.2 §3.2.3.2, §5.14.1 to §5.14.3, §5.14.8."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from harness.codec.tlv import build as t
from harness.codec.tlv import parse
from harness.errors import LabFault
from harness.roles.eim.events import DownloadRelayed, DownloadReported
from tests.roles.eim.support import (
    EID,
    NOW,
    Answered,
    Servers,
    deliver,
    installation_result,
    make_eim,
    poll,
)
from tests.roles.eim.support import minted_pki as minted
from tests.roles.eim.test_data import INFO1

CHALLENGE = bytes(range(16))
TRANSACTION = bytes.fromhex("A1B2C3D4E5F60718")
DP_CERTIFICATE = minted().trust("nist").dp_auth.certificate
DP_OID = minted().trust("nist").dp_auth.view.rid_oid
SIGNED2 = t(0x30, t(0x80, TRANSACTION), t(0x01, b"\x00"))
METADATA = t(0xBF25, t(0x5A, bytes(10)), t(0x91, b"SP"), t(0x92, b"Name"))
PACKAGE = t(0xBF36, t(0xBF23), t(0xA0), t(0xA1), t(0xA3))
ADDRESS = "smdp.example"
CI = t(0x04, bytes(20))
SIGNATURE = t(0x5F37, bytes(64))


def answered(**fields: bytes | str) -> Answered:
    encoded = {k: v if isinstance(v, str) else base64.b64encode(v).decode() for k, v in fields.items()}
    header = {"functionExecutionStatus": {"status": "Executed-Success"}}
    return Answered(200, json.dumps({"header": header, **encoded}).encode())


def failed(subject: str, reason: str) -> Answered:
    codes = {"subjectCode": subject, "reasonCode": reason}
    status = {"status": "Failed", "statusCodeData": codes}
    return Answered(200, json.dumps({"header": {"functionExecutionStatus": status}}).encode())


def signed1(address: str = ADDRESS, transaction: bytes = TRANSACTION, challenge: bytes = CHALLENGE) -> bytes:
    return t(0x30, t(0x80, transaction), t(0x81, challenge), t(0x83, address.encode()), t(0x84, bytes(16)))


def initiated(**changes: bytes | str) -> Answered:
    fields: dict[str, bytes | str] = {
        "transactionId": TRANSACTION.hex().upper(),
        "serverSigned1": signed1(),
        "serverSignature1": SIGNATURE,
        "euiccCiPKIdToBeUsed": CI,
        "serverCertificate": DP_CERTIFICATE,
    }
    return answered(**(fields | changes))


def smdp() -> Servers:
    return Servers(
        {
            "initiateAuthentication": initiated(),
            "authenticateClient": answered(
                transactionId=TRANSACTION.hex().upper(),
                profileMetadata=METADATA,
                smdpSigned2=SIGNED2,
                smdpSignature2=SIGNATURE,
                smdpCertificate=DP_CERTIFICATE,
            ),
            "getBoundProfilePackage": answered(transactionId=TRANSACTION.hex().upper(), boundProfilePackage=PACKAGE),
            "cancelSession": answered(),
        }
    )


def initiate(*more: bytes) -> bytes:
    return t(0xBF39, t(0x81, CHALLENGE), *more)


AUTHENTICATE_RESPONSE = t(0xBF38, t(0xA0, t(0x30, t(0x80, TRANSACTION)), SIGNATURE))
PREPARE_RESPONSE = t(0xBF21, t(0xA0, t(0x30, t(0x80, TRANSACTION), t(0x5F49, bytes(65))), SIGNATURE))


def started(servers: Servers, code: str = f"1${ADDRESS}$M1", **order):
    eim = make_eim(http=servers)
    operation = eim.queue_download(EID, activation_code=code, **order)
    poll(eim)
    return eim, operation


def begin(eim, operation: bytes, *more: bytes) -> bytes:
    return eim.handle(initiate(*more, INFO1, t(0x82, operation)), NOW)


def error(tag: int, error_tag: int, code: int) -> bytes:
    return t(tag, t(error_tag, bytes([code])))


def test_the_whole_way():
    servers = smdp()
    eim, operation = started(servers)
    ok = begin(eim, operation)
    parts = (t(0x80, TRANSACTION), signed1(), SIGNATURE, CI, DP_CERTIFICATE, t(0x0C, b"M1"))
    assert ok == t(0xBF39, t(0xA0, *parts))
    url, body = servers.posts[0]
    assert url == "https://smdp.example/gsma/rsp2/es9plus/initiateAuthentication"
    assert json.loads(body) == {
        "smdpAddress": ADDRESS,
        "euiccChallenge": base64.b64encode(CHALLENGE).decode(),
        "euiccInfo1": base64.b64encode(INFO1).decode(),
    }

    authenticated = eim.handle(t(0xBF3B, t(0x80, TRANSACTION), AUTHENTICATE_RESPONSE), NOW)
    parts = (t(0x80, TRANSACTION), METADATA, SIGNED2, SIGNATURE, DP_CERTIFICATE)
    assert authenticated == t(0xBF3B, t(0xA0, *parts))
    assert json.loads(servers.posts[1][1]) == {
        "transactionId": "A1B2C3D4E5F60718",
        "authenticateServerResponse": base64.b64encode(AUTHENTICATE_RESPONSE).decode(),
    }

    bound = eim.handle(t(0xBF3A, t(0x80, TRANSACTION), PREPARE_RESPONSE), NOW)
    assert bound == t(0xBF3A, t(0xA0, t(0x80, TRANSACTION), PACKAGE))

    result = installation_result(TRANSACTION)
    answer = deliver(eim, t(0xBF54, t(0x82, operation), result))
    assert answer == bytes.fromhex("BF5006BF5303800108")
    assert base64.b64decode(json.loads(servers.posts[3][1])["pendingNotification"]) == result
    assert eim.operation(operation).state == "done"
    steps = [(event.step, event.error_code) for event in eim.events if isinstance(event, DownloadRelayed)]
    assert steps == [("initiateAuthentication", None), ("authenticateClient", None), ("getBoundProfilePackage", None)]


def test_installation_result_as_a_notification_closes_the_operation():
    eim, operation = started(smdp())
    begin(eim, operation)
    outcome = eim.exchange(t(0xBF3D, t(0xA0, installation_result(TRANSACTION, installed=False))), NOW)
    assert (outcome.reply, outcome.trouble) == (b"", "")
    assert (eim.operation(operation).state, eim.operation(operation).error_code) == ("failed", 10)
    assert any(isinstance(event, DownloadReported) and event.error_reason == 10 for event in eim.events)


def test_direct_download_leaves_the_notification_to_the_ipa():
    servers = smdp()
    eim, operation = started(servers)
    answer = deliver(eim, t(0xBF54, t(0x82, operation), installation_result(b"\x99" * 8)))
    assert answer == bytes.fromhex("BF50023000")
    assert servers.posts == []
    assert eim.operation(operation).state == "done"


@pytest.mark.parametrize(("reason", "octets"), [(127, "3003 80017F"), (104, "3003 800168"), (None, "3003 04017F")])
def test_download_error_fails_the_operation(reason, octets):
    eim, operation = started(smdp())
    deliver(eim, t(0xBF54, t(0x82, operation), bytes.fromhex(octets)))
    assert (eim.operation(operation).state, eim.operation(operation).error_code) == ("failed", reason)


def test_confirmation_code_is_hashed_with_the_transaction():
    eim, operation = started(smdp(), confirmation_code="1234")
    begin(eim, operation)
    answer = parse(eim.handle(t(0xBF3B, t(0x80, TRANSACTION), AUTHENTICATE_RESPONSE), NOW))
    expected = hashlib.sha256(hashlib.sha256(b"1234").digest() + TRANSACTION).digest()
    assert answer.get(0xA0, 0x04).value == expected


def test_ipa_that_names_the_smdp_is_given_no_matching_id():
    eim, operation = started(smdp())
    answer = parse(begin(eim, operation, t(0x83, b"SMDP.example")))
    assert answer.get(0xA0).find(0x0C) is None


def test_ipa_that_leaves_ctx_params_to_the_eim_is_given_them():
    eim, operation = started(smdp())
    device_info = t(0x80, b"\x35\x29\x06\x11") + t(0xA1)
    deliver(eim, t(0xBF52, t(0xA0, INFO1, t(0xA8, bytes.fromhex("80020410")), t(0xA9, device_info))))
    answer = parse(eim.handle(initiate(t(0x82, operation)), NOW))
    assert answer.get(0xA0, 0xA2).value == t(0xA0, t(0x80, b"M1"), t(0xA1, device_info))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"serverSigned1": signed1("evil.example")}, 50),
        ({"serverSigned1": signed1(challenge=bytes(16))}, 127),
        ({"transactionId": "00112233"}, 127),
        ({"serverSigned1": b"\x30\x01"}, 127),
        ({"serverSigned1": t(0x30)}, 127),
        ({"serverCertificate": "!"}, 127),
    ],
)
def test_smdp_that_answers_wrongly(changes, code):
    servers = smdp()
    servers.answers["initiateAuthentication"] = initiated(**changes)
    eim, operation = started(servers)
    assert begin(eim, operation) == error(0xBF39, 0x81, code)
    assert not eim.state.sessions


@pytest.mark.parametrize(
    "answer",
    [
        Answered(500),
        Answered(200, b"\xff"),
        Answered(200, b"[" * 100_000),
        Answered(200, b"{}"),
        Answered(200, b'{"header":{"functionExecutionStatus":{"status":"Executed-Success"}}}'),
        LabFault("nobody there"),
    ],
)
def test_smdp_without_a_usable_answer(answer):
    servers = smdp()
    servers.answers["initiateAuthentication"] = answer
    eim, operation = started(servers)
    assert begin(eim, operation) == error(0xBF39, 0x81, 127)


@pytest.mark.parametrize(
    ("function", "codes", "code"),
    [
        ("initiateAuthentication", ("8.8.1", "3.8"), 1),
        ("initiateAuthentication", ("8.8.3", "3.1"), 2),
        ("initiateAuthentication", ("8.8.2", "3.1"), 3),
        ("initiateAuthentication", ("9.9", "9.9"), 127),
        ("authenticateClient", ("8.1.2", "6.1"), 1),
        ("authenticateClient", ("8.1.2", "6.3"), 2),
        ("authenticateClient", ("8.1.3", "6.1"), 3),
        ("authenticateClient", ("8.1.3", "6.3"), 4),
        ("authenticateClient", ("8.1", "6.1"), 5),
        ("authenticateClient", ("8.2.6", "3.8"), 6),
        ("authenticateClient", ("8.1.1", "3.8"), 7),
        ("authenticateClient", ("8.2.5", "4.3"), 8),
        ("authenticateClient", ("8.10.1", "3.9"), 10),
        ("authenticateClient", ("8.1", "4.8"), 11),
        ("getBoundProfilePackage", ("8.1", "6.1"), 1),
        ("getBoundProfilePackage", ("8.2.7", "2.2"), 2),
        ("getBoundProfilePackage", ("8.2.7", "3.8"), 3),
        ("getBoundProfilePackage", ("8.2.7", "6.4"), 4),
        ("getBoundProfilePackage", ("8.2", "3.7"), 5),
        ("getBoundProfilePackage", ("8.8.5", "4.10"), 6),
        ("getBoundProfilePackage", ("8.10.1", "3.9"), 95),
        ("cancelSession", ("8.10.1", "3.9"), 1),
        ("cancelSession", ("8.1", "6.1"), 2),
    ],
)
def test_refusals_become_the_errors_of_the_same_meaning(function, codes, code):
    servers = smdp()
    eim, operation = started(servers)
    if function != "initiateAuthentication":
        begin(eim, operation)
    servers.answers[function] = failed(*codes)
    messages = {
        "initiateAuthentication": (initiate(INFO1, t(0x82, operation)), 0xBF39, 0x81),
        "authenticateClient": (t(0xBF3B, t(0x80, TRANSACTION), AUTHENTICATE_RESPONSE), 0xBF3B, 0x82),
        "getBoundProfilePackage": (t(0xBF3A, t(0x80, TRANSACTION), PREPARE_RESPONSE), 0xBF3A, 0x81),
        "cancelSession": (t(0xBF41, t(0x80, TRANSACTION), t(0xA1, t(0x81, b"\x7f"))), 0xBF41, 0x81),
    }
    message, tag, error_tag = messages[function]
    assert eim.handle(message, NOW) == error(tag, error_tag, code)
    assert eim.events[-1].error_code == code  # type: ignore[attr-defined]


def test_ipa_that_names_another_smdp():
    eim, operation = started(smdp())
    assert begin(eim, operation, t(0x83, b"other.example")) == error(0xBF39, 0x81, 50)


def test_smdp_of_another_oid():
    eim, operation = started(smdp(), f"1${ADDRESS}$M1$2.999.99")
    assert begin(eim, operation) == error(0xBF39, 0x81, 51)
    eim, operation = started(smdp(), f"1${ADDRESS}$M1${DP_OID}")
    assert parse(begin(eim, operation)).children[0].tag == 0xA0


def test_unknown_eim_transaction():
    eim, _ = started(smdp())
    assert begin(eim, bytes(16)) == error(0xBF39, 0x81, 52)


def test_ipa_without_eim_transaction_means_the_download_that_waits():
    eim, operation = started(smdp())
    assert parse(eim.handle(initiate(INFO1), NOW)).children[0].tag == 0xA0
    assert next(iter(eim.state.sessions.values())).operation == operation


def test_nobody_names_an_smdp():
    eim = make_eim(http=smdp())
    assert eim.handle(initiate(INFO1), NOW) == error(0xBF39, 0x81, 1)


def test_address_cannot_become_another_url():
    servers = smdp()
    eim = make_eim(http=servers)
    assert eim.handle(initiate(t(0x83, b"x@evil/"), INFO1), NOW) == error(0xBF39, 0x81, 127)
    assert servers.posts == []


def test_without_a_way_to_smdps():
    eim = make_eim()
    operation = eim.queue_download(EID, activation_code=f"1${ADDRESS}$M1")
    poll(eim)
    assert begin(eim, operation) == error(0xBF39, 0x81, 127)


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        (t(0xBF3B, t(0x80, b"\x01"), AUTHENTICATE_RESPONSE), error(0xBF3B, 0x82, 10)),
        (t(0xBF3A, t(0x80, b"\x01"), PREPARE_RESPONSE), error(0xBF3A, 0x81, 95)),
        (t(0xBF41, t(0x80, b"\x01"), t(0xA1, t(0x81, b"\x7f"))), error(0xBF41, 0x81, 1)),
        (
            t(0xBF3B, t(0x80, TRANSACTION), t(0xBF38, t(0xA0, t(0x30, t(0x80, b"\x01")), SIGNATURE))),
            error(0xBF3B, 0x82, 10),
        ),
        (
            t(0xBF3A, t(0x80, TRANSACTION), t(0xBF21, t(0xA0, t(0x30, t(0x80, b"\x01")), SIGNATURE))),
            error(0xBF3A, 0x81, 95),
        ),
    ],
)
def test_transaction_must_continue(message, refusal):
    servers = smdp()
    eim, operation = started(servers)
    begin(eim, operation)
    assert eim.handle(message, NOW) == refusal
    assert len(servers.posts) == 1


def test_cancelled_session_fails_the_operation():
    servers = smdp()
    eim, operation = started(servers)
    begin(eim, operation)
    inside = t(0xA0, t(0x30, t(0x80, TRANSACTION), t(0x81, b"\x88\x37\x0a"), t(0x82, b"\x03")), SIGNATURE)
    assert eim.handle(t(0xBF41, t(0x80, TRANSACTION), t(0xA1, inside)), NOW) == bytes.fromhex("BF4102A000")
    sent = base64.b64decode(json.loads(servers.posts[-1][1])["cancelSessionResponse"])
    assert sent == t(0xBF41, inside)
    assert eim.operation(operation).state == "failed"


def test_sessions_are_values():
    eim, operation = started(smdp())
    before = eim.state
    begin(eim, operation)
    assert not before.sessions
    assert eim.state.operations == before.operations
