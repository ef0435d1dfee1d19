"""What an eIM makes of a result. SGP.32 v1.2 §5.14.6 (ESipa.ProvideEimPackageResult), §2.11.2.1."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import EimUnderTest, token_of
from harness.conformance.servers.esipa import (
    OK,
    acknowledged,
    error_data,
    get_eim_package,
    provide_result,
    result_data,
    signed_answer,
)
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto.pki import TestPki
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable, list_profile_info
from harness.roles.eim.events import ResultAccepted
from harness.roles.es10.packages import PackageAnswer

ASSOCIATED = State(eims=1)
OTHER_EID = bytes.fromhex("89049032123451234512345678901235")
UNKNOWN_TRANSACTION = bytes(range(16))
SIGNED_ERRORS = {
    "invalidEid": 3,
    "counterValueOutOfRange": 6,
    "sizeOverflow": 15,
    "ecallActive": 104,
    "undefinedError": 127,
    "replayError": 4,
}


def executed(
    esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps
) -> tuple[bytes, PackageAnswer]:
    """One package on its way to the card and executed there; its eimTransactionId and the card's result."""
    with step("a queued package is fetched and executed", precondition=True):
        transaction = eim.queue_package(card.eid, list_profile_info())
        answer = card.load_package(esipa.ask(get_eim_package(card.eid)).get(0xBF51).raw)
        assert answer.is_result
    return transaction, answer


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
def test_valid_result(esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps) -> None:
    """A valid result is acknowledged with the card's own sequence number, and the operation is done.

    The card has used sequence numbers before, so that they are no count of the eIM's own packages.
    """
    transaction, answer = executed(esipa, eim, card, step)
    with step("ProvideEimPackageResult", expect=f"BF53 with {answer.sequence_number}") as seen:
        reply = esipa.ask(provide_result(card.eid, answer.raw))
        seen.observed(reply.raw)
        assert acknowledged(reply) == [answer.sequence_number]
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
def test_result_with_bad_signature(
    esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps
) -> None:
    """A result whose signature does not hold is neither believed nor acknowledged; the true one still is."""
    transaction, answer = executed(esipa, eim, card, step)
    forged = with_flipped_bit(answer.raw, 8 * len(answer.raw) - 5)
    with step("ProvideEimPackageResult with one bit of the signature changed", expect="no BF53") as seen:
        refused = esipa.send(provide_result(card.eid, forged))
        seen.observed(f"{refused.status} {refused.body.hex().upper()}")
        assert refused.status != OK or tlv.parse(refused.body).find(0xBF53) is None
        assert eim.operation(transaction).state != "done"
    with step("ProvideEimPackageResult with the true result", expect="BF53, done") as seen:
        reply = esipa.ask(provide_result(card.eid, answer.raw))
        seen.observed(reply.raw)
        assert reply.find(0xBF53) is not None
        assert eim.operation(transaction).state == "done"


@case(
    "EI-011",
    clause="SGP.32 v1.2 §2.11.2.1",
    area="eim",
    needs=ASSOCIATED,
    catches=("accepts-unverified-results", "trusts-any-euicc-certificate"),
)
def test_result_of_another_euicc(
    esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, pki: TestPki, step: CaseSteps
) -> None:
    """A result that another eUICC signed is refused, and so is that eUICC's certificate as the device's own.

    The other eUICC is a true one of the same CI: only its EID differs.
    """
    other = pki.euicc_identity("nist", OTHER_EID)
    transaction, answer = executed(esipa, eim, card, step)
    with step(
        "IpaEuiccData of this device with the other eUICC's certificates", expect="not taken for its own"
    ) as seen:
        certificates = tlv.build(0xA5, tlv.parse(other.eum_certificate).value) + tlv.build(
            0xA6, tlv.parse(other.certificate).value
        )
        reply = esipa.ask(provide_result(card.eid, tlv.build(0xBF52, tlv.build(0xA0, certificates))))
        seen.observed(reply.raw)
        assert eim.device(card.eid).euicc_certificate != other.certificate
    with step("a result that the other eUICC signed", expect="no BF53, the package is still open") as seen:
        forged = signed_answer(answer.data_signed, token_of(eim), other.private_key)
        refused = esipa.ask(provide_result(card.eid, forged))
        seen.observed(refused.raw)
        assert not acknowledged(refused)
        assert eim.operation(transaction).state != "done"


@case(
    "EI-012",
    clause="SGP.32 v1.2 §2.11.2.1",
    area="eim",
    needs=ASSOCIATED,
    catches="believes-results-for-other-eims",
)
def test_result_for_another_eim(
    esipa: ServerUnderTest, eim: EimUnderTest, other_eim: Eim, card: EuiccUnderTest, pki: TestPki, step: CaseSteps
) -> None:
    """A result that the eUICC signed for another eIM is not this eIM's, whatever else fits."""
    with step("a queued package is fetched", precondition=True):
        transaction = eim.queue_package(card.eid, list_profile_info())
        package = esipa.ask(get_eim_package(card.eid)).get(0xBF51).raw
    with step("the device's signed result with the other eIM's eimId", expect="no BF53, the package is open") as seen:
        data = result_data(package, 7, tlv.build(0xBF2D, tlv.build(0xA0)), eim_id=other_eim.identity.eim_id)
        signed = signed_answer(data, token_of(eim), pki.euicc_identity("nist", card.eid).private_key)
        reply = esipa.ask(provide_result(card.eid, signed))
        seen.observed(reply.raw)
        assert not acknowledged(reply)
        assert eim.operation(transaction).state != "done"


@case(
    "EI-013",
    clause="SGP.32 v1.2 §2.11.2.1, §3.3.1",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches=("takes-signed-errors-for-results", "ignores-replay-error"),
)
def test_signed_errors(
    esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, pki: TestPki, step: CaseSteps
) -> None:
    """Each signed error reaches the operator as what it is, and after a replayError the counter goes on further up."""
    key = pki.euicc_identity("nist", card.eid).private_key
    for name, code in SIGNED_ERRORS.items():
        with step(f"{name}({code}) for a queued package", expect=f"failed, {code}") as seen:
            transaction = eim.queue_package(card.eid, list_profile_info())
            package = esipa.ask(get_eim_package(card.eid)).get(0xBF51).raw
            refusal = signed_answer(error_data(package, code), token_of(eim), key, 0xA1)
            esipa.ask(provide_result(card.eid, refusal))
            operation = eim.operation(transaction)
            seen.observed(f"{operation.state}, {operation.error_code}")
            assert (operation.state, operation.error_code) == ("failed", code)
    with step("the next poll after the replayError", expect="the commands again, with a counter far above") as seen:
        answer = esipa.ask(get_eim_package(card.eid))
        seen.observed(answer.raw)
        again = answer.find(0xBF51, 0x30, 0x81)
        assert again is not None
        refused = int.from_bytes(tlv.parse(package).get(0x30, 0x81).value, "big")
        assert int.from_bytes(again.value, "big") > refused + 1


@case(
    "EI-014",
    clause="SGP.32 v1.2 §2.11.2.1",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches="takes-unsigned-errors-for-results",
)
def test_unsigned_error(esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps) -> None:
    """An unsigned error proves nothing: the package is not done, nothing is acknowledged, the true result still counts."""
    transaction, answer = executed(esipa, eim, card, step)
    with step("euiccPackageErrorUnsigned", expect="no BF53, not done") as seen:
        unsigned = tlv.build(0xA2, tlv.build(0x80, eim.identity.eim_id.encode()), tlv.build(0x82, transaction))
        reply = esipa.ask(provide_result(card.eid, tlv.build(0xBF51, unsigned)))
        seen.observed(f"{reply.raw.hex().upper()}, {eim.operation(transaction).state}")
        assert not acknowledged(reply)
        assert eim.operation(transaction).state != "done"
    with step("the true result", expect="BF53, done") as seen:
        reply = esipa.ask(provide_result(card.eid, answer.raw))
        seen.observed(reply.raw)
        assert acknowledged(reply) == [answer.sequence_number]
        assert eim.operation(transaction).state == "done"


@case(
    "EI-015",
    clause="SGP.32 v1.2 §5.14.6",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches="forgets-closed-operations",
)
def test_repeated_result(esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps) -> None:
    """A result that comes again, since its acknowledgement was lost, is acknowledged again and changes nothing."""
    transaction, answer = executed(esipa, eim, card, step)
    for number in (1, 2, 3):
        with step(f"the same result, time {number}", expect=f"BF53 with {answer.sequence_number}") as seen:
            reply = esipa.ask(provide_result(card.eid, answer.raw))
            seen.observed(reply.raw)
            assert acknowledged(reply) == [answer.sequence_number]
    with step("ask the operator's side", expect="done, and one result that is no repetition") as seen:
        taken = [event for event in eim.events if isinstance(event, ResultAccepted) and not event.duplicate]
        seen.observed(f"{eim.operation(transaction).state}, {len(taken)}")
        assert (eim.operation(transaction).state, len(taken)) == ("done", 1)


@case(
    "EI-016",
    clause="SGP.32 v1.2 §5.14.6",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches="acknowledges-unknown-results",
)
def test_result_of_unknown_transaction(
    esipa: ServerUnderTest, eim: EimUnderTest, other_eim: Eim, card: EuiccUnderTest, pki: TestPki, step: CaseSteps
) -> None:
    """A signed result for a package that this eIM knows nothing of stays on the card, for whoever sent that package."""
    with step(
        "a signed result with an eimTransactionId that was never given", expect="an error or 30 00, no BF53"
    ) as seen:
        package = other_eim.package(list_profile_info(), eid=card.eid, counter=1, transaction_id=UNKNOWN_TRANSACTION)
        data = result_data(package, 7, tlv.build(0xBF2D, tlv.build(0xA0)), eim_id=eim.identity.eim_id)
        signed = signed_answer(data, token_of(eim), pki.euicc_identity("nist", card.eid).private_key)
        reply = esipa.ask(provide_result(card.eid, signed))
        seen.observed(reply.raw)
        assert not acknowledged(reply)
    with step("poll", expect="answered as ever") as seen:
        seen.observed(esipa.ask(get_eim_package(card.eid)).raw)
        assert not eim.queue(card.eid)


@case(
    "EI-023",
    clause="SGP.32 v1.2 §3.4.1",
    confidence="likely",
    area="eim",
    needs=State(eims=1, profiles=("operational-a", "operational-b")),
    catches="misses-implicit-disable",
)
def test_implicit_disable(
    esipa: ServerUnderTest,
    eim: EimUnderTest,
    card: EuiccUnderTest,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """Enabling a second profile disables the first: the eIM's picture of the device shows both changes."""
    first, second = (profiles[name].iccid for name in ("operational-a", "operational-b"))
    for iccid in (first, second):
        with step(f"enable {iccid.hex()} and deliver the result", precondition=True):
            eim.queue_package(card.eid, enable(iccid))
            answer = card.load_package(esipa.ask(get_eim_package(card.eid)).get(0xBF51).raw)
            assert answer.result("enableResult") == 0
            assert acknowledged(esipa.ask(provide_result(card.eid, answer.raw))) == [answer.sequence_number]
    with step("ask the operator's side", expect="the first disabled, the second enabled") as seen:
        known = eim.device(card.eid).profiles
        seen.observed(", ".join(f"{iccid.hex()}: {state}" for iccid, state in known.items()))
        assert (known.get(first), known.get(second)) == (False, True)
