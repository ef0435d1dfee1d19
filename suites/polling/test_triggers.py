"""What makes an IPA poll before its interval is over: a boot, a change of its own, a wake-up.

When it has to is left to the maker (IXIT); that it tells what changed is SGP.32 v1.2 §5.14.5.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.ipa_views import message_of
from harness.conformance.devices.polling import next_poll, tolerance
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import set_fallback

ASSOCIATED = State(eims=1)
WITH_PROFILE = State(eims=1, profiles=("operational-a",), enabled="operational-a")
TWO_PROFILES = State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-b")
FALLBACK = 1
NOTIFY_STATE_CHANGE = 0x80
DONE = "done"


@case(
    "PO-002",
    clause="declared boot trigger (IXIT)",
    area="polling",
    needs=ASSOCIATED,
    declared=("boot_poll_within",),
    catches="waits-an-interval-after-boot",
)
def test_boot(device: DeviceUnderTest, step: CaseSteps) -> None:
    """After a boot the device polls within the declared time."""
    within = device.declares["boot_poll_within"]
    with step("power the device off and on", precondition=True):
        began, before = device.now, len(device.polls)
        device.power_cycle()
    with step("wait for its first poll", expect=f"within {within:g} s") as seen:
        device.advance(max(0.0, began + within - device.now), until=lambda: len(device.polls) > before)
        seen.observed(f"{device.polls[before].at - began:.0f} s" if device.polls[before:] else "none")
        assert device.polls[before:]
        assert device.polls[before].at - began <= within


@case(
    "PO-006",
    clause="SGP.32 v1.2 §5.14.5, declared times (IXIT)",
    confidence="likely",
    area="polling",
    needs=TWO_PROFILES,
    requires=("fallback", "esipa-1.2"),
    relies_on=("scripted-network",),
    declared=("fallback_after", "return_after", "change_poll_within"),
    catches="keeps-local-changes-for-the-next-poll",
)
def test_local_change(
    device: DeviceUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """After a fallback of its own, and after the return, the device polls out of turn and tells that profiles changed."""
    within = device.declares["change_poll_within"]
    with step("A gets the Fallback Attribute", precondition=True):
        package = eim.queue_package(device.eid, set_fallback(profiles["operational-a"].iccid))
        device.work_off()
        assert eim.operation(package).state == DONE
    for name, treatment, what in (("fallback_after", "no-coverage", "fallback"), ("return_after", "home", "return")):
        before, lasts = len(device.polls), device.declares[name]
        latest = lasts + tolerance(lasts, device.declares) + within
        expected = f"a poll within {latest:g} s, with {device.esipa.in_words(FALLBACK)}"
        with step(f"B meets: {treatment}; wait for the {what}", expect=expected) as seen:
            device.network.treat("operational-b", treatment)
            waited = next_poll(device, latest)
            requests = [message_of(poll) for poll in device.polls[before:]]
            causes = [device.esipa.cause_in(request) for request in requests]
            seen.observed(f"after {waited} s, causes {causes}")
            assert causes
            assert requests[0].find(NOTIFY_STATE_CHANGE) is not None
            assert causes[0] == device.esipa.told(FALLBACK)


@case(
    "PO-007",
    clause="declared wake-up by SMS (IXIT)",
    area="polling",
    needs=WITH_PROFILE,
    relies_on=("attach", "sms"),
    declared=("wake_within",),
    catches="sleeps-through-an-sms",
)
def test_sms(device: DeviceUnderTest, step: CaseSteps) -> None:
    """Woken by an SMS the device polls within the declared time."""
    within = device.declares["wake_within"]
    with step("the device polls, and rests", precondition=True):
        device.poll_now()
        assert device.polls
    with step("send the SMS that wakes it", expect=f"a poll within {within:g} s") as seen:
        device.send_sms()
        waited = next_poll(device, within)
        seen.observed("no poll" if waited is None else f"after {waited:.0f} s")
        assert waited is not None
