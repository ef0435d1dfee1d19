"""After a package that switches profiles: what decides, and what becomes of its result. SGP.32 v1.2 §3.3.1, §3.3.2, §3.4.1."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.expectations import imsi_of
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable

TWO_PROFILES = State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a")
DONE = "done"
REGISTERED = (1, 5)
"""<stat> of +CEREG: home, roaming."""


@case(
    "IP-018",
    clause="SGP.32 v1.2 §3.3.2",
    area="ipa",
    needs=TWO_PROFILES,
    relies_on=("scripted-network",),
    catches="loses-results-it-could-not-deliver",
)
def test_no_rollback_unasked(
    device: DeviceUnderTest, module: ModuleUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Without the rollback flag the new profile stays, and its result is delivered when there is a network again."""
    with step("the network refuses the other profile; the device is to enable it", precondition=True):
        device.network.refuse("operational-b")
        package = eim.queue_package(device.eid, enable(profiles["operational-b"].iccid))
        device.poll_now()
        assert not eim.operation(package).results
    with step("AT+CIMI", expect="the IMSI of the new profile"):
        assert module.imsi() == imsi_of(profiles["operational-b"])
    with step(
        "the network takes it; let the polling interval pass",
        expect="enableResult ok(0), and no rollback",
        confidence="likely",
    ) as seen:
        device.network.accept("operational-b")
        device.advance(device.polling_interval)
        operation = eim.operation(package)
        seen.observed(f"{operation.state} {operation.results}")
        assert operation.results == (("enableResult", 0),)


@case(
    "IP-019",
    clause="SGP.32 v1.2 §3.3.2",
    confidence="likely",
    area="ipa",
    needs=TWO_PROFILES,
    relies_on=("scripted-network",),
    catches="rolls-back-only-without-a-network",
)
def test_delivery_decides(
    device: DeviceUnderTest, module: ModuleUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A new profile that attaches, but over which the eIM cannot be reached, is rolled back."""
    with step("over the other profile the eIM cannot be reached", precondition=True):
        assert eim.identity.fqdn is not None
        device.network.lose(eim.identity.fqdn.partition(":")[0], over="operational-b")
        package = eim.queue_package(device.eid, enable(profiles["operational-b"].iccid, rollback=True))
    with step("the device polls", expect="a result with rollbackResult ok(0) reaches the eIM") as seen:
        device.poll_now()
        if not eim.operation(package).results:
            device.advance(device.polling_interval)  # how long an IPA hopes for the new profile is its own affair
        operation = eim.operation(package)
        seen.observed(f"{operation.state} {operation.results}")
        assert ("rollbackResult", 0) in operation.results
    with step("AT+CIMI", expect="the IMSI of the former profile"):
        assert module.imsi() == imsi_of(profiles["operational-a"])


@case(
    "IP-020",
    clause="SGP.32 v1.2 §3.4.1",
    area="ipa",
    needs=TWO_PROFILES,
    relies_on=("attach",),
    catches="tells-the-imsi-of-the-boot",
)
def test_sim_is_read_again(
    device: DeviceUnderTest, module: ModuleUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """After the REFRESH of an enable the module reads the SIM again and registers with the new profile."""
    with step("AT+CIMI", expect="the IMSI of the profile in use", precondition=True):
        assert module.imsi() == imsi_of(profiles["operational-a"])
    with step("the other profile is enabled", precondition=True):
        package = eim.queue_package(device.eid, enable(profiles["operational-b"].iccid))
        device.poll_now()
        assert eim.operation(package).state == DONE
    with step("AT+CIMI", expect="the IMSI of the new profile"):
        assert module.imsi() == imsi_of(profiles["operational-b"])
    with step("AT+CEREG?", expect="registered") as seen:
        status = module.registration()
        seen.observed(status)
        assert status in REGISTERED
