"""What an eIM makes of a result. SGP.32 v1.2 §5.14.6 (ESipa.ProvideEimPackageResult), §2.11.2.1."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.euicc import EuiccUnderTest
from harness.conformance.servers import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.conformance.tampering import with_flipped_bit
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info
from harness.roles.es10.packages import PackageAnswer

ASSOCIATED = State(eims=1)
OK = 200


def executed(esipa: ServerUnderTest, eim: Eim, card: EuiccUnderTest, step: CaseSteps) -> tuple[bytes, PackageAnswer]:
    """One package on its way to the card and executed there; its eimTransactionId and the card's result."""
    with step("a queued package is fetched and executed", precondition=True):
        transaction = eim.queue_package(card.eid, list_profile_info())
        answer = card.load_package(esipa.ask(tlv.build(0xBF4F, tlv.build(0x5A, card.eid))).get(0xBF51).raw)
        assert answer.is_result
    return transaction, answer


def result_message(eid: bytes, result: bytes) -> bytes:
    """ESipa.ProvideEimPackageResult."""
    return tlv.build(0xBF50, tlv.build(0x5A, eid), result)


@case(
    "EI-009",
    clause="SGP.32 v1.2 §5.14.6",
    area="eim",
    needs=State(eims=1, profiles=("operational-a",)),
    catches=(
        "acknowledges-with-own-numbering",
        "never-acknowledges",
        "leaves-operations-open",
        "matches-results-by-sequence-number",
    ),
)
def test_valid_result(esipa: ServerUnderTest, eim: Eim, card: EuiccUnderTest, step: CaseSteps) -> None:
    """A valid result is acknowledged with the card's own sequence number, and the operation is done.

    The card has used sequence numbers before, so that they are no count of the eIM's own packages.
    """
    transaction, answer = executed(esipa, eim, card, step)
    with step("ProvideEimPackageResult", expect=f"BF53 with {answer.sequence_number}") as seen:
        reply = esipa.ask(result_message(card.eid, answer.raw))
        seen.observed(reply.raw)
        acknowledgement = reply.find(0xBF53)
        acknowledged = acknowledgement.children if acknowledgement else ()
        assert [int.from_bytes(one.value, "big") for one in acknowledged] == [answer.sequence_number]
    with step("ask the operator's side", expect="done, with the card's results") as seen:
        operation = eim.operation(transaction)
        seen.observed(operation.state)
        assert operation.state == "done"


@case(
    "EI-010",
    clause="SGP.32 v1.2 §2.11.2.1",
    area="eim",
    needs=ASSOCIATED,
    catches="accepts-unverified-results",
)
def test_result_with_bad_signature(esipa: ServerUnderTest, eim: Eim, card: EuiccUnderTest, step: CaseSteps) -> None:
    """A result whose signature does not hold is neither believed nor acknowledged; the true one still is."""
    transaction, answer = executed(esipa, eim, card, step)
    forged = with_flipped_bit(answer.raw, 8 * len(answer.raw) - 5)
    with step("ProvideEimPackageResult with one bit of the signature changed", expect="no BF53") as seen:
        refused = esipa.send(result_message(card.eid, forged))
        seen.observed(f"{refused.status} {refused.body.hex().upper()}")
        assert refused.status != OK or tlv.parse(refused.body).find(0xBF53) is None
        assert eim.operation(transaction).state != "done"
    with step("ProvideEimPackageResult with the true result", expect="BF53, done") as seen:
        reply = esipa.ask(result_message(card.eid, answer.raw))
        seen.observed(reply.raw)
        assert reply.find(0xBF53) is not None
        assert eim.operation(transaction).state == "done"
