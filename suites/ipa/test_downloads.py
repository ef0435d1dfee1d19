"""Profile downloads that an eIM triggers. SGP.32 v1.2 §3.2.3.1 (direct), §3.2.3.2 (indirect), §3.7 (notifications)."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.device import DeviceUnderTest
from harness.conformance.expectations import asked_for
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import disable, enable
from harness.roles.smdp import Smdp
from harness.roles.smdp.events import NotificationReceived

PROVIDE_RESULT, DOWNLOAD_RESULT = 0xBF50, 0xBF54
INSTALLED = 0xBF37
EVENTS = ("install", "enable", "disable", "delete")
INDIRECT_FUNCTIONS = (0xBF39, 0xBF3B, 0xBF3A)
DONE = "done"


def reported_download(device: DeviceUnderTest) -> tlv.Tlv:
    """The ProfileDownloadTriggerResult that the device sent. Asserts that there is exactly one."""
    bodies = [tlv.parse(request.body) for request in device.requests]
    results = [body.find(DOWNLOAD_RESULT) for body in bodies if body.tag == PROVIDE_RESULT]
    found = [result for result in results if result is not None]
    assert len(found) == 1
    return found[0]


def received(smdp: Smdp) -> list[NotificationReceived]:
    """What was notified to the SM-DP+, in the order it came."""
    return [event for event in smdp.events if isinstance(event, NotificationReceived)]


def installations(smdp: Smdp) -> list[NotificationReceived]:
    """The installation results among it."""
    return [event for event in received(smdp) if event.event == "install"]


@case(
    "IP-025",
    clause="SGP.32 v1.2 §3.2.3.1",
    area="ipa",
    needs=State(eims=1, offers_indirect_download=False),
    catches="hides-the-installation-result",
)
def test_direct(
    device: DeviceUnderTest,
    eim: Eim,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """With an eIM that offers no indirect download the IPA goes to the SM-DP+ itself, and reports the result."""
    with step("the eIM queues a download by activation code, the device polls", precondition=True):
        transaction = eim.queue_download(
            device.eid, activation_code=smdp.order(profiles["operational-a"]).activation_code
        )
        device.poll_now()
        assert device.requests
    with step(
        "look at what the eIM was asked", expect="no InitiateAuthentication, AuthenticateClient or GetBPP"
    ) as seen:
        functions = [tlv.parse(request.body).tag for request in device.requests]
        seen.observed(" ".join(f"{tag:X}" for tag in functions))
        assert not set(functions) & set(INDIRECT_FUNCTIONS)
    with step("look at the result", expect="BF54 with this transaction and a successful BF37") as seen:
        reported = reported_download(device)
        seen.observed(reported.raw)
        assert reported.get(0x82).value == transaction
        assert reported.get(INSTALLED, 0xBF27, 0xA2).find(0xA0) is not None
    with step("ask the SM-DP+", expect="the same installation result") as seen:
        told = installations(smdp)
        seen.observed(f"{len(told)} installation results")
        assert [event.raw for event in told] == [reported.get(INSTALLED).raw]


@case(
    "IP-024",
    clause="SGP.32 v1.2 §3.2.3.2",
    area="ipa",
    needs=State(eims=1),
    catches=("names-another-smdp-address", "asks-for-no-smdp-address"),
)
def test_indirect(
    device: DeviceUnderTest,
    eim: Eim,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """With an eIM that offers it the IPA downloads through the eIM, and reports the result."""
    with step("the eIM queues a download by activation code, the device polls", precondition=True):
        transaction = eim.queue_download(
            device.eid, activation_code=smdp.order(profiles["operational-a"]).activation_code
        )
        device.poll_now()
        assert device.requests
    with step("look at what the eIM was asked", expect="InitiateAuthentication, AuthenticateClient, GetBPP") as seen:
        functions = [tlv.parse(request.body).tag for request in device.requests]
        seen.observed(" ".join(f"{tag:X}" for tag in functions))
        assert [tag for tag in functions if tag in INDIRECT_FUNCTIONS] == list(INDIRECT_FUNCTIONS)
    with step("look at smdpAddress", expect="that of the activation code", confidence="likely") as seen:
        asked = next(tlv.parse(one.body) for one in device.requests if tlv.parse(one.body).tag == INDIRECT_FUNCTIONS[0])
        address = asked.find(0x83)
        seen.observed(address.value.decode() if address else "absent")
        assert address is not None
        assert address.value.decode() == smdp.identity.address
    with step("look at the result", expect="BF54 with this transaction and a successful BF37") as seen:
        reported = reported_download(device)
        seen.observed(reported.raw)
        assert reported.get(0x82).value == transaction
        assert reported.get(INSTALLED, 0xBF27, 0xA2).find(0xA0) is not None
    with step("ask the SM-DP+", expect="one installation result, whichever way it came"):
        assert len(installations(smdp)) == 1


@case(
    "IP-041",
    clause="SGP.32 v1.2 §3.7, SGP.22 §3.5",
    area="ipa",
    needs=State(eims=1, profiles=("operational-a",)),
    catches=(
        "keeps-notifications-for-itself",
        "sends-notifications-newest-first",
        "forgets-notifications-unsent",
    ),
)
def test_notifications(
    device: DeviceUnderTest,
    eim: Eim,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """Notifications reach the receiver that the metadata name, in the order of their numbers, however late."""
    profile = profiles["operational-a"]
    expected = asked_for(profile, 1) | asked_for(profile, 2)
    host = smdp.identity.address.partition(":")[0]
    with step("the SM-DP+ is out of reach; enable and disable a profile by two packages", precondition=True):
        device.network.lose(host)
        transactions = [eim.queue_package(device.eid, command(profile.iccid)) for command in (enable, disable)]
        device.poll_now()
        assert [eim.operation(transaction).state for transaction in transactions] == [DONE, DONE]
        assert expected
        assert received(smdp) == []
    with step("the SM-DP+ is back, the device polls", precondition=True):
        device.network.find(host)
        device.poll_now()
    with step("ask the SM-DP+", expect=f"{len(expected)} notifications, rising numbers") as seen:
        came = received(smdp)
        seen.observed("; ".join(f"{event.sequence_number}: {event.event}" for event in came))
        keys = {(event.iccid.hex() if event.iccid else "", event.event, event.address) for event in came}
        assert keys == {(iccid, EVENTS[event], address) for iccid, event, address in expected}
        numbers = [event.sequence_number for event in came]
        assert numbers == sorted(set(numbers))
        assert all(event.is_verified for event in came)
