"""Profiles that an IPA finds by way of an SM-DS. SGP.32 v1.2 §3.9, SGP.22 §3.6.2, §5.8 (ES11)."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.adversaries.lying import INITIATE
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.ipa_views import (
    DATA_HANDLING,
    DIRECT,
    INDIRECT,
    declared,
    is_kept_from_indirect,
    message_of,
    reported,
)
from harness.conformance.steps import CaseSteps
from harness.errors import Unsupported
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.smdp import Smdp
from harness.roles.smdp.events import EuiccAuthenticated
from harness.roles.smds import EventRecord, Smds
from harness.roles.smds.messages import RegisterEvent

EVENT = "EVENT-1"
SERVER_ADDRESS = 0x83
NO_ADDRESS = "none"
DONE = "done"


def event_for(device: DeviceUnderTest, smdp: Smdp, smds: Smds, profile: ProfilePackage, clock: Clock) -> None:
    """A profile waits at the SM-DP+ for this eUICC, and the SM-DS knows of it."""
    smdp.order(profile, matching_id=EVENT, eid=device.eid)
    smds.call(RegisterEvent(EventRecord(device.eid, EVENT, smdp.identity.address)), clock.utc())


def matching_ids(smdp: Smdp) -> list[str]:
    """What the eUICCs that came to the SM-DP+ asked it for."""
    return [event.matching_id for event in smdp.events if isinstance(event, EuiccAuthenticated)]


@case(
    "IP-054",
    clause="SGP.32 v1.2 §3.9",
    confidence="likely",
    area="ipa",
    needs=State(eims=1),
    requires=("indirect-download",),
    catches=("takes-an-smds-for-an-smdp", "drops-the-event-id"),
)
def test_through_the_eim(
    device: DeviceUnderTest,
    eim: Eim,
    smdp: Smdp,
    smds: Smds,
    clock: Clock,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """Sent to an SM-DS, the IPA asks it through the eIM for the event, and the event's SM-DP+ for the profile."""
    features = declared(device, eim, step, INDIRECT)
    with step("an event waits at the SM-DS; contactSmds names that, and the device polls", precondition=True):
        event_for(device, smdp, smds, profiles["operational-a"], clock)
        download = eim.queue_download(device.eid, smds=smds.identity.address)
        device.work_off()
        initiated = [message_of(request) for request in device.sent(INITIATE)]
        if not initiated and DIRECT in features:
            raise Unsupported("the device prefers a direct download")
    servers = [smds.identity.address, smdp.identity.address]
    expected = [NO_ADDRESS] * 2 if DATA_HANDLING in features else servers
    with step("look at smdpAddress of InitiateAuthentication", expect=", then ".join(expected)) as seen:
        named = [one.find(SERVER_ADDRESS) for one in initiated]
        told = [NO_ADDRESS if one is None else one.value.decode(errors="replace") for one in named]
        seen.observed(", ".join(told))
        assert told == expected
    with step("look at the result", expect="this download is done: a successful BF37") as seen:
        reports = reported(eim)
        seen.observed(" ".join(report.octets.hex().upper() for report in reports) or "nothing")
        assert eim.operation(download).state == DONE
        assert {report.is_installed for report in reports} == {True}
    with step("ask the SM-DP+", expect=f"one eUICC, with the event's {EVENT}") as seen:
        seen.observed(matching_ids(smdp))
        assert matching_ids(smdp) == [EVENT]


@case(
    "IP-058",
    clause="SGP.32 v1.2 §3.9, SGP.22 §3.6.2",
    confidence="likely",
    area="ipa",
    needs=State(eims=1, offers_indirect_download=False),
    requires=("direct-download",),
    catches=("asks-the-root-smds-only", "takes-an-smds-for-an-smdp"),
)
def test_directly(
    device: DeviceUnderTest,
    eim: Eim,
    smdp: Smdp,
    smds: Smds,
    clock: Clock,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """With an eIM that offers no indirect download the IPA goes to the SM-DS itself, and from there to the SM-DP+."""
    is_kept_from_indirect(device, declared(device, eim, step, DIRECT))
    with step("an event waits at the SM-DS; contactSmds names that, and the device polls", precondition=True):
        event_for(device, smdp, smds, profiles["operational-a"], clock)
        download = eim.queue_download(device.eid, smds=smds.identity.address)
        device.work_off()
        assert device.requests
    with step("look at the result", expect="this download is done: a successful BF37") as seen:
        reports = reported(eim)
        seen.observed(" ".join(report.octets.hex().upper() for report in reports) or "nothing")
        assert eim.operation(download).state == DONE
        assert {report.is_installed for report in reports} == {True}
    with step("ask the SM-DP+", expect=f"one eUICC, with the event's {EVENT}") as seen:
        seen.observed(matching_ids(smdp))
        assert matching_ids(smdp) == [EVENT]
    with step("look at what the eIM was asked", expect="no InitiateAuthentication") as seen:
        seen.observed(len(device.sent(INITIATE)))
        assert not device.sent(INITIATE)
