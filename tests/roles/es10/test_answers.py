"""Typed answers, over octets built with the TLV writer and over exchanges between other implementations."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from harness.codec import tlv
from harness.errors import MalformedAnswer
from harness.roles.es10 import Es10
from harness.roles.es10.download import AuthenticateAnswer, InstallationAnswer, PrepareAnswer, segments
from harness.roles.es10.notifications import NotificationsAnswer
from harness.roles.es10.packages import RollbackAnswer, package_answer
from harness.roles.es10.profiles import ProfilesInfoError, profiles
from tests.roles.es10.card import ScriptedCard


def capture(name: str) -> Any:
    folder = os.environ.get("SGP32_TEST_DATA")
    if not folder:
        pytest.skip("SGP32_TEST_DATA is not set: the recorded exchanges are not at hand")
    return json.loads((Path(folder) / "captures" / name).read_text())


def es10_answering(answer: str) -> tuple[Es10, list[bytes]]:
    requests: list[bytes] = []

    def reply(request: bytes) -> bytes:
        requests.append(request)
        return bytes.fromhex(answer)

    return Es10(ScriptedCard(reply)), requests


def test_recorded_results_verify_with_their_token_only() -> None:
    exchange = capture("es10b-packages-v1.0.json")
    key = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), bytes.fromhex(exchange["euiccPublicKeyUncompressed"])
    )
    results = [bytes.fromhex(line[2:]) for line in exchange["exchange"] if line.startswith("< BF51")]
    answers = [package_answer(raw) for raw in results]
    assert len(answers) == 5
    assert all(answer.is_wrapped and answer.is_result for answer in answers)
    assert all(answer.signature_is_valid(key, association_token=1) for answer in answers)
    assert not any(answer.signature_is_valid(key) for answer in answers)
    assert [answer.counter for answer in answers] == [2, 3, 4, 5, 6]
    assert answers[1].result("enableResult") == 0
    assert [name for name, _ in answers[2].results] == [
        "disableResult",
        "deleteResult",
        "getRATResult",
        "configureImmediateEnableResult",
    ]


def test_recorded_download_answers_verify() -> None:
    download = capture("download-ts48-v7-bertlv-suci.json")
    certificate = x509.load_der_x509_certificate(bytes.fromhex(download["euiccCertificate"]))
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    authenticated = AuthenticateAnswer.of(bytes.fromhex(download["authenticateServerResponse"]))
    assert authenticated.is_ok
    assert authenticated.euicc_certificate.hex() == download["euiccCertificate"]
    assert authenticated.eum_certificate.hex() == download["eumCertificate"]
    assert authenticated.signature_is_valid(key)
    prepared = PrepareAnswer.of(bytes.fromhex(download["prepareDownloadResponse"]))
    smdp_signature = tlv.parse(bytes.fromhex(download["prepareDownloadRequest"])).get(0x5F37).value
    assert prepared.signature_is_valid(key, smdp_signature)
    assert not prepared.signature_is_valid(key, bytes(64))
    installed = InstallationAnswer.of(bytes.fromhex(download["profileInstallationResult"]))
    assert installed.is_success
    assert installed.signature_is_valid(key)


def test_recorded_package_is_cut_where_the_standard_says() -> None:
    package = bytes.fromhex(capture("download-ts48-v7-bertlv-suci.json")["boundProfilePackage"])
    pieces = list(segments(package))
    assert b"".join(pieces) == package
    tags = [piece[:2].hex() if piece[0] == 0xBF else piece[:1].hex() for piece in pieces]
    assert tags[:4] == ["bf36", "a0", "a1", "88"]
    assert set(tags[4:]) - {"88", "a2"} == {"a3", "86"}


def test_segments_stop_at_the_first_answer() -> None:
    installed = tlv.build(
        0xBF37,
        tlv.build(
            0xBF27,
            tlv.build(0x80, b"\x01"),
            tlv.build(0xBF2F, tlv.integer(0x80, 3), tlv.build(0x81, b"\x07\x80"), tlv.build(0x0C, b"dp.example")),
            tlv.build(0x06, b"\x88\x37\x0a"),
            tlv.build(0xA2, tlv.build(0xA1, tlv.integer(0x80, 2), tlv.integer(0x81, 8))),
        ),
        tlv.build(0x5F37, bytes(64)),
    )
    card = ScriptedCard(lambda request: installed if request[:1] == b"\x88" else b"")
    package = tlv.build(
        0xBF36,
        tlv.build(0xBF23, bytes(10)),
        tlv.build(0xA0, tlv.build(0x87, bytes(20))),
        tlv.build(0xA1, tlv.build(0x88, bytes(600))),
        tlv.build(0xA3, tlv.build(0x86, bytes(1016)), tlv.build(0x86, bytes(1016))),
    )
    answer = Es10(card).load_bound_profile_package(package)
    assert (answer.segments_sent, answer.command_id, answer.error_reason) == (4, 2, 8)
    assert not answer.is_success
    assert answer.smdp_oid == "2.999.10"


def test_an_installation_without_result_is_malformed() -> None:
    package = tlv.build(0xBF36, tlv.build(0xBF23), tlv.build(0xA3, tlv.build(0x86, b"\x00")))
    with pytest.raises(MalformedAnswer):
        Es10(ScriptedCard(lambda request: b"")).load_bound_profile_package(package)


def test_bare_results_are_read_and_told() -> None:
    data = tlv.build(
        0x30, tlv.build(0x80, b"eIM"), tlv.integer(0x81, 3), tlv.integer(0x83, 7), tlv.build(0x30, b"\x83\x01\x00")
    )
    answer = package_answer(tlv.build(0xBF51, data, tlv.build(0x5F37, bytes(64))))
    assert (answer.is_wrapped, answer.kind, answer.counter, answer.sequence_number) == (False, "result", 3, 7)
    assert answer.data_signed == data
    unsigned = package_answer(bytes.fromhex("BF5107A2058003414243"))
    assert (unsigned.kind, unsigned.eim_id, unsigned.error_code) == ("error-unsigned", "ABC", None)
    signed = package_answer(
        tlv.build(
            0xBF51,
            tlv.build(
                0xA1,
                tlv.build(0x30, tlv.build(0x80, b"e"), tlv.integer(0x81, 1), tlv.integer(2, 4)),
                tlv.build(0x5F37, bytes(64)),
            ),
        )
    )
    assert (signed.kind, signed.error_code) == ("error-signed", 4)


def test_rollback_carries_its_package_result() -> None:
    data = tlv.build(
        0x30, tlv.build(0x80, b"e"), tlv.integer(0x81, 1), tlv.integer(0x83, 2), tlv.build(0x30, b"\x8c\x01\x00")
    )
    package = tlv.build(0xBF51, tlv.build(0xA0, data, tlv.build(0x5F37, bytes(64))))
    answer = RollbackAnswer.of(tlv.build(0xBF58, tlv.integer(0x02, 0), package))
    assert answer.cmd_result == 0
    assert answer.package_answer is not None
    assert answer.package_answer.raw == package
    assert RollbackAnswer.of(bytes.fromhex("BF5803020101")).package_answer is None


def test_profiles_keep_the_order_of_their_tags() -> None:
    entry = "E3175A0A98001032547698103285" + "9F700101" + "92024142" + "950102"
    [profile] = profiles(bytes.fromhex("BF2D" + f"{len(entry) // 2 + 2:02X}" + "A0" + f"{len(entry) // 2:02X}" + entry))
    assert profile.tags == (0x5A, 0x9F70, 0x92, 0x95)
    assert (profile.name, profile.profile_class, profile.service_provider_name) == ("AB", 2, None)
    assert profile.is_enabled


def test_profiles_error_is_told_with_its_code() -> None:
    with pytest.raises(ProfilesInfoError) as caught:
        profiles(bytes.fromhex("BF2D0381010B"))
    assert caught.value.code == 11


@pytest.mark.parametrize(
    ("call", "request_hex", "answer"),
    [
        (lambda es10: es10.get_euicc_challenge(), "BF2E00", "BF2E128010" + "11" * 16),
        (lambda es10: es10.get_certs(bytes(20)), "BF56168014" + "00" * 20, "BF5603810101"),
        (lambda es10: es10.get_eim_configuration("eIM"), "BF5507A0058003" + b"eIM".hex(), "BF5502A000"),
        (lambda es10: es10.set_default_dp_address(b"\xff"), "BF65038001FF", "BF650380017F"),
        (lambda es10: es10.memory_reset(0, 5), "BF640482020284", "BF6406800100810101"),
        (lambda es10: es10.retrieve_notifications(seq=1), "BF2B05A003800101", "BF2B02A000"),
        (lambda es10: es10.retrieve_notifications(results=True), "BF2B04A0028200", "BF2B02A200"),
        (lambda es10: es10.remove_notification(3), "BF3003800103", "BF3003800101"),
        (lambda es10: es10.get_profiles_info(tags=(0x5A, 0x9F70)), "BF2D055C035A9F70", "BF2D02A000"),
        (lambda es10: es10.get_profiles_info(profile_class=2), "BF2D05A003950102", "BF2D02A000"),
        (lambda es10: es10.cancel_session(b"\x01", 3), "BF41068001018101" + "03", "BF4103810105"),
        (lambda es10: es10.profile_rollback(), "BF58038001FF", "BF5803020101"),
        (lambda es10: es10.list_notifications(1), "BF280481020640", "BF2802A000"),
    ],
)
def test_requests_are_written_as_the_tables_say(call: Any, request_hex: str, answer: str) -> None:
    es10, requests = es10_answering(answer)
    call(es10)
    assert [request.hex().upper() for request in requests] == [request_hex.upper()]


def test_notification_forms_are_told_apart() -> None:
    assert NotificationsAnswer.of(bytes.fromhex("BF2B02A000")).form == "A0"
    assert NotificationsAnswer.of(bytes.fromhex("BF2B02A200")).form == "A2"
    error = NotificationsAnswer.of(bytes.fromhex("BF2B0381017F"))
    assert (error.form, error.error) == ("81", 127)
    with pytest.raises(MalformedAnswer):
        NotificationsAnswer.of(bytes.fromhex("BF2B00"))
