"""Preparing for a bound profile package, with a Confirmation Code. SGP.22 §5.7.5."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from harness.codec import tlv
from harness.conformance.case import case
from harness.conformance.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.conformance.stepwise import StepwiseDownload
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.es10.status import StatusWordFault
from harness.roles.smdp import Smdp

CODE = "0815"
SIGNATURE = 0x5F37


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
