"""What an eUICC checks before it executes a package, besides the counter. SGP.32 v1.2 §2.11.1.1, §2.11.2.1, §3.3.1.

A package that no associated eIM signed is refused unsigned; one that is signed but not for this card is refused signed.
"""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.adversaries.tampering import signature_of, with_flipped_bit, with_signature
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info

INVALID_EID = 3
ASSOCIATED = State(eims=1)
TOKEN_REQUESTED = -1


@case("EU-068", clause="SGP.32 v1.2 §3.3.1", area="euicc", needs=ASSOCIATED, catches="ignores-eid-of-package")
def test_wrong_eid(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A validly signed package for another EID is refused with invalidEid, signed, and costs no counter."""
    association = eim.device().association
    counter = association.counter + 1
    another_eid = bytes([*euicc.eid[:-1], euicc.eid[-1] ^ 0x10])
    refused = eim.package(list_profile_info(), eid=another_eid, counter=counter, association_token=association.token)
    with step("LoadEuiccPackage for another EID", expect="euiccPackageErrorSigned, invalidEid(3)") as seen:
        answer = euicc.load_package(refused)
        seen.observed(answer.raw)
        assert answer.kind == "error-signed"
        assert answer.error_code == INVALID_EID
        assert answer.signature_is_valid(euicc.certificate, token_of(eim))
    with step("the same counter for this EID", expect="a result"):
        assert euicc.load_package(eim.package(list_profile_info(), counter=counter)).is_result


@case("EU-069", clause="SGP.32 v1.2 §3.3.1", area="euicc", needs=ASSOCIATED, catches="executes-for-unknown-eim")
def test_unknown_eim(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A package of an eIM that is not associated is refused unsigned, under the eimId it named."""
    unknown = "unknown.example.com"
    with step("LoadEuiccPackage of an unknown eIM", expect="euiccPackageErrorUnsigned with that eimId") as seen:
        answer = euicc.load_package(eim.package(list_profile_info(), eim_id=unknown))
        seen.observed(answer.raw)
        assert answer.kind == "error-unsigned"
        assert answer.eim_id == unknown


@case("EU-070", clause="SGP.32 v1.2 §3.3.1", area="euicc", needs=ASSOCIATED, catches="spends-counter-on-bad-signature")
def test_bad_signature_costs_nothing(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A package with a bad signature is refused unsigned, and its counter may be used again."""
    package = eim.package(list_profile_info())
    with step("LoadEuiccPackage with one bit of the signature changed", expect="error unsigned") as seen:
        answer = euicc.load_package(with_signature(package, with_flipped_bit(signature_of(package), 300)))
        seen.observed(answer.raw)
        assert answer.kind == "error-unsigned"
    with step("the untouched package", expect="a result") as seen:
        answer = euicc.load_package(package)
        seen.observed(answer.raw)
        assert answer.is_result


@case(
    "EU-071",
    clause="SGP.32 v1.2 §2.11.1.1",
    area="euicc",
    needs=ASSOCIATED,
    catches="drops-eim-transaction-id",
)
def test_transaction_id_is_echoed(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """eimTransactionId comes back as it was sent, and is absent where it was absent."""
    for name, identifier in (("one octet", b"\x01"), ("16 octets", bytes(range(16))), ("none", None)):
        with step(f"LoadEuiccPackage with eimTransactionId of {name}", expect="the same in the result") as seen:
            answer = euicc.load_package(eim.package(list_profile_info(), transaction_id=identifier))
            seen.observed(answer.transaction_id or "absent")
            assert answer.is_result
            assert answer.transaction_id == identifier


@case("EU-073", clause="SGP.32 v1.2 §2.11.1.1", area="euicc", catches="ignores-association-token-of-eim")
def test_token_is_part_of_the_signature(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Once a token is agreed, a package signed as if there were none is refused, with the token it is taken."""
    with step("AddInitialEim with a token asked for", expect="a token", precondition=True):
        added = euicc.add_initial_eim([eim.configuration(association_token=TOKEN_REQUESTED)])
        assert len(added.entries) == 1
        token = added.entries[0]
        assert token is not None
        eim.associate(euicc.eid, association_token=token)
    with step("LoadEuiccPackage signed over 84 01 00", expect="error unsigned") as seen:
        answer = euicc.load_package(eim.package(list_profile_info(), eid=euicc.eid, association_token=0))
        seen.observed(answer.raw)
        assert answer.kind == "error-unsigned"
    with step("LoadEuiccPackage signed over the token", expect="a result") as seen:
        answer = euicc.load_package(eim.package(list_profile_info(), eid=euicc.eid))
        seen.observed(answer.raw)
        assert answer.is_result


@case(
    "EU-074",
    clause="SGP.32 v1.2 §2.11.2.1",
    area="euicc",
    needs=ASSOCIATED,
    requires=("since-1.2",),
    catches="signs-result-over-eim-signature",
)
def test_result_signature_input(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """euiccSignEPR covers the result data and the association token, not the eimSignature as in v1.0."""
    package = eim.package(list_profile_info())
    with step("LoadEuiccPackage", expect="signed over data and token") as seen:
        answer = euicc.load_package(package)
        seen.observed(answer.raw)
        assert answer.is_result
        assert answer.signature_is_valid(euicc.certificate, token_of(eim))
    with step("check the signature over data and eimSignature", expect="not valid"):
        over_eim_signature = answer.data_signed + tlv.build(0x5F37, signature_of(package))
        assert not ecdsa.verify(euicc.certificate.public_key, answer.signature, over_eim_signature)
