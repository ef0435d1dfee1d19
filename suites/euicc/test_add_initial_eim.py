"""The first association of a card with an eIM. SGP.32 v1.2 §5.9.4 and §5.9.18.

AddInitialEim works only while no eIM is associated: it is the one unsigned way in.
"""

from __future__ import annotations

from typing import Any

from harness.codec import encode, named_bits, tlv
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim import TOKEN_REQUESTED, Eim
from harness.roles.eim.commands import delete_eim
from harness.roles.eim.identity import ID_TYPE_PROPRIETARY
from harness.roles.es10.eims import AddInitialEimAnswer, TrustData
from harness.roles.es10.status import StatusWordFault

ASSOCIATED_EIM_ALREADY_EXISTS = 2
GET_ALL = bytes.fromhex("BF5500")
RETRIEVE_COAPS = 1
EVERY_PROTOCOL = frozenset({0, RETRIEVE_COAPS, 2, 3, 4})
"""Bits of EimSupportedProtocol: retrieval and injection, by HTTPS and by CoAP, and a protocol of the eIM's own."""


@case("EU-017", clause="SGP.32 v1.2 §5.9.18", area="euicc", needs=State(exact=True), catches="ships-with-an-eim")
def test_virgin_card_has_no_eim(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """GetEimConfigurationData of a virgin card is an empty list."""
    with step("GetEimConfigurationData", expect="BF55 with an empty A0") as seen:
        answer = euicc.call(GET_ALL)
        seen.observed(answer)
        assert tlv.parse(answer).get(0xA0).children == ()


@case("EU-018", clause="SGP.32 v1.2 §5.9.4", area="euicc", catches="forgets-initial-eim")
def test_add_with_public_key(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """AddInitialEim with a raw public key associates the eIM, and it is listed."""
    with step("AddInitialEim", expect="ok for one eIM") as seen:
        answer = euicc.add_initial_eim([eim.configuration()])
        seen.observed(answer.raw)
        assert answer.error is None
        assert len(answer.entries) == 1
    with step("GetEimConfigurationData after a reset", expect="this eIM") as seen:
        euicc.reset()
        entries = euicc.get_eim_configuration()
        seen.observed([f"{entry.eim_id} at {entry.fqdn}" for entry in entries])
        assert [entry.eim_id for entry in entries] == [eim.identity.eim_id]
    with step("look at its fields", expect="the FQDN and the key as they were given", confidence="likely"):
        [entry] = entries
        assert entry.fqdn == eim.identity.fqdn
        assert entry.public_key is not None
        assert entry.public_key.der == eim.identity.public_key_info


@case("EU-019", clause="SGP.32 v1.2 §5.9.4", confidence="likely", area="euicc", catches="refuses-eim-certificate")
def test_add_with_certificate(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """AddInitialEim takes a certificate in place of a raw public key."""
    with step("AddInitialEim with the certificate form", expect="ok, and the eIM is listed") as seen:
        answer = euicc.add_initial_eim([eim.configuration(certificate=True)])
        seen.observed(answer.raw)
        assert answer.error is None
        assert [entry.eim_id for entry in euicc.get_eim_configuration()] == [eim.identity.eim_id]


@case("EU-020", clause="SGP.32 v1.2 §5.9.4", area="euicc", catches="gives-no-association-token")
def test_token_is_made_on_request(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Asked for an association token with -1, the card makes one, answers it and lists it."""
    with step("AddInitialEim with associationToken -1", expect="84 with a token") as seen:
        answer = euicc.add_initial_eim([eim.configuration(association_token=TOKEN_REQUESTED)])
        seen.observed(answer.raw)
        assert answer.error is None
        assert len(answer.entries) == 1
        token = answer.entries[0]
        assert token is not None
        assert token != TOKEN_REQUESTED
        eim.associate(euicc.eid, association_token=token)
    with step("GetEimConfigurationData", expect="the same token", confidence="likely") as seen:
        tokens = [entry.association_token for entry in euicc.get_eim_configuration()]
        seen.observed(tokens)
        assert tokens == [token]


@case(
    "EU-124",
    clause="SGP.32 v1.2 §2.11.1.1.1, §5.9.18",
    confidence="likely",
    area="euicc",
    catches=("forgets-pinned-key-of-eim", "knows-no-protocol-but-https"),
)
def test_what_an_ipa_needs_to_know(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """What only the IPA needs of an eIM is kept for it as it was given: the key to trust in TLS, the protocols."""
    key = other_eim.identity.public_key_info
    protocols = {eim.identity.eim_id: EVERY_PROTOCOL, other_eim.identity.eim_id: frozenset({RETRIEVE_COAPS})}
    wanted = [
        party.configuration(
            trustedPublicKeyDataTls=("trustedEimPkTls", key),
            eimSupportedProtocol=named_bits(protocols[party.identity.eim_id]),
        )
        for party in (eim, other_eim)
    ]
    with step("AddInitialEim with raw keys for TLS, and other protocols", expect="ok for two eIMs") as seen:
        answer = euicc.add_initial_eim(wanted)
        seen.observed(answer.raw)
        assert answer.error is None
    with step("GetEimConfigurationData", expect="the keys and the protocols of each") as seen:
        entries = euicc.get_eim_configuration()
        seen.observed([f"{entry.eim_id}: {entry.tls_trust}, {entry.supported_protocols}" for entry in entries])
        assert [entry.tls_trust for entry in entries] == [TrustData(is_certificate=False, der=key)] * 2
        assert {entry.eim_id: entry.supported_protocols for entry in entries} == protocols


@case(
    "EU-022",
    clause="SGP.32 v1.2 §5.9.4",
    area="euicc",
    needs=State(eims=1),
    catches="lets-a-second-initial-eim-in",
)
def test_no_second_initial_eim(euicc: EuiccUnderTest, other_eim: Eim, step: CaseSteps) -> None:
    """AddInitialEim is refused while an eIM is associated, and changes nothing."""
    with step("read the configuration", precondition=True):
        before = euicc.call(GET_ALL)
    with step("AddInitialEim with another eIM", expect="associatedEimAlreadyExists(2)") as seen:
        answer = euicc.add_initial_eim([other_eim.configuration()])
        seen.observed(answer.raw)
        assert answer.error == ASSOCIATED_EIM_ALREADY_EXISTS
    with step("read the configuration again", expect="unchanged"):
        assert euicc.call(GET_ALL) == before


@case(
    "EU-028",
    clause="SGP.32 v1.2 §5.9.18",
    confidence="likely",
    area="euicc",
    needs=State(eims=1),
    catches="tells-its-counter",
)
def test_counter_is_never_told(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """GetEimConfigurationData does not tell counterValue."""
    with step("GetEimConfigurationData", expect="entries without counterValue (83)") as seen:
        entries = euicc.get_eim_configuration()
        seen.observed([entry.counter_value for entry in entries])
        assert entries
        assert all(entry.counter_value is None for entry in entries)


@case(
    "EU-072",
    clause="SGP.32 v1.2 §2.11.1.1, §2.11.1.1.1",
    area="euicc",
    effects=("removes-eim",),
    catches="takes-too-long-eim-id",
)
def test_eim_id_length(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An eimId of 129 characters is refused, one of 128 is taken whole, in the configuration and in packages.

    The type's size limits what may be sent; that a card looks at it is only likely.

    The names are of the proprietary type, since they are neither an FQDN nor an OID.
    """
    with step(
        "AddInitialEim with 129 characters", expect="an error, and nothing is stored", confidence="likely"
    ) as seen:
        request = encode("AddInitialEimRequest", {"eimConfigurationDataList": [named(eim, "e" * 129)]}, checked=False)
        try:
            answer = AddInitialEimAnswer.of(euicc.call(request))
            seen.observed(answer.raw)
            assert answer.error is not None
        except StatusWordFault as refused:
            seen.observed(f"status word {refused.sw:04X}")
        assert euicc.get_eim_configuration() == ()
    long_name = "e" * 128
    with step("AddInitialEim with 128 characters", expect="ok, listed with all of them") as seen:
        answer128 = euicc.add_initial_eim([named(eim, long_name)])
        seen.observed(answer128.raw)
        assert answer128.error is None
        assert [entry.eim_id for entry in euicc.get_eim_configuration()] == [long_name]
    with step("a package of that eIM: it deletes itself", expect="a result under the whole name") as seen:
        eim.associate(euicc.eid, association_token=next(iter(answer128.entries), None) or 0, counter=0)
        result = euicc.load_package(eim.package(delete_eim(long_name), eim_id=long_name))
        seen.observed(result.raw)
        assert result.is_result
        assert result.eim_id == long_name


def named(eim: Eim, eim_id: str) -> dict[str, Any]:
    """The configuration of an eIM under another name."""
    return eim.configuration() | {"eimId": eim_id, "eimIdType": ID_TYPE_PROPRIETARY}
