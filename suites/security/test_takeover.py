"""Nobody comes between a card and its eIMs. SGP.32 v1.2 §3.5.1 and §5.9.4."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.codec import encode, tlv
from harness.conformance.adversaries.tampering import signed_part_of, with_signature
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import refusal
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.roles.eim import Eim
from harness.roles.eim.commands import add_eim, delete_eim, list_profile_info, update_eim
from harness.roles.es10.status import StatusWordFault

OK, ALREADY_EXISTS = 0, 2
GET_ALL = bytes.fromhex("BF5500")


@case(
    "SE-008",
    clause="SGP.32 v1.2 §3.5.1",
    area="security",
    needs=State(eims=2),
    effects=("removes-eim",),
    catches="updates-sender-instead-of-named-eim",
)
def test_one_eim_changes_another(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """Whether an eIM may change or delete another one is recorded; what the card answers is what it did."""
    other_id, old = other_eim.identity.eim_id, other_eim.identity.signing_key
    new = ecdsa.generate(ecdsa.Curve.NIST, Entropy("a key that one eIM gives another"))
    octets = new.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    was_updated = was_deleted = False
    with step("updateEim of the other eIM with a new key", expect="recorded", confidence="unsure") as seen:
        changes = {"eimId": other_id, "eimPublicKeyData": ("eimPublicKey", octets)}
        answer = euicc.load_package(eim.package(update_eim(changes)))
        seen.observed(answer.raw)
        was_updated = answer.is_result and answer.result("updateEimResult") == OK
        assert was_updated
    with step("a package under each key of the other eIM", expect="obeyed under the one that was answered") as seen:
        under_new = not refusal(euicc, other_eim.package(list_profile_info(), signing_key=new))
        under_old = not refusal(euicc, other_eim.package(list_profile_info(), signing_key=old))
        seen.observed(f"new key: {under_new}, old key: {under_old}")
        assert (under_new, under_old) == (was_updated, not was_updated)
    with step("a package of the sender", expect="a result: nothing of its own changed"):
        assert euicc.load_package(eim.package(list_profile_info())).is_result
    with step("deleteEim of the other eIM", expect="recorded", confidence="unsure") as seen:
        answer = euicc.load_package(eim.package(delete_eim(other_id)))
        seen.observed(answer.raw)
        was_deleted = answer.is_result and answer.result("deleteEimResult") == OK
        assert was_deleted
    with step("GetEimConfigurationData", expect="as was answered") as seen:
        listed = {entry.eim_id for entry in euicc.get_eim_configuration()}
        seen.observed(sorted(listed))
        assert (other_id in listed) == (not was_deleted)
        assert eim.identity.eim_id in listed


@case(
    "SE-009",
    clause="SGP.32 v1.2 §2.11.1.1, §3.5.1",
    area="security",
    needs=State(eims=1, exact=True),
    catches="takes-package-with-empty-signature",
)
def test_no_unsigned_way_in(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """An addEim is executed only in a package that an associated eIM signed."""
    command = add_eim(other_eim.configuration())
    genuine, intruder = eim.package(command), other_eim.identity
    signed = signed_part_of(genuine)
    by_intruder = ecdsa.sign(intruder.signing_key, signed + tlv.integer(0x84, token_of(eim)))
    ways = {
        "in the eIM's name, signed by the newcomer": with_signature(genuine, by_intruder),
        "in the eIM's name, with an empty signature": with_signature(genuine, b""),
        "in the eIM's name, without a signature": tlv.build(0xBF51, signed),
        "in the newcomer's own name": eim.package(command, eim_id=intruder.eim_id, signing_key=intruder.signing_key),
        "bare, without any package": encode("Eco", command),
    }
    before = euicc.call(GET_ALL)
    for name, octets in ways.items():
        with step(f"addEim {name}", expect="refused; the same eIMs as before") as seen:
            try:
                seen.observed(euicc.call(octets))
            except StatusWordFault as fault:
                seen.observed(f"status word {fault.sw:04X}")
            assert euicc.call(GET_ALL) == before
    with step("addEim as the eIM signed it", expect="both eIMs", confidence="likely"):
        assert euicc.load_package(genuine).is_result
        assert len(euicc.get_eim_configuration()) == 2


@case(
    "SE-010",
    clause="SGP.32 v1.2 §5.9.4",
    area="security",
    needs=State(eims=1),
    catches="updates-known-eim-at-add-initial-eim",
)
def test_no_takeover(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """AddInitialEim takes over no card: not for a newcomer, not in the eIM's own name, not after a reset."""
    newcomer = other_eim.configuration()
    own_name = newcomer | {"eimId": eim.identity.eim_id}
    before = euicc.call(GET_ALL)
    for when in ("at once", "after a reset"):
        if when == "after a reset":
            euicc.reset()
        for name, configuration in (("for a newcomer", newcomer), ("in the eIM's own name", own_name)):
            with step(f"AddInitialEim {name}, {when}", expect="associatedEimAlreadyExists(2), no change") as seen:
                answer = euicc.add_initial_eim([configuration])
                seen.observed(answer.raw)
                assert answer.error == ALREADY_EXISTS
                assert euicc.call(GET_ALL) == before
    with step("a package in the eIM's name, signed by the newcomer", expect="error unsigned") as seen:
        how = refusal(euicc, eim.package(list_profile_info(), signing_key=other_eim.identity.signing_key))
        seen.observed(how or "taken")
        assert how
    with step("a package of the eIM", expect="a result"):
        assert euicc.load_package(eim.package(list_profile_info())).is_result
