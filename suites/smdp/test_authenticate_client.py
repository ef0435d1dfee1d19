"""Which eUICC gets which profile. SGP.22 v2.5 §5.6.3 (ES9+.AuthenticateClient), §3.1.3.

The SM-DP+ verifies chain and signature of the eUICC, then looks for the order that the matchingId names. The answer offers
the profile, signed together with what the eUICC signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from harness.codec import decode_pe, encode_pe, split_profile_package, tlv
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es9 import SUCCESS, Es9Download
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.pki import CiSet, TestPki
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import Smdp

SIGNATURE_INVALID = "8.1/6.1"
EUM_INVALID, EUM_EXPIRED = "8.1.2/6.1", "8.1.2/6.3"
EUICC_INVALID, EUICC_EXPIRED = "8.1.3/6.1", "8.1.3/6.3"
EID_REFUSED = "8.1.1/3.8"
MATCHING_ID_REFUSED = "8.2.6/3.8"
NOT_ELIGIBLE = "8.2.5/4.3"
OTHER_EID = bytes.fromhex("89049032123451234512345678901235")
LONG_AGO = datetime(2021, 1, 1, tzinfo=UTC)
WRONG_POLICY = "2.23.146.1.2.1.4"
"""That of a DPauth certificate."""

Certificates = tuple[bytes, bytes]
"""The eUICC's and its EUM's."""


def with_certificates(response: bytes, certificates: Certificates) -> bytes:
    """The same BF38 with other certificates behind the signature."""
    signed, signature = tlv.parse(response).get(0xA0).children[:2]
    return tlv.build(0xBF38, tlv.build(0xA0, signed.raw, signature.raw, *certificates))


def trust_of(response: bytes, pki: TestPki) -> CiSet:
    """Everything under the CI that the card proved itself under."""
    eum = Certificate(tlv.parse(response).get(0xA0).children[3].raw)
    return next(pki.trust(curve) for curve in pki.curves if pki.trust(curve).ci_key_id == eum.authority_key_id)


def wrong_eum(field: str, value: object) -> Callable[[CiSet, bytes], Certificates]:
    """The card's own certificate below an EUM certificate that is wrong in one field."""

    def made(trust: CiSet, eid: bytes) -> Certificates:
        blueprint = replace(trust.blueprint("eum"), **{"subject": trust.eum.view.subject, field: value})  # type: ignore[arg-type]
        eum = trust.issue("eum", blueprint, private_key=trust.eum.private_key)
        return trust.euicc_identity(eid).certificate, eum.certificate

    return made


def wrong_euicc(field: str, value: object) -> Callable[[CiSet, bytes], Certificates]:
    """A certificate of the card's own key that is wrong in one field."""

    def made(trust: CiSet, eid: bytes) -> Certificates:
        blueprint = replace(trust.euicc_blueprint(eid), **{field: value})  # type: ignore[arg-type]
        euicc = trust.issue("euicc", blueprint, private_key=trust.euicc_identity(eid).private_key)
        return euicc.certificate, trust.eum.certificate

    return made


def of_unknown_format(profile: ProfilePackage) -> ProfilePackage:
    """The same package saying that it is of a format that no eUICC knows."""
    first, *others = split_profile_package(profile.der)
    name, header = decode_pe(first)
    return replace(profile, der=encode_pe((name, {**header, "major-version": 99})) + b"".join(others))


@case(
    "DP-002",
    clause="SGP.22 v2.5 §5.6.3",
    area="smdp",
    catches=(
        "accepts-bad-euicc-signature1",
        "ignores-server-challenge",
        "accepts-any-euicc-certificate",
        "ignores-certificate-validity",
        "ignores-matching-id",
        "matches-matching-id-in-any-case",
        "ignores-eid-of-order",
        "ignores-eligibility",
        "signs-smdp-signed2-alone",
        "signs-euicc-signature1-without-tag",
    ),
)
def test_authenticate_client(
    es9: ServerUnderTest,
    card: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    pki: TestPki,
    step: CaseSteps,
) -> None:
    """A profile is offered to an eUICC that proves itself and has an order, and to no other."""
    profile = profiles["operational-a"]
    order = smdp.order(profile, matching_id="DP-002-ORDER")

    def session(matching_id: str | None = order.matching_id) -> Es9Download:
        return Es9Download(es9, card, smdp.identity.address, matching_id)

    with step("the eUICC with its order", expect="metadata, and both parties' data signed") as seen:
        good = session()
        answer = good.to_client()
        seen.observed(answer.raw.decode("utf-8", "replace"))
        assert answer.status == SUCCESS
        assert tlv.parse(answer.octets("profileMetadata")).get(0x5A).value == profile.iccid
        signature1 = tlv.parse(good.server_response).get(0xA0, 0x5F37).raw
        key = Certificate(answer.octets("smdpCertificate")).public_key
        signature2 = tlv.parse(answer.octets("smdpSignature2")).value
        assert ecdsa.verify(key, signature2, answer.octets("smdpSigned2") + signature1)
    with step("euiccSignature1 with one bit changed", expect=SIGNATURE_INVALID) as seen:
        forged = session()
        forged.initiate()
        response = forged.authenticate_server()
        at = tlv.parse(response).get(0xA0, 0x5F37).offset + 3
        forged.server_response = with_flipped_bit(response, 8 * (at + 10))
        answer = forged.authenticate_client()
        seen.observed(answer.status)
        assert answer.status == SIGNATURE_INVALID
    with step("what the eUICC signed for the session before", expect=SIGNATURE_INVALID) as seen:
        replayed = session()
        replayed.initiate()
        replayed.authenticate_server()
        replayed.initiate()
        answer = replayed.authenticate_client()
        seen.observed(answer.status)
        assert answer.status == SIGNATURE_INVALID
    for name, wrong, expected in (
        ("an expired EUM certificate", wrong_eum("not_after", LONG_AGO), EUM_EXPIRED),
        ("an EUM certificate of another role", wrong_eum("policy", WRONG_POLICY), EUM_INVALID),
        ("an expired eUICC certificate", wrong_euicc("not_after", LONG_AGO), EUICC_EXPIRED),
        ("an eUICC certificate of another role", wrong_euicc("policy", WRONG_POLICY), EUICC_INVALID),
    ):
        with step(name, expect=expected) as seen:
            doubtful = session()
            doubtful.initiate()
            response = doubtful.authenticate_server()
            doubtful.server_response = with_certificates(response, wrong(trust_of(response, pki), card.eid))
            answer = doubtful.authenticate_client()
            seen.observed(answer.status)
            assert answer.status == expected
    for name, matching_id in (
        ("an unknown matchingId", "DP-002-NOBODY"),
        ("no matchingId, and no default order", None),
    ):
        with step(name, expect=MATCHING_ID_REFUSED) as seen:
            answer = session(matching_id).to_client()
            seen.observed(answer.status)
            assert answer.status == MATCHING_ID_REFUSED
    with step("the matchingId in small letters", expect=MATCHING_ID_REFUSED, confidence="likely") as seen:
        answer = session(order.matching_id.lower()).to_client()
        seen.observed(answer.status)
        assert answer.status == MATCHING_ID_REFUSED
    with step("an order for another EID", expect=EID_REFUSED) as seen:
        answer = session(smdp.order(profile, eid=OTHER_EID).matching_id).to_client()
        seen.observed(answer.status)
        assert answer.status == EID_REFUSED
    with step(
        "a profile package of a format that the eUICC does not have", expect=NOT_ELIGIBLE, confidence="likely"
    ) as seen:
        answer = session(smdp.order(of_unknown_format(profile)).matching_id).to_client()
        seen.observed(answer.status)
        assert answer.status == NOT_ELIGIBLE
