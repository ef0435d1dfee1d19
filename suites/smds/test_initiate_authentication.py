"""How an SM-DS begins a session. SGP.22 v2.5 §5.8.1 (ES11.InitiateAuthentication), §3.0.1.

It names the session, returns the eUICC's challenge under its own signature, and shows a certificate that this eUICC can
verify. ES11 goes over the paths and field names of ES9+, the SM-DS's address in smdpAddress.
"""

from __future__ import annotations

from harness.codec import decode, tlv
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es9 import SUCCESS, Es9Download
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.roles.smds import Smds

INVALID_ADDRESS = "8.9.1/3.8"
NO_KNOWN_CI = "8.9.2/3.1"
UNSUPPORTED_VERSION = "8.9.3/3.1"
NO_CERTIFICATE = "8.9.4/3.7"
UNKNOWN_KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF00112233")
OLD_VERSION = bytes.fromhex("010000")
DS_AUTH = "2.23.146.1.2.1.7"


def info1(version: bytes, verification: bytes, signing: bytes) -> bytes:
    """EUICCInfo1 of an eUICC that knows these CIs."""
    lists = (tlv.build(tag, tlv.build(0x04, key)) for tag, key in ((0xA9, verification), (0xAA, signing)))
    return tlv.build(0xBF20, tlv.build(0x82, version), *lists)


@case(
    "DP-011",
    clause="SGP.22 v2.5 §5.8.1",
    area="smds",
    catches=(
        "answers-for-any-address",
        "takes-any-euicc-version",
        "shows-a-certificate-the-euicc-cannot-verify",
        "signs-another-challenge",
        "signs-server-signed1-with-another-key",
        "omits-response-headers",
    ),
)
def test_initiate_authentication(es11: ServerUnderTest, card: EuiccUnderTest, smds: Smds, step: CaseSteps) -> None:
    """An SM-DS proves itself to each eUICC under a CI that the eUICC has, and only where the two suit."""
    session = Es9Download(es11, card, smds.identity.address)
    info = card.get_euicc_info1()
    version = tlv.parse(info.raw).get(0x82).value
    own = smds.identity.credentials[0].ci_key_id
    for ci_id in info.ci_ids_for_signing:
        with step(f"a card that knows CI {ci_id.hex()[:8]} only", expect="its challenge, signed under this CI") as seen:
            answer = session.initiate(euicc_info1=info1(version, ci_id, ci_id))
            seen.observed(answer.raw.decode("utf-8", "replace"))
            assert answer.status == SUCCESS
            signed = decode("ServerSigned1", answer.octets("serverSigned1"))
            certificate = Certificate(answer.octets("serverCertificate"))
            assert signed["transactionId"] == session.transaction_id
            assert signed["euiccChallenge"] == session.challenge
            assert signed["serverAddress"].lower() == smds.identity.address.lower()
            assert answer.octets("euiccCiPKIdToBeUsed") == tlv.build(0x04, ci_id)
            assert certificate.authority_key_id == ci_id
            assert DS_AUTH in certificate.policies
            signature = tlv.parse(answer.octets("serverSignature1")).value
            assert ecdsa.verify(certificate.public_key, signature, answer.octets("serverSigned1"))
    with step("look at the headers", expect="application/json, X-Admin-Protocol", confidence="likely") as seen:
        answer = session.initiate()
        seen.observed(f"{answer.header('Content-Type')}, {answer.header('X-Admin-Protocol')}")
        assert answer.header("Content-Type").startswith("application/json")
        assert answer.header("X-Admin-Protocol").startswith("gsma/rsp/v")
    with step("another address", expect=INVALID_ADDRESS, confidence="likely") as seen:
        answer = session.initiate(address="somebody-else.example.com")
        seen.observed(answer.status)
        assert answer.status == INVALID_ADDRESS
    for name, request, expected in (
        ("an eUICC whose CI is not known", info1(version, own, UNKNOWN_KEY), NO_KNOWN_CI),
        ("an eUICC that can verify none of its CIs", info1(version, UNKNOWN_KEY, own), NO_CERTIFICATE),
        ("an eUICC of version 1.0.0", info1(OLD_VERSION, own, own), UNSUPPORTED_VERSION),
    ):
        with step(name, expect=expected, confidence="likely") as seen:
            answer = session.initiate(euicc_info1=request)
            seen.observed(answer.status)
            assert answer.status == expected
