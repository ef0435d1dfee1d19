"""ESipa's JSON binding against bodies written by hand."""

from __future__ import annotations

import base64
import json

import pytest

from harness.codec import tlv
from harness.roles.eim.commands import list_profile_info
from harness.roles.ipa import IpaSettings, json_binding
from harness.roles.ipa.reading import BadReply
from tests.roles.ipa.world import EIM, Reply, World

EID = bytes.fromhex("89049032123451234512345678900071")
JSON = ("Content-Type", "application/json;charset=UTF-8"), ("X-Admin-Protocol", "gsma/rsp/v2.1.0")
GOOD = {"functionExecutionStatus": {"status": "Executed-Success"}}


def b64(octets: bytes | str) -> str:
    return base64.b64encode(bytes.fromhex(octets) if isinstance(octets, str) else octets).decode()


@pytest.mark.parametrize(
    ("message", "function", "document"),
    [
        (
            "BF4F1C 5A10 89049032123451234512345678900071 8000 810101 820300F110",
            "getEimPackage",
            {
                "eidValue": EID.hex(),
                "notifyStateChange": True,
                "stateChangeCause": 1,
                "rPLMN": b64("00F110"),
            },
        ),
        (
            "BF5017 5A10 89049032123451234512345678900071 A003 020102",
            "provideEimPackageResult",
            {"eidValue": EID.hex(), "eimPackageResult": b64("A003020102")},
        ),
        (
            "BF3915 8104 01020304 8303 612E62 BF2000 8205 AABBCCDDEE",
            "initiateAuthentication",
            {
                "euiccChallenge": b64("01020304"),
                "smdpAddress": "a.b",
                "euiccInfo1": b64("BF2000"),
                "eimTransactionId": "AABBCCDDEE",
            },
        ),
        (
            "BF3B08 8002 0102 BF3801 00",
            "authenticateClient",
            {"transactionId": "0102", "authenticateServerResponse": b64("BF380100")},
        ),
        (
            "BF3A08 8002 0102 BF2101 00",
            "getBoundProfilePackage",
            {"transactionId": "0102", "prepareDownloadResponse": b64("BF210100")},
        ),
        (
            "BF4109 8002 0102 A103 810105",
            "cancelSession",
            {"transactionId": "0102", "cancelSessionResponse": b64("BF4103810105")},
        ),
        ("BF3D05 A003 BF3700", "handleNotification", {"pendingNotification": b64("BF3700")}),
    ],
)
def test_requests_are_written(message: str, function: str, document: dict[str, object]) -> None:
    octets = bytes.fromhex(message)
    assert json_binding.path_of(octets) == f"/gsma/rsp2/esipa/{function}"
    assert json.loads(json_binding.written(octets)) == document


@pytest.mark.parametrize(
    ("tag", "document", "message"),
    [
        (0xBF4F, {"header": GOOD, "eimPackageError": 1}, "BF4F03020101"),
        (0xBF4F, {"eimPackageError": 0, "ipaEuiccDataRequest": b64("BF52035C0120")}, "BF4F06BF52035C0120"),
        (0xBF50, {"header": GOOD, "eimAcknowledgements": b64("BF5303800107")}, "BF5006BF5303800107"),
        (0xBF50, {"header": GOOD}, "BF50023000"),
        (0xBF50, {"provideEimPackageResultError": 2}, "BF5003020102"),
        (0xBF50, {"eimPackageError": 3}, "BF5003020103"),
        (0xBF41, {"header": GOOD}, "BF4102A000"),
        (0xBF41, {"cancelSessionError": 1}, "BF4103810101"),
        (0xBF39, {"initiateAuthenticationErrorEsipa": 50}, "BF3903810132"),
        (0xBF3B, {"header": {"functionExecutionStatus": {"status": "Failed"}}}, "BF3B0382017F"),
        (
            0xBF3A,
            {"transactionId": "0102", "boundProfilePackage": b64("BF3600")},
            "BF3A09A00780020102BF3600",
        ),
        (
            0xBF3B,
            {"transactionId": "0102", "profileDownloadTrigger": b64("BF5400")},
            "BF3B09A10780020102BF5400",
        ),
        (
            0xBF39,
            {
                "transactionId": "0102",
                "serverSigned1": b64("3000"),
                "serverSignature1": b64("AA" * 64),
                "euiccCiPKIdentifierToBeUsed": b64("040101"),
                "serverCertificate": b64("300100"),
                "matchingId": "M",
                "ctxParams1": b64("A0020101"),
            },
            "BF395AA05880020102 3000 5F3740" + "AA" * 64 + "040101 300100 0C014D A204A0020101",
        ),
    ],
)
def test_answers_are_read(tag: int, document: dict[str, object], message: str) -> None:
    assert json_binding.read(json.dumps(document).encode(), tag) == bytes.fromhex(message)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"euiccPackageRequest": 5}', b'{"euiccPackageRequest": "?"}', b"\xff"]
)
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(BadReply):
        json_binding.read(body, 0xBF4F)


def test_a_package_goes_to_the_card_and_its_result_to_the_eim() -> None:
    world = World(IpaSettings(binding="json"))
    package = world.eim.package(list_profile_info())
    world.network.tampering = [
        Reply(200, json.dumps(document).encode(), JSON)
        for document in (
            {"header": GOOD, "euiccPackageRequest": b64(package)},
            {"header": GOOD, "eimAcknowledgements": b64("BF5303800101")},
            {"header": GOOD, "eimPackageError": 1},
        )
    ]
    world.wake()
    assert [seen.url.rpartition("/")[2] for seen in world.network.seen] == [
        "getEimPackage",
        "provideEimPackageResult",
        "getEimPackage",
    ]
    assert {seen.headers["Content-Type"] for seen in world.network.seen} == {"application/json;charset=UTF-8"}
    assert world.network.seen[0].url.startswith(f"https://{EIM}/gsma/rsp2/esipa/")
    result = base64.b64decode(json.loads(world.network.seen[1].body)["eimPackageResult"])
    assert tlv.parse(result).tag == 0xBF51
    assert world.eim.take_result(result).events[0].transaction_id  # type: ignore[attr-defined]


def test_an_answer_in_the_other_binding_is_no_answer() -> None:
    world = World(IpaSettings(binding="json"))
    world.network.tampering = [Reply(200, bytes.fromhex("BF4F03020101"), (("Content-Type", "application/octet"),))]
    world.wake()
    assert "not application/json" in world.ipa.incidents[-1].reason
