"""An eUICC is who its certificate says, as far as its manufacturer may say so. SGP.22 §4.5.2, SGP.32 v1.2 §5.14.3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_certificates
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es9 import SUCCESS, Es9Download
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa, pki_mint
from harness.crypto.certificates import Certificate
from harness.crypto.pki import CiSet, TestPki
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.ipa.download import ctx_params1
from harness.roles.ipa.settings import IpaSettings
from harness.roles.smdp import Smdp

EUICC_INVALID = "8.1.3/6.1"
OTHER_EID = bytes.fromhex("89049032123451234512345678901235")
EID_OF_ANOTHER_MANUFACTURER = "89033023123451234512345678901224"
ANOTHER_MANUFACTURER = "A manufacturer that the EUM is not"
EID_MISMATCH = 7


def trust_of(response: bytes, pki: TestPki) -> CiSet:
    """Everything under the CI that a card proved itself under. Raises LookupError for a CI that is not the lab's."""
    eum = Certificate(tlv.parse(response).get(0xA0).children[3].raw)
    for curve in pki.curves:
        if pki.trust(curve).ci_key_id == eum.authority_key_id:
            return pki.trust(curve)
    raise LookupError("the card's EUM is under no CI of the lab")


@case("SE-020", clause="SGP.22 §4.5.2", area="security", catches="ignores-name-constraints")
def test_name_constraints(
    es9: ServerUnderTest,
    card: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    pki: TestPki,
    step: CaseSteps,
) -> None:
    """An eUICC certificate outside of what its EUM may issue opens no download, though its EUM signed it."""
    order = smdp.order(profiles["operational-a"])
    for name, changes in (
        ("an EID of another manufacturer's range", {"eid": EID_OF_ANOTHER_MANUFACTURER}),
        ("the organisation of another manufacturer", {"organization": ANOTHER_MANUFACTURER}),
    ):
        with step(f"a session with a certificate that has {name}", precondition=True):
            session = Es9Download(es9, card, smdp.identity.address, order.matching_id)
            assert session.initiate().is_success
            response = session.authenticate_server()
            trust = trust_of(response, pki)
            right = trust.euicc_blueprint(card.eid)
            subject = pki_mint.euicc(**{"eid": card.eid.hex(), **changes}).subject
            key = trust.euicc_identity(card.eid).private_key
            wrong = trust.issue("euicc", replace(right, subject=subject), private_key=key)
            session.server_response = with_certificates(response, wrong.certificate, trust.eum.certificate)
        with step("AuthenticateClient", expect="refused") as seen:
            answer = session.authenticate_client()
            seen.observed(answer.status)
            assert answer.status != SUCCESS
        with step("look at the code", expect=EUICC_INVALID, confidence="likely"):
            assert answer.status == EUICC_INVALID
    with step("a session with the card's own certificate", expect="its order") as seen:
        answer = Es9Download(es9, card, smdp.identity.address, order.matching_id).to_client()
        seen.observed(answer.status)
        assert answer.status == SUCCESS


@case(
    "SE-021",
    clause="SGP.32 v1.2 §5.14.3",
    confidence="likely",
    area="security",
    needs=State(eims=1),
    catches="serves-another-euicc",
)
def test_another_euicc(
    esipa: ServerUnderTest,
    eim: Eim,
    card: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    pki: TestPki,
    step: CaseSteps,
) -> None:
    """A download that an eIM ordered for one eUICC does not go on with another one, genuine as that may be."""
    order = smdp.order(profiles["operational-a"])
    transaction = eim.queue_download(card.eid, activation_code=order.activation_code)
    with step("the card begins the download through the eIM", precondition=True):
        request = tlv.build(
            0xBF39,
            tlv.build(0x81, card.get_euicc_challenge()),
            card.get_euicc_info1().raw,
            tlv.build(0x82, transaction),
        )
        initiated = tlv.parse(esipa.send(request).body).get(0xA0)
        session = initiated.get(0x80)
        parts = [part.raw for part in initiated.children if part.tag in (0x30, 0x5F37, 0x04)]
        context = ctx_params1(order.matching_id, IpaSettings())
        answer = card.authenticate_server(tlv.build(0xBF38, *parts, context))
        assert answer.is_ok
    other = trust_of(answer.raw, pki).euicc_identity(OTHER_EID)
    signature = tlv.build(0x5F37, ecdsa.sign(other.private_key, answer.signed))
    of_other = tlv.build(0xA0, answer.signed, signature, other.certificate, other.eum_certificate)
    with step("AuthenticateClient with the answer of another eUICC", expect="eidMismatch(7)") as seen:
        reply = esipa.send(tlv.build(0xBF3B, session.raw, tlv.build(0xBF38, of_other)))
        seen.observed(reply.body)
        assert tlv.parse(reply.body).raw == tlv.build(0xBF3B, tlv.integer(0x82, EID_MISMATCH))
    with step("AuthenticateClient with the card's own answer", expect="the profile is offered") as seen:
        reply = esipa.send(tlv.build(0xBF3B, session.raw, answer.raw))
        seen.observed(reply.body)
        assert tlv.parse(reply.body).find(0xA0) is not None
