"""Keys on each curve of RSP, and servers whose keys are on another. SGP.22 §5.7.5, §5.7.6 and §5.7.13."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from harness.codec import tlv
from harness.conformance.adversaries.tampering import trust_of
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.conformance.steps import CaseSteps
from harness.crypto.ecdsa import Curve, load_point
from harness.crypto.errors import KeyFormatError
from harness.crypto.pki import CiSet, Identity, TestPki
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import Smdp

INVALID_CERTIFICATE, UNSUPPORTED_CURVE = 1, 3
SIGNED, SIGNATURE = 0x30, 0x5F37
COORDINATE = 48


def on_another_curve(trust: CiSet, role: str) -> Identity:
    """A certificate of the CI for a key on P-384, right in all else."""
    key = ec.derive_private_key(0xC0FFEE, ec.SECP384R1())
    return trust.issue(role, trust.blueprint(role), label="P-384", private_key=key)


def signed(identity: Identity, message: bytes) -> bytes:
    """r‖s of 96 octets, as TLV 5F37."""
    numbers = decode_dss_signature(identity.private_key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
    return tlv.build(SIGNATURE, *(number.to_bytes(COORDINATE, "big") for number in numbers))


def is_on(curve: Curve, point: bytes) -> bool:
    """Whether these octets are a point of the curve."""
    try:
        load_point(curve, point)
    except KeyFormatError:
        return False
    return True


@case(
    "EU-157",
    clause="SGP.22 §5.7.5, §5.7.13",
    confidence="likely",
    area="euicc",
    catches=("takes-server-on-another-curve", "tells-every-download-error-as-no-session"),
)
def test_key_on_another_curve(
    euicc: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    clock: Clock,
    pki: TestPki,
    step: CaseSteps,
) -> None:
    """A server whose certified key is on P-384 is refused, for its curve or for its certificate."""
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
    with step("an SM-DP+ with a CERT.DPauth for a key on P-384", precondition=True):
        request = tlv.parse(session.authenticate_request())
        message, _, ci_key_id, _, context = request.children
        server = on_another_curve(trust_of(request.raw, pki), "dp-auth")
    with step("AuthenticateServer", expect="unsupportedCurve(3), or invalidCertificate(1)") as seen:
        authenticated = euicc.authenticate_server(
            tlv.build(0xBF38, message.raw, signed(server, message.raw), ci_key_id.raw, server.certificate, context.raw)
        )
        seen.observed(authenticated.raw)
        assert authenticated.error_code in (UNSUPPORTED_CURVE, INVALID_CERTIFICATE)
    with step("a session of the true SM-DP+, with a CERT.DPpb for a key on P-384", precondition=True):
        true = session.authenticate_request()
        answer = euicc.authenticate_server(true)
        message2 = tlv.parse(session.prepare_request(answer)).get(SIGNED).raw
        binder = on_another_curve(trust_of(true, pki), "dp-pb")
        signature2 = signed(binder, message2 + tlv.build(SIGNATURE, answer.signature))
    with step("PrepareDownload", expect="unsupportedCurve(3), or invalidCertificate(1)") as seen:
        prepared = euicc.prepare_download(tlv.build(0xBF21, message2, signature2, binder.certificate))
        seen.observed(prepared.raw)
        assert prepared.error_code in (UNSUPPORTED_CURVE, INVALID_CERTIFICATE)


@case(
    "EU-158",
    clause="SGP.22 §5.7.5, §5.7.6",
    area="euicc",
    requires=("brainpool",),
    catches=("makes-one-time-keys-on-one-curve", "signs-installation-results-on-one-curve"),
)
def test_download_on_each_curve(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """Under each CI that it shares with the SM-DP+ a card installs a profile: keys and signatures are of that CI."""
    curves = {credentials.ci_key_id: credentials.curve for credentials in smdp.identity.credentials}
    with step("EUICCInfo1: under which CIs it signs", expect="one of the SM-DP+'s or more", precondition=True) as seen:
        shared = [ci_id for ci_id in euicc.get_euicc_info1().ci_ids_for_signing if ci_id in curves]
        seen.observed([curves[ci_id] for ci_id in shared])
        assert shared
    for ci_id, profile in zip(shared, ("operational-a", "operational-b"), strict=False):
        session = StepwiseDownload(euicc, smdp, profiles[profile], clock, replaces_keys=True)
        with step(f"a session under the CI of {curves[ci_id]}", precondition=True):
            authenticated = euicc.authenticate_server(session.authenticate_request(ci_id=ci_id))
            certificate = euicc.checked(authenticated.euicc_certificate, authenticated.eum_certificate)
            request = session.prepare_request(authenticated)
        with step(f"PrepareDownload on {curves[ci_id]}", expect="ok, a one-time key on that curve, signed") as seen:
            prepared = euicc.prepare_download(request)
            seen.observed(prepared.raw)
            assert prepared.is_ok
            assert is_on(curves[ci_id], prepared.euicc_otpk)
            assert prepared.signature_is_valid(certificate, tlv.parse(request).get(SIGNATURE).value)
        with step(f"LoadBoundProfilePackage on {curves[ci_id]}", expect="success, signed under that CI") as seen:
            answer = euicc.load_bound_profile_package(session.bound_package(prepared))
            seen.observed(answer.raw)
            assert answer.is_success
            assert answer.signature_is_valid(certificate)
