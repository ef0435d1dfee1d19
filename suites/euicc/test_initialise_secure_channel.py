"""Agreeing keys with the SM-DP+ for a bound profile package. SGP.22 §5.5.1."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.bound import Bound
from harness.conformance.ours.downloading import refused_package
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.conformance.steps import CaseSteps
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import Smdp

INITIALISE_SECURE_CHANNEL = 0
INCORRECT_INPUT, INVALID_SIGNATURE, INVALID_TRANSACTION_ID, UNSUPPORTED_CRT, UNSUPPORTED_OPERATION = 1, 2, 3, 4, 5
SECURE_CHANNEL, SIGNATURE = 0xBF23, 0x5F37
OFF_THE_CURVE = b"\x04" + bytes(63) + b"\x01"


def with_changed_signature(package: bytes) -> bytes:
    """One bit of smdpSign changed."""
    field = tlv.parse(package).get(SECURE_CHANNEL, SIGNATURE)
    return with_flipped_bit(package, 8 * (field.offset + field.header_length) + 5)


WRONG: Mapping[str, tuple[Callable[[Bound], bytes], int]] = {
    "a changed signature": (lambda bound: with_changed_signature(bound.package()), INVALID_SIGNATURE),
    "another transactionId": (lambda bound: bound.package_for(transaction_id=bytes(16)), INVALID_TRANSACTION_ID),
    "an unknown operation": (lambda bound: bound.package_for(remote_operation=b"\x7f"), UNSUPPORTED_OPERATION),
    "a key type that is not AES": (lambda bound: bound.package_for(key_type=b"\x80"), UNSUPPORTED_CRT),
    "a key length of 32": (lambda bound: bound.package_for(key_length=b"\x20"), UNSUPPORTED_CRT),
    "a one-time key off the curve": (lambda bound: bound.package_for(smdp_otpk=OFF_THE_CURVE), INCORRECT_INPUT),
}
"""What is wrong, the rest being signed as it should; and the reason that it is refused for."""


@case(
    "EU-141",
    clause="SGP.22 §5.5.1, §2.5.6.1",
    area="euicc",
    catches=("ignores-signature-of-secure-channel", "takes-any-remote-operation", "takes-any-key-template"),
)
def test_secure_channel_fields(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """Of InitialiseSecureChannel each field is checked: one that is wrong ends the installation and says so."""
    for name, (made, reason) in WRONG.items():
        with step("authenticate, prepare, bind", precondition=True):
            session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
            session.up_to_package()
            package = made(Bound.of(session))
        with step(f"LoadBoundProfilePackage with {name}", expect="an error result, no profile") as seen:
            answer = refused_package(euicc, package, seen)
        with step(f"look at the reason for {name}", expect=f"{reason}, in command 0", confidence="likely") as seen:
            seen.observed(f"{answer.error_reason}, in command {answer.command_id}")
            assert (answer.error_reason, answer.command_id) == (reason, INITIALISE_SECURE_CHANNEL)
