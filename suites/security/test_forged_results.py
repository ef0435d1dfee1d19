"""An eIM believes of a result only what the eUICC signed. SGP.32 v1.2 §2.11.2.1 and §5.14.6.

What an SM-DP+ makes of forged notifications is judged with its HandleNotification.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_changed_field
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import EimUnderTest, token_of
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.crypto.pki import TestPki
from harness.profiles.package import ProfilePackage
from harness.roles.eim.commands import delete

OTHER_EID = bytes.fromhex("89049032123451234512345678901235")
RESULT, DATA, TOKEN = 0xA0, 0x30, 0x84
FIELDS = {
    "eimId": (RESULT, DATA, 0x80),
    "counterValue": (RESULT, DATA, 0x81),
    "eimTransactionId": (RESULT, DATA, 0x82),
    "seqNumber": (RESULT, DATA, 0x83),
    "the deleteResult, from 1 to 0": (RESULT, DATA, 0x30, 0x85),
}


@case(
    "SE-018",
    clause="SGP.32 v1.2 §2.11.2.1, §5.14.6",
    area="security",
    needs=State(eims=1),
    effects=("removes-profile",),
    catches="believes-results-without-token",
)
def test_forged_results(
    esipa: ServerUnderTest,
    eim: EimUnderTest,
    card: EuiccUnderTest,
    profiles: Mapping[str, ProfilePackage],
    pki: TestPki,
    step: CaseSteps,
) -> None:
    """A result with any field changed, by another eUICC or without the association token is not believed."""
    with step("a package that deletes nothing is executed", expect="result 1", precondition=True):
        transaction = eim.queue_package(card.eid, delete(profiles["operational-a"].iccid))
        reply = esipa.send(tlv.build(0xBF4F, tlv.build(0x5A, card.eid)))
        answer = card.load_package(tlv.parse(reply.body).get(0xBF51).raw)
        assert answer.result("deleteResult") == 1
    own, other = (pki.trust("nist").euicc_identity(eid).private_key for eid in (card.eid, OTHER_EID))
    data = answer.data_signed
    forged = {f"with {name} changed": with_changed_field(answer.raw, *path) for name, path in FIELDS.items()}
    forged["signed by another eUICC"] = signed(data, other, tlv.integer(TOKEN, token_of(eim)))
    forged["signed with token 0"] = signed(data, own, tlv.integer(TOKEN, 0))
    forged["signed without a token"] = signed(data, own, b"")
    for name, octets in forged.items():
        with step(f"ProvideEimPackageResult {name}", expect="no BF53, and the package is not done") as seen:
            reply = esipa.send(tlv.build(0xBF50, tlv.build(0x5A, card.eid), octets))
            seen.observed(f"{reply.status} {reply.body.hex().upper()}")
            assert not reply.body or tlv.parse(reply.body).find(0xBF53) is None
            assert eim.operation(transaction).is_open
    with step("ProvideEimPackageResult as the card signed it", expect="BF53") as seen:
        reply = esipa.send(tlv.build(0xBF50, tlv.build(0x5A, card.eid), answer.raw))
        seen.observed(reply.body)
        assert tlv.parse(reply.body).find(0xBF53) is not None
        assert not eim.operation(transaction).is_open


def signed(data: bytes, key: ecdsa.PrivateKey, ending: bytes) -> bytes:
    """A package result over these data with a signature that covers `ending` behind them."""
    signature = tlv.build(0x5F37, ecdsa.sign(key, data + ending))
    return tlv.build(0xBF51, tlv.build(RESULT, data, signature))
