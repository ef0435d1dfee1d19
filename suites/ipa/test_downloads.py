"""Profile downloads that an eIM triggers. SGP.32 v1.2 §3.2.3.1 (direct), §3.2.3.2 (indirect), §3.7 (notifications).

What an IPA tells may come by ProvideEimPackageResult or by HandleNotification, and a notification by way of the eIM or not:
what is judged is what arrives.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.expectations import NotificationKey, asked_for
from harness.conformance.devices.ipa_views import (
    DATA_HANDLING,
    DIRECT,
    INDIRECT,
    INSTALLED,
    declared,
    installation_result,
    is_kept_from_indirect,
    message_of,
    reported,
)
from harness.conformance.steps import CaseSteps
from harness.errors import Unsupported
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete, disable, enable
from harness.roles.eim.events import NotificationForwarded
from harness.roles.es10.notifications import DELETE, DISABLE, ENABLE, INSTALL
from harness.roles.smdp import Smdp
from harness.roles.smdp.events import NotificationReceived

EVENTS = ("install", "enable", "disable", "delete")
NO_ADDRESS = "none"
INITIATE_AUTHENTICATION, AUTHENTICATE_CLIENT, GET_PACKAGE = 0xBF39, 0xBF3B, 0xBF3A
INDIRECT_FUNCTIONS = (INITIATE_AUTHENTICATION, AUTHENTICATE_CLIENT, GET_PACKAGE)
SMDP_ADDRESS = 0x83
DONE = "done"


def received(smdp: Smdp) -> list[NotificationReceived]:
    """What was notified to the SM-DP+, in the order it came."""
    return [event for event in smdp.events if isinstance(event, NotificationReceived)]


def installations(smdp: Smdp) -> set[bytes]:
    """The installation results among it, one each."""
    return {event.raw for event in received(smdp) if tlv.first(event.raw).tag == INSTALLED}


def functions_called(device: DeviceUnderTest) -> list[int]:
    """The tags of what the eIM was asked, in order."""
    return [message_of(request).tag for request in device.requests]


@case(
    "IP-025",
    clause="SGP.32 v1.2 §3.2.3.1",
    area="ipa",
    needs=State(eims=1, offers_indirect_download=False),
    requires=("direct-download",),
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
    is_kept_from_indirect(device, declared(device, eim, step, DIRECT))
    with step("the eIM queues a download by activation code, the device polls", precondition=True):
        order = smdp.order(profiles["operational-a"])
        transaction = eim.queue_download(device.eid, activation_code=order.activation_code)
        device.poll_now()
        assert device.requests
    with step(
        "look at what the eIM was asked", expect="no InitiateAuthentication, AuthenticateClient or GetBPP"
    ) as seen:
        functions = functions_called(device)
        seen.observed(" ".join(f"{tag:X}" for tag in functions))
        assert not set(functions) & set(INDIRECT_FUNCTIONS)
    with step("look at the result", expect="this download is done: a successful BF37") as seen:
        reports = reported(eim)
        seen.observed(" ".join(report.octets.hex().upper() for report in reports) or "nothing")
        assert eim.operation(transaction).state == DONE
        assert {report.is_installed for report in reports} == {True}
    with step("ask the SM-DP+", expect="the same installation result", confidence="likely") as seen:
        told = installations(smdp)
        seen.observed(f"{len(told)} installation results")
        assert told == {installation_result(report) for report in reports}


@case(
    "IP-024",
    clause="SGP.32 v1.2 §3.2.3.2",
    area="ipa",
    needs=State(eims=1),
    requires=("indirect-download",),
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
    features = declared(device, eim, step, INDIRECT)
    with step("the eIM queues a download by activation code, the device polls", precondition=True):
        order = smdp.order(profiles["operational-a"])
        transaction = eim.queue_download(device.eid, activation_code=order.activation_code)
        device.poll_now()
        functions = functions_called(device)
        if INITIATE_AUTHENTICATION not in functions and DIRECT in features:
            raise Unsupported("the device prefers a direct download")
    address = NO_ADDRESS if DATA_HANDLING in features else smdp.identity.address
    with step("look at smdpAddress", expect=address, confidence="likely") as seen:
        initiated = [message_of(request) for request in device.sent("initiateAuthentication")]
        named = [one.find(SMDP_ADDRESS) for one in initiated]
        told = [NO_ADDRESS if one is None else one.value.decode(errors="replace") for one in named]
        seen.observed(", ".join(told))
        assert told == [address]
    with step("look at what the eIM was asked", expect="InitiateAuthentication, AuthenticateClient, GetBPP") as seen:
        seen.observed(" ".join(f"{tag:X}" for tag in functions))
        assert [tag for tag in functions if tag in INDIRECT_FUNCTIONS] == list(INDIRECT_FUNCTIONS)
    with step("look at the result", expect="this download is done: a successful BF37") as seen:
        reports = reported(eim)
        seen.observed(" ".join(report.octets.hex().upper() for report in reports) or "nothing")
        assert eim.operation(transaction).state == DONE
        assert {report.is_installed for report in reports} == {True}
    with step("ask the SM-DP+", expect="the same installation result, whichever way it came", confidence="likely"):
        assert installations(smdp) == {installation_result(report) for report in reports}


@case(
    "IP-041",
    clause="SGP.32 v1.2 §3.7, SGP.22 §3.5",
    area="ipa",
    needs=State(eims=1),
    effects=("removes-profile", "strands-device"),
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
    expected = {(profile.iccid.hex(), INSTALL, smdp.identity.address)}
    expected |= asked_for(profile, ENABLE) | asked_for(profile, DISABLE)
    with step("a profile is downloaded, enabled and disabled", precondition=True):
        orders = [
            eim.queue_download(device.eid, activation_code=smdp.order(profile).activation_code),
            eim.queue_package(device.eid, enable(profile.iccid)),
            eim.queue_package(device.eid, disable(profile.iccid)),
        ]
        device.work_off()
        assert [eim.operation(order).state for order in orders] == [DONE] * len(orders)
    with step("ask the SM-DP+", expect=f"{len(expected)} notifications, all genuine") as seen:
        came = received(smdp)
        seen.observed("; ".join(f"{event.sequence_number}: {event.event}" for event in came))
        assert {key_of(event) for event in came} == expected
        assert all(event.is_verified for event in came)
    with step("look at their order", expect="rising numbers", confidence="likely") as seen:
        numbers = [event.sequence_number for event in came]
        seen.observed(numbers)
        assert numbers == sorted(numbers)
    if goes_through_the_eim(eim):
        return  # the SM-DP+ is out of a device's reach only where the device goes there itself
    host = smdp.identity.address.partition(":")[0]
    with step("the SM-DP+ is out of reach; the profile is deleted", precondition=True):
        device.network.lose(host)
        order = eim.queue_package(device.eid, delete(profile.iccid))
        device.poll_now()
        assert eim.operation(order).state == DONE
        assert received(smdp) == came
    with step("the SM-DP+ is back, the device polls", precondition=True):
        device.network.find(host)
        device.poll_now()
    with step("ask the SM-DP+", expect="the notification of the deletion") as seen:
        late = received(smdp)[len(came) :]
        seen.observed("; ".join(f"{event.sequence_number}: {event.event}" for event in late))
        assert {key_of(event) for event in late} == asked_for(profile, DELETE)
        assert all(event.is_verified for event in late)


def goes_through_the_eim(eim: Eim) -> bool:
    """Whether the device sends its notifications by way of the eIM, as SGP.32 §3.7 allows it to."""
    forwarded = [event for event in eim.events if isinstance(event, NotificationForwarded)]
    return any(tlv.first(event.octets).tag != INSTALLED for event in forwarded)


def key_of(event: NotificationReceived) -> NotificationKey:
    """ICCID, event and address of a notification as the SM-DP+ saw it; -1 for an event that is several at once."""
    number = EVENTS.index(event.event) if event.event in EVENTS else -1
    return (event.iccid.hex() if event.iccid else "", number, event.address)
