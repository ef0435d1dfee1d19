"""An eIM that goes to the device. SGP.32 v1.2 §3.1.1.2, §5.14.4 (ESipa.TransferEimPackage)."""

from __future__ import annotations

from harness import codec
from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import EimUnderTest
from harness.conformance.servers.esipa import get_eim_package
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim.commands import get_rat

TRANSFER = 0xBF4E
ERROR = 2


@case(
    "EI-036",
    clause="SGP.32 v1.2 §3.1.1.2, §5.14.4",
    confidence="likely",
    area="eim",
    needs=State(eims=1),
    catches=("never-acknowledges", "accepts-unverified-results", "ignores-injection-errors"),
)
def test_injection(esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps) -> None:
    """A package that the eIM brings is the one that a poll would get; result, receipt and error are each taken as they are."""
    with step("the eIM brings a queued package", expect="BF4E with BF51, which a conforming card executes") as seen:
        transaction = eim.queue_package(card.eid, get_rat())
        request = eim.injection(card.eid)
        seen.observed(request)
        assert codec.findings("TransferEimPackageRequest", request) == []
        answer = card.load_package(tlv.parse(request).get(0xBF51).raw)
        assert answer.is_result
        assert answer.transaction_id == transaction
    with step("a forged result", expect="nothing to acknowledge, still open") as seen:
        forged = answer.raw[:-1] + bytes([answer.raw[-1] ^ 1])
        reply = eim.take_injection(tlv.build(TRANSFER, forged), card.eid)
        seen.observed(reply)
        assert not reply
        assert eim.operation(transaction).is_open
    with step("the card's result", expect=f"BF4E with BF53, {answer.sequence_number}; done") as seen:
        reply = eim.take_injection(tlv.build(TRANSFER, answer.raw), card.eid)
        seen.observed(reply)
        number = tlv.integer(0x80, answer.sequence_number or 0)
        assert reply == tlv.build(TRANSFER, tlv.build(0xBF53, number))
        assert eim.operation(transaction).state == "done"
    with step("eimPackageReceived for the next one", expect="it stays open until its result comes by itself") as seen:
        transaction = eim.queue_package(card.eid, get_rat())
        package = tlv.parse(eim.injection(card.eid)).get(0xBF51).raw
        reply = eim.take_injection(tlv.build(TRANSFER, tlv.build(0x05)), card.eid)
        seen.observed(f"{reply.hex()}, {eim.operation(transaction).state}")
        assert not reply
        assert eim.operation(transaction).state == "delivered"
        esipa.send(tlv.build(TRANSFER, card.load_package(package).raw))
        assert eim.operation(transaction).state == "done"
    for name, with_cid in (("eimPackageError 2", False), ("errorWithCid of v1.3", True)):
        with step(f"{name} for a package", expect="failed, 2") as seen:
            transaction = eim.queue_package(card.eid, get_rat())
            eim.injection(card.eid)
            code = tlv.integer(0x02, ERROR)
            error = tlv.build(0xBF61, tlv.build(0x80, transaction), code) if with_cid else code
            eim.take_injection(tlv.build(TRANSFER, error), card.eid)
            operation = eim.operation(transaction)
            seen.observed(f"{operation.state}, {operation.error_code}")
            assert (operation.state, operation.error_code) == ("failed", ERROR)
    with step("poll", expect="answered as ever") as seen:
        seen.observed(esipa.ask(get_eim_package(card.eid)).raw)
        assert not eim.queue(card.eid)
