"""Mutual authentication with an SM-DP+. SGP.22 §5.7.7, §5.7.13 and §5.7.14."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import decode, tlv
from harness.conformance.adversaries.tampering import with_changed_server_signature
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.conformance.steps import CaseSteps
from harness.crypto.certificates import Certificate
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import Smdp

INVALID_SIGNATURE, CHALLENGE_MISMATCH = 2, 6
REASONS = {
    0: "endUserRejection",
    1: "postponed",
    2: "timeout",
    3: "pprNotAllowed",
    4: "metadataMismatch",
    5: "loadBppExecutionError",
    127: "undefinedReason",
}
CARD_RESOURCE = 0x84
"""extCardResource of EUICCInfo2: free memory, which an open session may take of."""
OTHER_TRANSACTION = bytes(16)
INVALID_TRANSACTION_ID = 5


@case(
    "EU-012",
    clause="SGP.22 §5.7.7",
    area="euicc",
    catches=("repeats-its-challenge", "keeps-challenge-after-authentication"),
)
def test_challenge(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """Each challenge is new and has 16 octets; one that was used opens no second session."""
    with step("GetEUICCChallenge twice", expect="16 octets each, different") as seen:
        first, second = euicc.get_euicc_challenge(), euicc.get_euicc_challenge()
        seen.observed(f"{first.hex().upper()} {second.hex().upper()}")
        assert len(first) == len(second) == 16
        assert first != second
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
    with step("AuthenticateServer with the latest challenge", precondition=True):
        request = session.authenticate_request(challenge=second)
        assert euicc.authenticate_server(request).is_ok
    with step("the same request again", expect="an authenticate error", confidence="likely") as seen:
        again = euicc.authenticate_server(request)
        seen.observed(again.raw)
        assert not again.is_ok


@case(
    "EU-102", clause="SGP.22 §5.7.13", area="euicc", catches=("signs-contents-of-signed1", "ignores-server-signature")
)
def test_authenticate(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """Under each CI of its list the card authenticates the SM-DP+ and signs euiccSigned1 with the key of that CI."""
    with step("GetEUICCInfo1", expect="CI keys for signing that the SM-DP+ knows", precondition=True):
        known = {credentials.ci_key_id for credentials in smdp.identity.credentials}
        ci_ids = [ci_id for ci_id in euicc.get_euicc_info1().ci_ids_for_signing if ci_id in known]
        assert ci_ids
    for ci_id in ci_ids:
        session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
        with step(f"InitiateAuthentication under CI {ci_id.hex()[:8]}…", precondition=True):
            request = session.authenticate_request(ci_id=ci_id)
        with step("AuthenticateServer", expect="ok; the signature and its chain hold") as seen:
            answer = euicc.authenticate_server(request)
            seen.observed(answer.raw)
            assert answer.is_ok
            assert answer.transaction_id == session.transaction_id
            certificate = euicc.checked(answer.euicc_certificate, answer.eum_certificate)
            assert Certificate(answer.eum_certificate).authority_key_id == ci_id
            assert answer.signature_is_valid(certificate)
        with step("look at euiccSigned1", expect="the server's address and challenge"):
            sent = decode("AuthenticateServerRequest", request)["serverSigned1"]
            signed = tlv.parse(answer.signed)
            assert signed.get(0x83).value == sent["serverAddress"].encode()
            assert signed.get(0x84).value == sent["serverChallenge"]
        with step("look at EUICCInfo2 in it", expect="the card's own", confidence="likely"):
            assert fixed_fields(signed.get(0xBF22)) == fixed_fields(tlv.parse(euicc.get_euicc_info2().raw))
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
    with step("a new session", precondition=True):
        forged = with_changed_server_signature(session.authenticate_request())
    with step("AuthenticateServer with one bit of serverSignature1 changed", expect="invalidSignature(2)") as seen:
        refused = euicc.authenticate_server(forged)
        seen.observed(refused.raw)
        assert refused.error_code == INVALID_SIGNATURE


def fixed_fields(euicc_info2: tlv.Tlv) -> list[bytes]:
    """The fields of EUICCInfo2 that do not change while a card is used."""
    return [field.raw for field in euicc_info2.children if field.tag != CARD_RESOURCE]


@case("EU-105", clause="SGP.22 §5.7.13", area="euicc", catches="accepts-wrong-challenge")
def test_wrong_challenge(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """serverSigned1 over another challenge than the card's is euiccChallengeMismatch."""
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
    with step("an SM-DP+ signs a challenge that the card never gave", precondition=True):
        euicc.get_euicc_challenge()
        request = session.authenticate_request(challenge=bytes(16))
    with step("AuthenticateServer", expect="euiccChallengeMismatch(6)") as seen:
        answer = euicc.authenticate_server(request)
        seen.observed(answer.raw)
        assert answer.error_code == CHALLENGE_MISMATCH


@case(
    "EU-113",
    clause="SGP.22 §5.7.14",
    area="euicc",
    catches=("cancels-another-session", "cancels-with-one-reason-only"),
)
def test_cancel_session(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A session is cancelled for each reason with a signed answer about that session and that reason."""
    for reason, name in REASONS.items():
        session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
        with step("begin a session", precondition=True):
            answer = euicc.authenticate_server(session.authenticate_request())
            assert answer.is_ok
            certificate = euicc.checked(answer.euicc_certificate, answer.eum_certificate)
        with step(f"CancelSession: {name}({reason})", expect="signed, with transactionId and reason") as seen:
            cancelled = euicc.cancel_session(session.transaction_id, reason)
            seen.observed(cancelled.raw)
            assert cancelled.is_ok
            assert cancelled.transaction_id == session.transaction_id
            assert cancelled.reason == reason
            assert cancelled.signature_is_valid(certificate)
    with step("CancelSession of a session that is not there", expect="invalidTransactionId(5)") as seen:
        unknown = euicc.cancel_session(OTHER_TRANSACTION, 0)
        seen.observed(unknown.raw)
        assert unknown.error_code == INVALID_TRANSACTION_ID
