"""What an eIM answers to an IPA that asks for work. SGP.32 v1.2 §5.14.5 (ESipa.GetEimPackage), §2.11.1.1, §3.3.1."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.adversaries.tampering import signature_of, signed_part_of
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import EimUnderTest, token_of
from harness.conformance.servers.esipa import (
    EID_NOT_FOUND,
    INVALID_EID,
    MISSING_EID,
    NO_PACKAGE,
    OK,
    UNKNOWN_EID,
    get_eim_package,
    package_error,
)
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.profiles.package import ProfilePackage
from harness.roles.eim.commands import enable, list_profile_info


@case(
    "EI-001",
    clause="SGP.32 v1.2 §5.14.5",
    area="eim",
    catches=("answers-unknown-eid-as-known", "answers-unknown-eid-with-undefined-error"),
)
def test_unknown_eid(esipa: ServerUnderTest, step: CaseSteps) -> None:
    """A device that is not associated is told eidNotFound."""
    with step("GetEimPackage with an unknown EID", expect="BF4F03020102, eidNotFound") as seen:
        reply = esipa.send(get_eim_package(UNKNOWN_EID))
        seen.observed(reply.body)
        assert reply.status == OK
        assert reply.body == package_error(EID_NOT_FOUND)


@case(
    "EI-002",
    clause="SGP.32 v1.2 §5.14.5",
    confidence="likely",
    area="eim",
    catches=("ignores-missing-eid", "confuses-missing-and-invalid-eid"),
)
def test_missing_or_short_eid(esipa: ServerUnderTest, step: CaseSteps) -> None:
    """A request without an EID is missingEid; one with an EID of another length is invalidEid."""
    for name, request, code in (
        ("without an EID", tlv.build(0xBF4F), MISSING_EID),
        ("with an EID of 15 octets", get_eim_package(UNKNOWN_EID[:15]), INVALID_EID),
        ("with an EID of 17 octets", get_eim_package(UNKNOWN_EID + b"\x00"), INVALID_EID),
    ):
        with step(f"GetEimPackage {name}", expect=f"eimPackageError {code}") as seen:
            reply = esipa.send(request)
            seen.observed(f"{reply.status} {reply.body.hex().upper()}")
            assert reply.status == OK
            assert reply.body == package_error(code)


@case(
    "EI-003",
    clause="SGP.32 v1.2 §5.14.5",
    area="eim",
    needs=State(eims=1),
    catches=("answers-empty-queue-with-undefined-error", "omits-response-headers"),
)
def test_nothing_queued(esipa: ServerUnderTest, card: EuiccUnderTest, step: CaseSteps) -> None:
    """With nothing queued for a known device the answer is noEimPackageAvailable, with the headers that IPAs look for."""
    with step("GetEimPackage of a known device", expect="BF4F03020101, noEimPackageAvailable") as seen:
        reply = esipa.send(get_eim_package(card.eid))
        seen.observed(reply.body)
        assert reply.status == OK
        assert reply.body == package_error(NO_PACKAGE)
    with step("look at the headers", expect="Content-Type of the ASN.1 binding and X-Admin-Protocol") as seen:
        content_type, protocol = reply.header("Content-Type"), reply.header("X-Admin-Protocol")
        seen.observed(f"{content_type}, {protocol}")
        assert (content_type or "").startswith("application/x-gsma-rsp-asn1")
        assert (protocol or "").startswith("gsma/rsp/v")


@case(
    "EI-004",
    clause="SGP.32 v1.2 §2.11.1.1, §3.3.1, §5.13.1",
    area="eim",
    needs=State(eims=1, profiles=("operational-a",)),
    catches=(
        "signs-without-association-token",
        "signs-with-token-zero",
        "signs-in-der",
        "signs-packages-with-another-key",
        "repeats-counter",
        "skips-counters",
        "omits-transaction-id",
    ),
)
def test_package(
    esipa: ServerUnderTest,
    eim: EimUnderTest,
    card: EuiccUnderTest,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """A queued package goes out signed over the package and the association token, with the next counter."""
    last = eim.device(card.eid).association.counter
    commands = (enable(profiles["operational-a"].iccid), list_profile_info())
    for number, command in enumerate(commands, 1):
        with step("the operator queues a package", precondition=True):
            transaction = eim.queue_package(card.eid, command)
        with step("GetEimPackage", expect=f"BF51 for this EID, counter above {last + number - 1}") as seen:
            answer = esipa.ask(get_eim_package(card.eid))
            seen.observed(answer.raw)
            package = answer.get(0xBF51).raw
            signed = tlv.parse(signed_part_of(package))
            assert signed.get(0x5A).value == card.eid
            assert signed.get(0x80).value == eim.identity.eim_id.encode()
            counter = int.from_bytes(signed.get(0x81).value, "big")
            assert counter >= last + number
        with step("look at the counter", expect=f"{last + number}, the next one", confidence="likely") as seen:
            seen.observed(counter)
            assert counter == last + number
        with step("look at eimTransactionId", expect=transaction.hex().upper(), confidence="likely") as seen:
            identifier = signed.find(0x82)
            seen.observed(identifier.value if identifier else "absent")
            assert identifier is not None
            assert identifier.value == transaction
        with step("check eimSignature", expect="r‖s over euiccPackageSigned and the association token"):
            signature = signature_of(package)
            assert len(signature) == 64
            covered = signed.raw + tlv.integer(0x84, token_of(eim))
            key = ecdsa.load_public_key_info(eim.identity.public_key_info)
            assert ecdsa.verify(key, signature, covered)
        with step("a conforming card executes it", precondition=True):
            result = card.load_package(package)
            assert result.is_result
            esipa.ask(tlv.build(0xBF50, tlv.build(0x5A, card.eid), result.raw))
