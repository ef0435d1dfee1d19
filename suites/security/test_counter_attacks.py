"""Counters cannot be moved by packages that are refused, nor used up for good. SGP.32 v1.2 §3.3.1 and §3.5.1."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.conformance.adversaries.tampering import signature_of, with_flipped_bit, with_signature
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.crypto.entropy import Entropy
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info, update_eim

INVALID_EID, REPLAY = 3, 4
OK = 0
HIGHEST = 0x7FFFFF
OTHER_EID = bytes.fromhex("89049032123451234512345678909999")
ROUNDS = 5


@case(
    "SE-007",
    clause="SGP.32 v1.2 §3.3.1",
    area="security",
    needs=State(eims=1),
    catches=("spends-counter-on-wrong-eid", "locks-eim-after-refusals"),
)
def test_refused_packages_move_nothing(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Ten refused packages leave the counter, and the eIM, where they were."""
    with step("a package is executed", precondition=True):
        first = eim.package(list_profile_info())
        stored = euicc.load_package(first).counter
        assert stored is not None
        ahead = stored + 1
    with step(f"{ROUNDS} packages with a bad signature, {ROUNDS} for another EID, all far ahead", expect="refused"):
        for number in range(ROUNDS):
            package = eim.package(list_profile_info(), counter=ahead + 100 + number)
            forged = with_signature(package, with_flipped_bit(signature_of(package), 300 + number))
            assert euicc.load_package(forged).kind == "error-unsigned"
            elsewhere = eim.package(
                list_profile_info(), counter=ahead + 100 + number, eid=OTHER_EID, association_token=token_of(eim)
            )
            assert euicc.load_package(elsewhere).error_code == INVALID_EID
    with step("the first package again", expect="replayError(4)"):
        assert euicc.load_package(first).error_code == REPLAY
    with step(f"a package with counter {ahead}", expect="a result") as seen:
        answer = euicc.load_package(eim.package(list_profile_info(), counter=ahead))
        seen.observed(answer.raw)
        assert answer.is_result


@case(
    "SE-030",
    clause="SGP.32 v1.2 §3.5.1",
    confidence="likely",
    area="security",
    needs=State(eims=2),
    effects=("burns-counter", "strands-device"),
    catches="locks-eim-at-highest-counter",
)
def test_way_back_from_highest_counter(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """An eIM whose counter was driven to its end comes back by an updateEim with a new key, from another eIM."""
    first, new = eim.identity.signing_key, ecdsa.generate(ecdsa.Curve.NIST, Entropy("after the highest counter"))
    with step(f"a package with counter {HIGHEST}", expect="a result", precondition=True):
        last = eim.package(list_profile_info(), counter=HIGHEST)
        assert euicc.load_package(last).is_result
    with step("a package with counter 1", expect="replayError(4)", confidence="certain") as seen:
        answer = euicc.load_package(eim.package(list_profile_info(), counter=1))
        seen.observed(answer.raw)
        assert answer.error_code == REPLAY
    with step("the other eIM: updateEim with a new key and counterValue 0", expect="ok(0)") as seen:
        changes = {"eimId": eim.identity.eim_id, "counterValue": 0, **key_field(new)}
        answer = euicc.load_package(other_eim.package(update_eim(changes)))
        seen.observed(answer.raw)
        assert answer.result("updateEimResult") == OK
        eim.associate(euicc.eid, counter=0)
    with step("the package of before", expect="error unsigned: its key is gone", confidence="certain") as seen:
        answer = euicc.load_package(last)
        seen.observed(answer.raw)
        assert answer.kind == "error-unsigned"
    with step("a package with counter 1 and the new key: back to the first key", expect="ok(0)") as seen:
        changes = {"eimId": eim.identity.eim_id, **key_field(first)}
        answer = euicc.load_package(eim.package(update_eim(changes), signing_key=new))
        seen.observed(answer.raw)
        assert answer.result("updateEimResult") == OK


def key_field(key: ecdsa.PrivateKey) -> dict[str, object]:
    """The field of a configuration that names a raw public key."""
    octets = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {"eimPublicKeyData": ("eimPublicKey", octets)}
