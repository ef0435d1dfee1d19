"""Preparing for a bound profile package: Confirmation Code, retries, refusals. SGP.22 §5.7.5."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.es10.status import StatusWordFault
from harness.roles.smdp import Credentials, Smdp

CODE = "0815"
SIGNED2, SIGNATURE, ONE_TIME_KEY = 0x30, 0x5F37, 0x5F49
INVALID_SIGNATURE, NO_SESSION_CONTEXT = 2, 4
POSTPONED = 1


def hash_of(code: str, transaction_id: bytes) -> bytes:
    """hashCc: SHA-256 over the SHA-256 of the Confirmation Code and the transactionId."""
    return sha256(sha256(code.encode()).digest() + transaction_id).digest()


@case(
    "EU-106",
    clause="SGP.22 §5.7.5",
    area="euicc",
    catches=("prepares-without-confirmation-code", "drops-hash-of-confirmation-code"),
)
def test_confirmation_code(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """Where the SM-DP+ wants a Confirmation Code its hash is asked for, and signed for as it came."""
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock, confirmation_code=CODE)
    for name, hash_cc, confidence in (
        ("no hashCc", None, "likely"),
        ("a hashCc of 31 octets", bytes(31), "likely"),
        ("a hashCc of 33 octets", bytes(33), "likely"),
    ):
        with step("a session with ccRequiredFlag", precondition=True):
            request = session.prepare_request(
                euicc.authenticate_server(session.authenticate_request()), hash_cc=hash_cc
            )
        with step(f"PrepareDownload with {name}", expect="an error", confidence=confidence) as seen:
            try:
                refused = euicc.prepare_download(request)
                seen.observed(refused.raw)
                assert not refused.is_ok
            except StatusWordFault as fault:
                seen.observed(f"status word {fault.sw:04X}")
    with step("a session with ccRequiredFlag", precondition=True):
        authenticated = euicc.authenticate_server(session.authenticate_request())
        hash_cc = hash_of(CODE, session.transaction_id)
        request = session.prepare_request(authenticated, hash_cc=hash_cc)
    with step("PrepareDownload with the hash of the code", expect="ok, signed with that hash") as seen:
        answer = euicc.prepare_download(request)
        seen.observed(answer.raw)
        assert answer.is_ok
        assert answer.hash_cc == hash_cc
        certificate = euicc.checked(authenticated.euicc_certificate, authenticated.eum_certificate)
        assert answer.signature_is_valid(certificate, tlv.parse(request).get(SIGNATURE).value)
    with step("the bound profile package for it", expect="success"):
        assert euicc.load_bound_profile_package(session.bound_package(answer)).is_success


def naming_key(request: bytes, point: bytes, euicc_signature1: bytes, credentials: Credentials) -> bytes:
    """A PrepareDownloadRequest, BF21, in which the SM-DP+ names this one-time key as the card's."""
    old, _, certificate = tlv.parse(request).children
    signed2 = tlv.build(0x30, *(field.raw for field in old.children), tlv.build(ONE_TIME_KEY, point))
    signature = ecdsa.sign(credentials.pb_key, signed2 + tlv.build(SIGNATURE, euicc_signature1))
    return tlv.build(0xBF21, signed2, tlv.build(SIGNATURE, signature), certificate.raw)


@case(
    "EU-155",
    clause="SGP.22 §5.7.5",
    confidence="likely",
    area="euicc",
    catches=("makes-a-new-one-time-key-for-a-retry", "answers-with-any-one-time-key"),
)
def test_retry_with_the_same_key(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A retry uses the one-time key of the attempt before where the SM-DP+ names it; a key that is not its own, never."""
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock, retries=True)
    with step("a download up to its package, which is not loaded", precondition=True):
        request = session.prepare_request(euicc.authenticate_server(session.authenticate_request()))
        first = euicc.prepare_download(request)
        session.bound_package(first)
    with step("a second session about the same order", precondition=True):
        request = session.prepare_request(euicc.authenticate_server(session.authenticate_request()))
        assert tlv.parse(request).get(SIGNED2, ONE_TIME_KEY).value == first.euicc_otpk
    with step("PrepareDownload that names the key of the first", expect="ok, with that key again") as seen:
        second = euicc.prepare_download(request)
        seen.observed(second.raw)
        assert second.is_ok
        assert second.euicc_otpk == first.euicc_otpk
    with step("LoadBoundProfilePackage: the segments of the first", expect="success", confidence="certain") as seen:
        answer = euicc.load_bound_profile_package(session.bound_package(second))
        seen.observed(answer.raw)
        assert answer.is_success
    other = StepwiseDownload(euicc, smdp, profiles["operational-b"], clock)
    with step("another download, whose SM-DP+ names a key of its own as the card's", precondition=True):
        authenticated = euicc.authenticate_server(other.authenticate_request())
        request = other.prepare_request(authenticated)
        credentials = smdp.state.sessions[other.transaction_id].credentials
        foreign = ecdsa.public_key_point(credentials.pb_key)
        request = naming_key(request, foreign, authenticated.signature, credentials)
    with step("PrepareDownload", expect="ok, with a key of the card") as seen:
        third = euicc.prepare_download(request)
        seen.observed(third.raw)
        assert third.is_ok
        assert third.euicc_otpk not in (foreign, first.euicc_otpk)


@case(
    "EU-156",
    clause="SGP.22 §5.7.5",
    area="euicc",
    catches=("ignores-signature-of-binder", "keeps-cancelled-session", "tells-every-download-error-as-no-session"),
)
def test_refused_preparations(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A download is prepared in a session of the card, for the SM-DP+ whose signature holds, and in no other case."""
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
    with step("authenticate; change one bit of smdpSignature2", precondition=True):
        request = session.prepare_request(euicc.authenticate_server(session.authenticate_request()))
        signature = tlv.parse(request).get(SIGNATURE)
        changed = with_flipped_bit(request, 8 * (signature.offset + signature.header_length) + 5)
    with step("PrepareDownload", expect="an error") as seen:
        refused = euicc.prepare_download(changed)
        seen.observed(refused.raw)
        assert not refused.is_ok
    with step("look at the code", expect="invalidSignature(2)", confidence="likely"):
        assert refused.error_code == INVALID_SIGNATURE
    with step("authenticate again, then cancel the session", precondition=True):
        request = session.prepare_request(euicc.authenticate_server(session.authenticate_request()))
        assert euicc.cancel_session(session.transaction_id, POSTPONED).is_ok
    with step("PrepareDownload in the cancelled session", expect="an error") as seen:
        late = euicc.prepare_download(request)
        seen.observed(late.raw)
        assert not late.is_ok
    with step("look at the code", expect="noSessionContext(4)", confidence="likely"):
        assert late.error_code == NO_SESSION_CONTEXT
