"""Only a server that a known CI certified, for what it does, opens a download. SGP.22 §4.5.2, §5.7.5 and §5.7.13."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from harness.codec import tlv
from harness.conformance.adversaries.tampering import (
    trust_of,
    with_binder,
    with_ci_key_id,
    with_flipped_bit,
    with_server,
)
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.conformance.steps import CaseSteps, Step
from harness.crypto.entropy import Entropy
from harness.crypto.pki import CiSet, Identity, TestPki, mint
from harness.crypto.pki_mint import Issuer, issue
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.es10.status import StatusWordFault
from harness.roles.smdp import Smdp

INVALID_CERTIFICATE, INVALID_OID, CI_UNKNOWN = 1, 5, 7
INVALID_CI_KEY_ID = 1
LONG_AGO = datetime(2021, 1, 1, tzinfo=UTC)
ANOTHER_OWNER = "2.999.99"

Wrong = Callable[[CiSet], Identity]


def with_broken_signature(identity: Identity) -> Identity:
    """The same certificate with the last bit of its issuer's signature changed."""
    certificate = identity.certificate
    return Identity(with_flipped_bit(certificate, 8 * len(certificate) - 1), identity.private_key)


def of_another_ci(trust: CiSet) -> Identity:
    """A right certificate of a CI that no card knows."""
    return mint(Entropy("a CI that no card knows"), LONG_AGO).trust(trust.curve).dp_auth


def of_false_ci(trust: CiSet) -> Identity:
    """A certificate of somebody who calls himself the CI, key identifier and all."""
    false = of_another_ci(trust)
    signer = mint(Entropy("a CI that no card knows"), LONG_AGO).trust(trust.curve).ci
    issuer = Issuer(trust.ci.view.subject, signer.private_key, trust.ci_key_id)
    return Identity(issue(trust.blueprint("dp-auth"), false.private_key.public_key(), issuer, 1), false.private_key)


def changed(role: str, **fields: object) -> Wrong:
    """A certificate of the CI that differs in these fields from a right one of the role."""

    def made(trust: CiSet) -> Identity:
        return trust.issue(role, replace(trust.blueprint(role), **fields), label=str(sorted(fields)))  # type: ignore[arg-type]

    return made


def refused(euicc: EuiccUnderTest, request: bytes, seen: Step) -> int | None:
    """The error code of AuthenticateServer or PrepareDownload; None for a refusal by status word. Asserts a refusal."""
    ask = euicc.authenticate_server if tlv.parse(request).tag == 0xBF38 else euicc.prepare_download
    try:
        answer = ask(request)
    except StatusWordFault as fault:
        seen.observed(f"status word {fault.sw:04X}")
        return None
    seen.observed(answer.raw)
    assert not answer.is_ok
    return answer.error_code


@case(
    "EU-103",
    clause="SGP.22 §5.7.13",
    area="euicc",
    catches="ignores-signature-of-server-certificate",
)
def test_smds_with_broken_signature(
    euicc: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    clock: Clock,
    pki: TestPki,
    step: CaseSteps,
) -> None:
    """CERT.DSauth whose signature does not hold is an invalidCertificate."""
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
    with step("an SM-DS with a broken certificate", precondition=True):
        request = session.authenticate_request()
        server = with_broken_signature(trust_of(request, pki).ds_auth)
    with step("AuthenticateServer", expect="refused") as seen:
        code = refused(euicc, with_server(request, server.certificate, server.private_key), seen)
    with step("look at the code", expect="invalidCertificate(1)", confidence="likely"):
        assert code == INVALID_CERTIFICATE
    with step("AuthenticateServer with the SM-DS's own certificate", expect="ok", confidence="likely") as seen:
        request = session.authenticate_request()
        own = trust_of(request, pki).ds_auth
        answer = euicc.authenticate_server(with_server(request, own.certificate, own.private_key))
        seen.observed(answer.raw)
        assert answer.is_ok


@case(
    "EU-104",
    clause="SGP.22 §4.5.2, §5.7.13",
    area="euicc",
    catches="takes-any-role-of-server",
)
def test_binding_certificate_for_authentication(
    euicc: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    clock: Clock,
    pki: TestPki,
    step: CaseSteps,
) -> None:
    """CERT.DPpb does not authenticate: it is for binding profiles."""
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
    with step("an SM-DP+ signs with SK.DPpb", precondition=True):
        request = session.authenticate_request()
        server = trust_of(request, pki).dp_pb
    with step("AuthenticateServer with CERT.DPpb", expect="refused") as seen:
        code = refused(euicc, with_server(request, server.certificate, server.private_key), seen)
    with step("look at the code", expect="invalidCertificate(1) or invalidOid(5)", confidence="likely"):
        assert code in (INVALID_CERTIFICATE, INVALID_OID)


SERVERS: Mapping[str, Wrong] = {
    "whose signature does not hold": lambda trust: with_broken_signature(trust.dp_auth),
    "of a CI that the card does not know": of_another_ci,
    "of somebody who calls himself the CI": of_false_ci,
    "for TLS": changed("dp-auth", policy="2.23.146.1.2.1.3"),
    "without a policy": changed("dp-auth", policy=None),
    "of an eIM": lambda trust: trust.eim_sign,
    "of the CI itself": lambda trust: trust.ci,
}
BINDERS: Mapping[str, Wrong] = {
    "whose signature does not hold": lambda trust: with_broken_signature(trust.dp_pb),
    "for authentication": lambda trust: trust.dp_auth,
    "of another SM-DP+": changed("dp-pb", owner=ANOTHER_OWNER),
}


@case(
    "SE-013",
    clause="SGP.22 §4.5.2, §5.7.5, §5.7.13",
    area="security",
    catches=("takes-server-of-any-ci", "takes-binder-of-another-server", "takes-any-role-of-binder"),
)
def test_wrong_certificates(
    euicc: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    clock: Clock,
    pki: TestPki,
    step: CaseSteps,
) -> None:
    """A certificate with a broken signature, of another CI, for another purpose or of another server is refused."""
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
    for name, wrong in SERVERS.items():
        with step(f"AuthenticateServer with a certificate {name}", expect="refused") as seen:
            request = session.authenticate_request()
            server = wrong(trust_of(request, pki))
            refused(euicc, with_server(request, server.certificate, server.private_key), seen)
    with step("AuthenticateServer with one that may sign certificates", expect="refused", confidence="likely") as seen:
        request = session.authenticate_request()
        server = changed("dp-auth", is_authority=True)(trust_of(request, pki))
        refused(euicc, with_server(request, server.certificate, server.private_key), seen)
    with step(
        "AuthenticateServer with an expired one", expect="recorded: a card has no clock", confidence="unsure"
    ) as seen:
        request = session.authenticate_request()
        server = changed("dp-auth", not_after=LONG_AGO)(trust_of(request, pki))
        refused(euicc, with_server(request, server.certificate, server.private_key), seen)
    for name, wrong in BINDERS.items():
        with step("a session of the true SM-DP+", precondition=True):
            request = session.authenticate_request()
            answer = euicc.authenticate_server(request)
            prepare = session.prepare_request(answer)
            binder = wrong(trust_of(request, pki))
        with step(f"PrepareDownload with a certificate {name}", expect="refused") as seen:
            refused(euicc, with_binder(prepare, answer.signature, binder.certificate, binder.private_key), seen)
    with step("a download from the true SM-DP+", expect="success"):
        assert euicc.load_bound_profile_package(session.up_to_package()).is_success


@case(
    "SE-019",
    clause="SGP.22 §5.7.13, SGP.32 v1.2 §5.9.10",
    area="security",
    catches="matches-ci-by-its-beginning",
)
def test_ci_key_ids(
    euicc: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    clock: Clock,
    step: CaseSteps,
) -> None:
    """A CI is named by its whole key identifier: a part of it, nothing, or more than it is an unknown CI."""
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
    with step("read a CI key identifier", precondition=True):
        listed = euicc.get_euicc_info1().ci_ids_for_signing
        assert listed
        known = listed[0]
    for name, ci_id in {
        "the first half of it": known[:10],
        "all but its last octet": known[:-1],
        "one octet more": known + b"\x00",
        "one bit changed": with_flipped_bit(known, 100),
        "nothing": b"",
    }.items():
        with step(f"AuthenticateServer with {name}", expect="refused") as seen:
            code = refused(euicc, with_ci_key_id(session.authenticate_request(), ci_id), seen)
        with step("look at the code", expect="ciPKUnknown(7)", confidence="likely"):
            assert code in (CI_UNKNOWN, None)
        with step(f"GetCerts with {name}", expect="invalidCiPKId(1), or an error status") as seen:
            try:
                certs = euicc.get_certs(ci_id)
                seen.observed(certs.error)
                assert certs.error == INVALID_CI_KEY_ID
            except StatusWordFault as fault:
                seen.observed(f"status word {fault.sw:04X}")
    with step("AuthenticateServer with the whole of it", expect="ok"):
        assert euicc.authenticate_server(session.authenticate_request()).is_ok
