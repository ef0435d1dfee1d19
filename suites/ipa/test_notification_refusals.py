"""A notification that its receiver refuses. SGP.32 v1.2 §3.7, SGP.22 §3.5."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.adversaries.lying import HANDLE_NOTIFICATION, mentions, status
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.expectations import asked_for
from harness.conformance.devices.ipa_views import INSTALLED
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import disable, enable
from harness.roles.es10.notifications import DISABLE, ENABLE
from harness.roles.smdp import Smdp
from harness.roles.smdp.events import NotificationReceived

DONE = "done"
REFUSALS = (400, 403, 500)


def came(smdp: Smdp, *, installations: bool) -> list[NotificationReceived]:
    """What came to the SM-DP+ of the one kind or the other."""
    events = [event for event in smdp.events if isinstance(event, NotificationReceived)]
    return [event for event in events if (tlv.first(event.raw).tag == INSTALLED) is installations]


@case(
    "IP-042",
    clause="SGP.32 v1.2 §3.7",
    confidence="likely",
    area="ipa",
    needs=State(eims=1),
    effects=("removes-profile", "strands-device"),
    catches=("is-blocked-by-what-is-refused", "forgets-notifications-unsent"),
)
def test_refused_notification(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A notification that is refused holds up no other, and is offered until it is taken."""
    profile = profiles["operational-a"]
    others = asked_for(profile, ENABLE) | asked_for(profile, DISABLE)
    with step("a profile is installed, enabled and disabled; its installation result is refused", precondition=True):
        order = smdp.order(profile)
        for number, code in enumerate(REFUSALS):
            last = number == len(REFUSALS) - 1
            device.smdp_answers.change(
                HANDLE_NOTIFICATION, status(code), times=None if last else 1, wanted=mentions(b"\xbf\x37")
            )
        orders = [
            eim.queue_download(device.eid, activation_code=order.activation_code),
            eim.queue_package(device.eid, enable(profile.iccid)),
            eim.queue_package(device.eid, disable(profile.iccid)),
        ]
        device.work_off()
        assert [eim.operation(one).state for one in orders] == [DONE] * len(orders)
    with step("ask the SM-DP+", expect=f"the {len(others)} others") as seen:
        arrived = {event.sequence_number for event in came(smdp, installations=False)}
        offered = len(came(smdp, installations=True))
        seen.observed(f"{len(arrived)} others; the refused one {offered} times")
        assert len(arrived) == len(others)
    with step("the SM-DP+ takes it now, the device polls", expect="the installation result") as seen:
        device.smdp_answers.be_honest()
        device.poll_now()
        again = len(came(smdp, installations=True)) - offered
        seen.observed(f"{again} times")
        assert again >= 1
