"""What an IPA does with the packages of its eIM. SGP.32 v1.2 §3.1.1.1, §3.3.1, §3.3.2 and §5.14.6."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.expectations import imsi_of
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable, list_profile_info
from harness.roles.eim.events import DataReceived, DataRefused, DownloadReported, PackageErrorReported, ResultAccepted

ASSOCIATED = State(eims=1)
TWO_PROFILES = State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a")
DONE = "done"


@case(
    "IP-010",
    clause="SGP.32 v1.2 §3.1.1.1, §5.14.6",
    area="ipa",
    needs=ASSOCIATED,
    catches="spoils-package-results",
)
def test_package_is_executed(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A package is executed and its result, signed by the card, is delivered in the same visit."""
    with step("the eIM queues a package, the device polls", precondition=True):
        transaction = eim.queue_package(device.eid, list_profile_info())
        device.poll_now()
        assert device.requests
    with step("ask the eIM", expect="done: a result whose signature holds") as seen:
        operation = eim.operation(transaction)
        seen.observed(operation.state)
        assert operation.state == DONE


@case(
    "IP-011",
    clause="SGP.32 v1.2 §3.1.1.1",
    area="ipa",
    needs=ASSOCIATED,
    catches="reports-only-the-first-result",
)
def test_three_packages(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Packages that wait are executed in order, with one result each."""
    with step("the eIM queues three packages, the device polls", precondition=True):
        transactions = [eim.queue_package(device.eid, list_profile_info()) for _ in range(3)]
        device.work_off()
        assert device.requests
    with step("ask the eIM", expect="all three done") as seen:
        states = [eim.operation(transaction).state for transaction in transactions]
        seen.observed(states)
        assert states == [DONE] * 3
    with step("look at the results as they came", expect="one each, in the order queued") as seen:
        came = [event.transaction_id for event in eim.events if isinstance(event, ResultAccepted)]
        seen.observed(" ".join(identifier.hex() for identifier in came))
        assert list(dict.fromkeys(came)) == transactions


@case("IP-012", clause="SGP.32 v1.2 §3.7, §2.11.2", area="ipa", needs=ASSOCIATED, catches="keeps-acknowledged-results")
def test_acknowledged_result_is_removed(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A result that the eIM acknowledged is removed from the card."""
    with step("one package is executed and acknowledged", precondition=True):
        transaction = eim.queue_package(device.eid, list_profile_info())
        device.poll_now()
        assert eim.operation(transaction).state == DONE
    with step("the eIM asks for the stored results", expect="none") as seen:
        request = eim.queue_data_request(device.eid, tags=[device.esipa.stored_results])
        device.poll_now()
        answered = tlv.parse(eim.operation(request).answer)
        seen.observed(answered.raw)
        assert device.esipa.results_in(answered) == ()


@case(
    "IP-016",
    clause="SGP.32 v1.2 §3.3.1, §3.4.1",
    area="ipa",
    needs=TWO_PROFILES,
    catches=("loses-the-network-after-a-switch", "rolls-back-whenever-allowed"),
)
def test_result_over_new_profile(
    device: DeviceUnderTest, module: ModuleUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """After an enable the IPA connects with the new profile and delivers the result over it."""
    with step("the eIM queues an enable of the other profile, the device polls", precondition=True):
        transaction = eim.queue_package(device.eid, enable(profiles["operational-b"].iccid, rollback=True))
        device.poll_now()
        assert device.requests
    with step("ask the eIM", expect="done, enableResult ok(0)") as seen:
        operation = eim.operation(transaction)
        seen.observed(f"{operation.state} {operation.results}")
        assert operation.state == DONE
        assert operation.results == (("enableResult", 0),)
    with step("AT+CIMI", expect="the IMSI of the new profile"):
        assert module.imsi() == imsi_of(profiles["operational-b"])


@case(
    "IP-017",
    relies_on=("scripted-network",),
    clause="SGP.32 v1.2 §3.3.2",
    confidence="likely",
    area="ipa",
    needs=TWO_PROFILES,
    catches=("never-rolls-back", "loses-rollback-grant"),
)
def test_rollback(
    device: DeviceUnderTest, module: ModuleUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A new profile that does not connect is rolled back where the package allows it, and the eIM hears of it."""
    with step("the network refuses the other profile", precondition=True):
        device.network.refuse("operational-b")
        transaction = eim.queue_package(device.eid, enable(profiles["operational-b"].iccid, rollback=True))
    with step("the device polls", expect="a result with rollbackResult ok(0) reaches the eIM") as seen:
        device.poll_now()
        if not eim.operation(transaction).results:
            device.advance(device.polling_interval)  # how long an IPA hopes for the new profile is its own affair
        operation = eim.operation(transaction)
        seen.observed(f"{operation.state} {operation.results}")
        assert ("rollbackResult", 0) in operation.results
    with step("AT+CIMI", expect="the IMSI of the former profile"):
        assert module.imsi() == imsi_of(profiles["operational-a"])


@case(
    "IP-038",
    clause="SGP.32 v1.2 §2.11",
    area="ipa",
    needs=ASSOCIATED,
    catches=("forgets-the-eim-transaction", "keeps-download-failures-quiet"),
)
def test_transaction_id_is_echoed(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """eimTransactionId of a data request (since v1.2) and of a download trigger comes back in their answers."""
    with step("the eIM queues a data request and an unusable download", precondition=True):
        data = eim.queue_data_request(device.eid, tags=[0xBF20])
        download = eim.queue_download(device.eid, activation_code="1$smdp.harness.test$NOT-AN-ORDER")
        device.work_off()
        assert device.requests
    if device.esipa.answers_name_their_transaction:
        with step("look at the answer to the data request", expect=data.hex().upper()) as seen:
            answers = [event for event in eim.events if isinstance(event, DataReceived | DataRefused)]
            seen.observed(" ".join((event.transaction_id or b"").hex().upper() or "none" for event in answers))
            assert {event.transaction_id for event in answers} == {data}
    reports = [event for event in eim.events if isinstance(event, DownloadReported | PackageErrorReported)]
    with step("look for an answer to the download", expect="a report of its failure", confidence="likely") as seen:
        seen.observed(len(reports))
        assert reports
    with step("look at that answer", expect=download.hex().upper()) as seen:
        seen.observed(" ".join((event.transaction_id or b"").hex().upper() or "none" for event in reports))
        assert {event.transaction_id for event in reports} <= {download}
