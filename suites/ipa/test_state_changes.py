"""Changes of profile that were nobody's package, or another eIM's. SGP.32 v1.2 §5.14.5 (StateChangeCause), §3.4.4,
§5.9.20 to §5.9.23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.expectations import imsi_of
from harness.conformance.devices.ipa_views import message_of
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.endpoints.eim import SeenRequest
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import configure_immediate_enable, enable, list_profile_info, set_fallback
from harness.roles.smdp import Smdp

OTHER_EIM, FALLBACK, EMERGENCY, IMMEDIATE = 0, 1, 2, 5
GET_EIM_PACKAGE = 0xBF4F
ECALL_ACTIVE = 104
DONE = "done"


def causes(device: DeviceUnderTest, requests: Sequence[SeenRequest]) -> list[int | None]:
    """stateChangeCause of each GetEimPackage that tells of a change; None where it names no cause."""
    polls = [message for request in requests if (message := message_of(request)).tag == GET_EIM_PACKAGE]
    return [device.esipa.cause_in(poll) for poll in polls if device.esipa.tells_of_a_change(poll)]


@case(
    "IP-039",
    clause="SGP.32 v1.2 §5.14.5",
    confidence="likely",
    area="ipa",
    needs=State(eims=2, profiles=("operational-a", "operational-b"), enabled="operational-a"),
    catches=("names-another-cause", "tells-no-state-change"),
)
def test_change_by_another_eim(
    device: DeviceUnderTest, eim: Eim, other_eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """After a package of one eIM that switched profiles the other eIM hears of it, with the cause otherEim."""
    with step("both eIMs are polled, to tell what was before", precondition=True):
        device.poll_now()
        before = len(device.requests), len(device.other_requests)
        assert all(before)
    with step("the eIM has another profile enabled", precondition=True):
        package = eim.queue_package(device.eid, enable(profiles["operational-b"].iccid))
        device.poll_now()
        device.poll_now()
        assert eim.operation(package).state == DONE
        assert len(device.other_requests) > before[1]
    with step("look at the polls of the other eIM", expect=f"told once, {device.esipa.in_words(OTHER_EIM)}") as seen:
        told = causes(device, device.other_requests[before[1] :])
        seen.observed(told)
        assert told == [device.esipa.told(OTHER_EIM)]
    with step("look at the polls of the eIM whose package it was", expect="no state change") as seen:
        told = causes(device, device.requests[before[0] :])
        seen.observed(told)
        assert told == []


@case(
    "IP-048",
    clause="SGP.32 v1.2 §5.9.22, §5.9.23",
    confidence="likely",
    area="ipa",
    needs=State(eims=1, profiles=("operational-a", "emergency"), enabled="operational-a"),
    requires=("ecall", "esipa-1.2"),
    relies_on=("scripted-network",),
    catches=("ignores-emergency-calls", "keeps-the-emergency-profile", "names-another-cause"),
)
def test_emergency_call(
    device: DeviceUnderTest, module: ModuleUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """An emergency call gets the emergency profile; packages wait or are refused as long as it lasts, and go on after it."""
    with step("an emergency call begins", precondition=True):
        device.poll_now()
        before = len(device.requests)
        device.emergency_call(True)
    with step("AT+CIMI", expect="the IMSI of the emergency profile"):
        assert module.imsi() == imsi_of(profiles["emergency"])
    with step("a package meanwhile", expect="ecallActive(104), or no result") as seen:
        package = eim.queue_package(device.eid, list_profile_info())
        device.poll_now()
        operation = eim.operation(package)
        seen.observed(f"{operation.state} {operation.error_code}")
        assert operation.state != DONE
        assert operation.error_code in (None, ECALL_ACTIVE)
    with step("the call ends", precondition=True):
        device.emergency_call(False)
        device.poll_now()
    with step("AT+CIMI", expect="the IMSI of the former profile"):
        assert module.imsi() == imsi_of(profiles["operational-a"])
    with step("a package after it", expect="done") as seen:
        package = eim.queue_package(device.eid, list_profile_info())
        device.work_off()
        seen.observed(eim.operation(package).state)
        assert eim.operation(package).state == DONE
    with step("look at the polls since the call", expect=f"{device.esipa.in_words(EMERGENCY)}, and no other") as seen:
        told = causes(device, device.requests[before:])
        seen.observed(told)
        assert set(told) == {device.esipa.told(EMERGENCY)}


@case(
    "IP-053",
    clause="SGP.32 v1.2 §3.4.4, §5.9.15",
    confidence="likely",
    area="ipa",
    needs=State(eims=1),
    requires=("immediate-enable",),
    catches=("never-enables-at-once", "names-another-cause"),
)
def test_immediate_enable(
    device: DeviceUnderTest,
    module: ModuleUnderTest,
    eim: Eim,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """Where immediate enabling is configured a profile is enabled right after its download, without another package."""
    with step("a package configures immediate enabling", precondition=True):
        package = eim.queue_package(device.eid, configure_immediate_enable())
        device.poll_now()
        assert eim.operation(package).state == DONE
        before = len(device.requests)
    with step("a profile is downloaded", precondition=True):
        order = smdp.order(profiles["operational-a"])
        download = eim.queue_download(device.eid, activation_code=order.activation_code)
        device.work_off()
        assert eim.operation(download).state == DONE
    with step("AT+CIMI", expect="the IMSI of the new profile"):
        assert module.imsi() == imsi_of(profiles["operational-a"])
    with step("look at the polls since then", expect=f"told once, {device.esipa.in_words(IMMEDIATE)}") as seen:
        device.poll_now()
        told = causes(device, device.requests[before:])
        seen.observed(told)
        assert told == [device.esipa.told(IMMEDIATE)]


@case(
    "IP-055",
    clause="SGP.32 v1.2 §5.9.20, §5.9.21, §5.14.5",
    confidence="likely",
    area="ipa",
    needs=State(eims=1, profiles=("operational-a", "bootstrap"), enabled="operational-a"),
    requires=("fallback", "esipa-1.2"),
    relies_on=("scripted-network",),
    catches=("never-falls-back", "names-another-cause", "never-returns-from-fallback"),
)
def test_fallback(
    device: DeviceUnderTest, module: ModuleUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Without coverage for long the IPA falls back and tells the eIM why; with coverage it returns to the former profile."""
    with step("the Fallback Attribute is set", precondition=True):
        package = eim.queue_package(device.eid, set_fallback(profiles["bootstrap"].iccid))
        device.poll_now()
        assert eim.operation(package).state == DONE
        before = len(device.requests)
    with step("the profile loses its network; let the polling interval pass", precondition=True):
        device.network.refuse("operational-a")
        device.advance(device.polling_interval)
    with step("AT+CIMI", expect="the IMSI of the fallback profile"):
        assert module.imsi() == imsi_of(profiles["bootstrap"])
    with step("look at the polls since then", expect=device.esipa.in_words(FALLBACK)) as seen:
        told = causes(device, device.requests[before:])
        seen.observed(told)
        assert told
        assert set(told) == {device.esipa.told(FALLBACK)}
    with step("the network is back; let the polling interval pass", expect="the IMSI of the former profile"):
        device.network.accept("operational-a")
        device.advance(device.polling_interval)
        assert module.imsi() == imsi_of(profiles["operational-a"])
