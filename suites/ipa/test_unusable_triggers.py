"""Triggers that an IPA cannot use. SGP.32 v1.2 §3.2.3.1, §3.2.3.2, §5.14.6 (EimPackageResult error codes)."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.ipa_views import DATA_HANDLING, declared
from harness.conformance.steps import CaseSteps
from harness.errors import Unsupported
from harness.roles.eim import Eim
from harness.roles.eim.events import PackageErrorReported

ASSOCIATED = State(eims=1)
INVALID_PACKAGE_FORMAT, UNKNOWN_PACKAGE = 1, 2
TRANSACTION = bytes.fromhex("0102030405060708090A0B0C0D0E0F10")
UNUSABLE = ("1$smdp.harness.test", "smdp.harness.test$M", "1$smdp harness test$M", "2$smdp.harness.test$M", "1$$")


def errors(eim: Eim) -> list[PackageErrorReported]:
    """The errors that the device answered packages with."""
    return [event for event in eim.events if isinstance(event, PackageErrorReported)]


def is_refusal_of(device: DeviceUnderTest, transaction: bytes, found: list[PackageErrorReported]) -> bool:
    """Whether these are one invalidPackageFormat, in this transaction where the device's version has a field for it."""
    if [event.error_code for event in found] != [INVALID_PACKAGE_FORMAT]:
        return False
    return not device.esipa.answers_name_their_transaction or found[0].transaction_id == transaction


@case(
    "IP-021",
    clause="SGP.32 v1.2 §5.14.6",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    catches=("swallows-unusable-triggers", "forgets-the-eim-transaction"),
)
def test_unknown_download_data(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A trigger with an alternative that nobody knows is answered with an error, in its transaction (since v1.2)."""
    trigger = tlv.build(0xBF54, tlv.build(0xA0, tlv.build(0x8A, b"x")), tlv.build(0x82, TRANSACTION))
    with step("the eIM queues profileDownloadData [10], the device polls", precondition=True):
        eim.queue_message(device.eid, trigger, TRANSACTION)
        device.poll_now()
        assert device.requests
    with step("look for the answer", expect="invalidPackageFormat(1) or unknownPackage(2)") as seen:
        found = errors(eim)
        seen.observed(" ".join(f"error {event.error_code}" for event in found) or "none")
        assert {event.error_code for event in found} <= {INVALID_PACKAGE_FORMAT, UNKNOWN_PACKAGE}
        assert found
    if device.esipa.answers_name_their_transaction:
        with step("look at its eimTransactionId", expect=TRANSACTION.hex().upper()) as seen:
            seen.observed(" ".join((event.transaction_id or b"").hex().upper() or "none" for event in found))
            assert {event.transaction_id for event in found} == {TRANSACTION}


@case(
    "IP-022",
    clause="SGP.32 v1.2 §3.2.3",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    without=("eim-download-data",),
    catches="swallows-unusable-triggers",
)
def test_empty_trigger(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An IPA that does not leave the download data to the eIM answers an empty trigger with invalidPackageFormat."""
    features = declared(device, eim, step)
    with step("the eIM queues an empty trigger, the device polls", precondition=True):
        if DATA_HANDLING in features:
            raise Unsupported(f"ipaCapabilities has {DATA_HANDLING}")
        transaction = eim.queue_download(device.eid, activation_code="1$smdp.harness.test$M", is_told=False)
        device.poll_now()
    with step("look for the answer", expect="invalidPackageFormat(1) in its transaction") as seen:
        found = errors(eim)
        seen.observed(" ".join(f"error {event.error_code}" for event in found) or "none")
        assert is_refusal_of(device, transaction, found)


@case(
    "IP-023",
    clause="SGP.32 v1.2 §3.2.3.1",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    catches=("takes-any-activation-code", "swallows-unusable-triggers"),
)
def test_bad_activation_codes(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An activation code that cannot be used is answered with invalidPackageFormat, not dropped and not tried."""
    for code in UNUSABLE:
        with step(f"a trigger with {code!r}", expect="invalidPackageFormat(1) in its transaction") as seen:
            before = len(errors(eim))
            transaction = eim.queue_download(device.eid, activation_code=code)
            device.work_off()
            found = errors(eim)[before:]
            seen.observed(" ".join(f"error {event.error_code}" for event in found) or "none")
            assert is_refusal_of(device, transaction, found)
