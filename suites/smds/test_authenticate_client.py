"""Whom an SM-DS tells of events. SGP.22 v2.5 §5.8.2 (ES11.AuthenticateClient), §3.0.1.

Events are found by the EID of the certificate, so that an eUICC that proves nothing learns nothing.
"""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es9 import SUCCESS, Es9Download
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto.pki import TestPki
from harness.roles.smds import Smds

SIGNATURE_INVALID = "8.1/6.1"
UNKNOWN_TRANSACTION = "8.10.1/3.9"
UNTRUSTED = ("8.1.2/6.1", "8.1.3/6.1", "8.11.1/3.9")
"""Where a foreign chain is noticed first is the SM-DS's choice."""


def without_ci(response: bytes, pki: TestPki) -> bytes:
    """The same BF38 with the card's certificate under an EUM that calls itself another one's."""
    signed, signature, euicc, _ = (child.raw for child in tlv.parse(response).get(0xA0).children)
    trust = pki.trust("nist")
    eum = trust.issue("eum", trust.blueprint("eum"), label="another EUM").certificate
    return tlv.build(0xBF38, tlv.build(0xA0, signed, signature, euicc, eum))


@case(
    "DP-012",
    clause="SGP.22 v2.5 §5.8.2",
    area="smds",
    catches=("accepts-any-euicc-certificate", "accepts-bad-euicc-signature1", "ignores-server-challenge"),
)
def test_authenticate_client(
    es11: ServerUnderTest, card: EuiccUnderTest, smds: Smds, pki: TestPki, step: CaseSteps
) -> None:
    """An eUICC that proves itself is answered once; a forged, foreign or repeated proof is refused."""
    session = Es9Download(es11, card, smds.identity.address)
    with step("the eUICC proves itself", expect=SUCCESS) as seen:
        answer = session.to_client()
        seen.observed(answer.raw.decode("utf-8", "replace"))
        assert answer.status == SUCCESS
        assert answer.transaction_id == session.transaction_id
    with step("the same request again", expect=UNKNOWN_TRANSACTION, confidence="likely") as seen:
        answer = session.authenticate_client()
        seen.observed(answer.status)
        assert answer.status == UNKNOWN_TRANSACTION
    with step("its proof for the session before", expect=SIGNATURE_INVALID) as seen:
        session.initiate()
        session.authenticate_server()
        session.initiate()
        answer = session.authenticate_client()
        seen.observed(answer.status)
        assert answer.status == SIGNATURE_INVALID
    with step("euiccSignature1 with one bit changed", expect=SIGNATURE_INVALID) as seen:
        session.initiate()
        response = session.authenticate_server()
        at = tlv.parse(response).get(0xA0, 0x5F37).offset + 3
        session.server_response = with_flipped_bit(response, 8 * (at + 10))
        answer = session.authenticate_client()
        seen.observed(answer.status)
        assert answer.status == SIGNATURE_INVALID
    with step("an EUM certificate that did not issue the eUICC's", expect=" or ".join(UNTRUSTED)) as seen:
        session.initiate()
        session.server_response = without_ci(session.authenticate_server(), pki)
        answer = session.authenticate_client()
        seen.observed(answer.status)
        assert answer.status in UNTRUSTED
