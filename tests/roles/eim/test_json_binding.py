"""The eIM's JSON binding, spoken by curl and by hand. SGP.32 v1.2 §6.4."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess

import pytest

from harness.codec.tlv import build as t
from harness.codec.tlv import parse
from harness.endpoints.eim import EimEndpoint
from harness.links.http_messages import Request, TlsFacts
from harness.roles.eim import json_binding
from harness.roles.eim.commands import enable
from harness.roles.eim.events import MessageRefused
from tests.raw_https import served_eim
from tests.roles.eim.support import (
    EID,
    ICCID,
    Servers,
    make_eim,
    notification,
    poll,
    result_data,
    signed_result,
)
from tests.roles.eim.test_data import INFO1
from tests.roles.eim.test_indirect_download import (
    AUTHENTICATE_RESPONSE,
    CHALLENGE,
    CI,
    DP_CERTIFICATE,
    METADATA,
    PACKAGE,
    PREPARE_RESPONSE,
    SIGNATURE,
    SIGNED2,
    TRANSACTION,
    signed1,
    smdp,
)

SUCCESS = {"functionExecutionStatus": {"status": "Executed-Success"}}
TYPE = "application/json;charset=UTF-8"


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def asked(eim, function: str, fields: object, *, content_type: str = TYPE):
    """Status and parsed answer of one request."""
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    headers = (("Content-Type", content_type), ("X-Admin-Protocol", "gsma/rsp/v2.1.0"), ("User-Agent", "gsma-rsp-ipad"))
    request = Request("POST", json_binding.PREFIX + function, headers, body, TlsFacts("TLSv1.3", "x", None), 1)
    reply = EimEndpoint(eim, lambda: 1.0)(request)
    assert reply.header("Content-Type") == TYPE
    return reply.status, json.loads(reply.body) if reply.body else None


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_polls_and_delivers():
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    with served_eim(lambda: eim) as (port, troubles):

        def curl(function: str, fields: dict[str, object]) -> dict[str, object]:
            done = subprocess.run(
                [
                    *("curl", "--silent", "--show-error", "--fail", "--insecure", "--max-time", "10"),
                    *("--header", f"Content-Type: {TYPE}", "--header", "X-Admin-Protocol: gsma/rsp/v2.1.0"),
                    *("--user-agent", "gsma-rsp-ipad", "--data-binary", json.dumps(fields)),
                    f"https://127.0.0.1:{port}/gsma/rsp2/esipa/{function}",
                ],
                capture_output=True,
                check=True,
                timeout=20,
            )
            answer: dict[str, object] = json.loads(done.stdout)
            return answer

        first = curl("getEimPackage", {"eidValue": EID.hex()})
        assert first["header"] == SUCCESS
        package = base64.b64decode(str(first["euiccPackageRequest"]))
        assert parse(package).get(0x30, 0x82).value == transaction
        result = signed_result(result_data(package))
        acknowledged = curl("provideEimPackageResult", {"eidValue": EID.hex(), "eimPackageResult": b64(result)})
        assert acknowledged == {"header": SUCCESS, "eimAcknowledgements": b64(bytes.fromhex("BF5303800107"))}
        assert curl("getEimPackage", {"eidValue": EID.hex()}) == {"header": SUCCESS, "eimPackageError": 1}
    assert troubles == []
    assert eim.operation(transaction).state == "done"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 4),
        ({"eidValue": None}, 4),
        ({"eidValue": "8904"}, 3),
        ({"eidValue": "890490321234512345123456789012"}, 3),
        ({"eidValue": "89049032123451234512345678901235A"}, 3),
        ({"eidValue": "not an EID of 32 digits at all.."}, 3),
        ({"eidValue": "89049032000000000000000000000020"}, 2),
        ({"eidValue": EID.hex(), "notifyStateChange": False, "more": 1}, 1),
    ],
)
def test_poll_that_gets_an_error(fields, code):
    assert asked(make_eim(), "getEimPackage", fields) == (200, {"header": SUCCESS, "eimPackageError": code})


def test_state_change_and_plmn_are_heard():
    eim = make_eim()
    fields = {"eidValue": EID.hex(), "notifyStateChange": True, "stateChangeCause": 4, "rPLMN": b64(b"\x62\xf2\x10")}
    _, answer = asked(eim, "getEimPackage", fields)
    assert parse(base64.b64decode(answer["ipaEuiccDataRequest"])).tag == 0xBF52
    assert eim.device().registered_plmn == b"\x62\xf2\x10"


def test_result_without_eid_is_found_like_in_asn1():
    eim = make_eim()
    eim.queue_package(EID, enable(ICCID))
    result = signed_result(result_data(poll(eim)))
    _, answer = asked(eim, "provideEimPackageResult", {"eimPackageResult": b64(result)})
    assert answer["eimAcknowledgements"] == b64(bytes.fromhex("BF5303800107"))


@pytest.mark.parametrize("whole", [True, False])
def test_results_with_and_without_the_outer_tag(whole):
    eim = make_eim()
    transaction = eim.queue_package(EID, enable(ICCID))
    result = signed_result(result_data(poll(eim)))
    message = t(0xBF50, result) if whole else result
    assert asked(eim, "handleNotification", {"provideEimPackageResult": b64(message)}) == (204, None)
    assert eim.operation(transaction).state == "done"
    assert asked(eim, "provideEimPackageResult", {"eimPackageResult": b64(message)})[0] == 200


def test_notification_is_forwarded_octet_by_octet():
    servers = Servers()
    assert asked(make_eim(http=servers), "handleNotification", {"pendingNotification": b64(notification())}) == (
        204,
        None,
    )
    assert json.loads(servers.posts[0][1])["pendingNotification"] == b64(notification())


def test_refused_notification_is_refused_here_too():
    assert asked(make_eim(), "handleNotification", {"pendingNotification": b64(notification())}) == (502, None)


def test_indirect_download():
    servers = smdp()
    eim = make_eim(http=servers)
    operation = eim.queue_download(EID, activation_code="1$smdp.example$M1", confirmation_code="1234")
    poll(eim)
    begun = {"euiccChallenge": b64(CHALLENGE), "euiccInfo1": b64(INFO1), "eimTransactionId": operation.hex().upper()}
    session = TRANSACTION.hex().upper()
    assert asked(eim, "initiateAuthentication", begun)[1] == {
        "header": SUCCESS,
        "transactionId": session,
        "serverSigned1": b64(signed1()),
        "serverSignature1": b64(SIGNATURE),
        "euiccCiPKIdentifierToBeUsed": b64(CI),
        "serverCertificate": b64(DP_CERTIFICATE),
        "matchingId": "M1",
    }
    response = {"transactionId": session, "authenticateServerResponse": b64(AUTHENTICATE_RESPONSE)}
    answer = asked(eim, "authenticateClient", response)[1]
    assert base64.b64decode(answer.pop("hashCc"))[:2] == b"\x04\x20"
    assert answer == {
        "header": SUCCESS,
        "transactionId": session,
        "profileMetadata": b64(METADATA),
        "smdpSigned2": b64(SIGNED2),
        "smdpSignature2": b64(SIGNATURE),
        "smdpCertificate": b64(DP_CERTIFICATE),
    }
    prepared = {"transactionId": session, "prepareDownloadResponse": b64(PREPARE_RESPONSE)}
    bound = {"header": SUCCESS, "transactionId": session, "boundProfilePackage": b64(PACKAGE)}
    assert asked(eim, "getBoundProfilePackage", prepared)[1] == bound
    cancelled = t(0xBF41, t(0xA0, t(0x30, t(0x80, TRANSACTION)), SIGNATURE))
    assert asked(eim, "cancelSession", {"transactionId": session, "cancelSessionResponse": b64(cancelled)})[1] == {
        "header": SUCCESS
    }
    assert json.loads(servers.posts[-1][1])["cancelSessionResponse"] == b64(cancelled)


def test_failure_carries_the_number_and_what_sgp22_calls_it():
    _, answer = asked(make_eim(http=smdp()), "authenticateClient", {"transactionId": "0102"})
    assert answer["authenticateClientErrorEsipa"] == 127
    response = {"transactionId": "0102", "authenticateServerResponse": b64(AUTHENTICATE_RESPONSE)}
    _, answer = asked(make_eim(http=smdp()), "authenticateClient", response)
    assert answer["authenticateClientErrorEsipa"] == 10
    status = answer["header"]["functionExecutionStatus"]
    assert status["status"] == "Failed"
    assert (status["statusCodeData"]["subjectCode"], status["statusCodeData"]["reasonCode"]) == ("8.10.1", "3.9")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"eidValue": 5}',
        b'{"eidValue": "89", "eidValue": "89"}',
        b'{"eidValue": "89", "notifyStateChange": 1}',
        b'{"eidValue": "89", "stateChangeCause": true}',
        b'{"eidValue": "89", "stateChangeCause": 99999999999999999999}',
        b'{"eidValue": "89", "rPLMN": "!"}',
        b'{"eidValue": "\\ud800"}',
        b'{"eidValue": NaN}',
    ],
)
def test_body_that_is_no_request(body):
    eim = make_eim()
    assert asked(eim, "getEimPackage", body) == (400, None)
    assert isinstance(eim.events[-1], MessageRefused)


@pytest.mark.parametrize(
    ("function", "fields"),
    [
        ("authenticateClient", {"transactionId": "XY"}),
        ("authenticateClient", {"transactionId": "00" * 17}),
        ("cancelSession", {"transactionId": "01", "cancelSessionResponse": "AAAA"}),
        ("initiateAuthentication", {"smdpAddress": 1}),
    ],
)
def test_member_of_the_wrong_kind(function, fields):
    assert asked(make_eim(), function, fields) == (400, None)


def test_wrong_type_and_unknown_function():
    headers = (("Content-Type", "application/x-gsma-rsp-asn1"),)
    facts = TlsFacts("TLSv1.3", "x", None)
    serving = EimEndpoint(make_eim(), lambda: 1.0)
    path = json_binding.PREFIX + "getEimPackage"
    assert serving(Request("POST", path, headers, b"{}", facts, 1)).status == 415
    assert serving(Request("POST", path + "s", headers, b"{}", facts, 1)).status == 404
    assert serving(Request("GET", path, headers, b"{}", facts, 1)).status == 405


def test_several_eims_are_told_apart_by_name():
    one, two = make_eim(), make_eim(name="two.harness.test", associated=False)
    object.__setattr__(two.identity, "fqdn", "two.harness.test:8443")
    serving = EimEndpoint(one, lambda: 1.0, two)

    def status_and_body(host: str, sni: str | None = None) -> tuple[int, bytes]:
        headers = (("Content-Type", "application/x-gsma-rsp-asn1"), ("Host", host))[: 2 if host else 1]
        reply = serving(Request("POST", "/gsma/rsp2/asn1", headers, t(0xBF4F, t(0x5A, EID)), TlsFacts("", "", sni), 1))
        return reply.status, reply.body

    assert status_and_body("eim.harness.test:8443") == (200, bytes.fromhex("BF4F03020101"))
    assert status_and_body("TWO.harness.test") == (200, bytes.fromhex("BF4F03020102"))
    assert status_and_body("", "two.harness.test") == (200, bytes.fromhex("BF4F03020102"))
    assert status_and_body("three.harness.test") == (421, b"")
