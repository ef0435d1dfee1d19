"""Polling when something around the device changes: roaming, service without data, a clock that jumps. The maker's (IXIT)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.devices.polling import next_poll, tolerance, visits
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info

ASSOCIATED = State(eims=1)
WITH_PROFILE = State(eims=1, profiles=("operational-a",), enabled="operational-a")
INTERVALS = 4
ROUNDS = 3
DONE = "done"
DAY = timedelta(days=1)


@case(
    "PO-008",
    clause="declared polling interval and back-off (IXIT)",
    confidence="likely",
    area="polling",
    needs=WITH_PROFILE,
    relies_on=("scripted-network",),
    declared=("polling_interval", "longest_retry"),
    catches="gives-up-after-an-error",
)
def test_roaming_and_limited_service(device: DeviceUnderTest, step: CaseSteps) -> None:
    """Roaming does not make a device poll more often, and after a time without data it comes back by itself."""
    interval, longest = device.polling_interval, device.declares["longest_retry"]
    with step("the network is a foreign one", precondition=True):
        device.network.treat("operational-a", "roaming")
        device.poll_now()
        before = len(device.polls)
    with step(f"let {INTERVALS} intervals pass", expect=f"no more than {INTERVALS} visits; fewer are a policy") as seen:
        device.advance(INTERVALS * interval)
        found = visits(device.polls[before:], interval)
        seen.observed(f"{len(found)} visits while roaming")
        assert len(found) <= INTERVALS
    with step("registered without data, two intervals long", precondition=True) as seen:
        device.network.treat("operational-a", "no-data")
        before = len(device.polls)
        device.advance(2 * interval)
        seen.observed(f"{len(device.polls) - before} polls came; attempts without data are not seen from here")
    device.network.treat("operational-a", "home")
    latest = longest + tolerance(longest, device.declares)
    with step("the home network is back, with data", expect=f"a poll within {latest:g} s") as seen:
        waited = next_poll(device, latest)
        seen.observed("none" if waited is None else f"after {waited:.0f} s")
        assert waited is not None


@case(
    "PO-010",
    clause="unknown: no rule, a promise to whoever shares the link with the IPA",
    confidence="likely",
    area="polling",
    needs=WITH_PROFILE,
    relies_on=("attach", "application"),
    declared=("polling_interval",),
    catches="drops-data-when-it-polls",
)
def test_poll_while_data_flow(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A poll loses nothing of what the host sends and receives meanwhile; how much it slows that down is recorded."""
    with step("a package waits", precondition=True):
        transaction = eim.queue_package(device.eid, list_profile_info())
    with device.traffic("operational-a") as traffic:
        with step(f"{ROUNDS} blocks to the application server and back", precondition=True) as seen:
            for _ in range(ROUNDS):
                traffic.round()
            alone = sum(traffic.paces) / ROUNDS
            seen.observed(f"{traffic.came} of {traffic.sent} octets, {alone:.3f} s a block")
            assert traffic.came == traffic.sent
        with step("blocks without a pause while the device polls", expect="as many octets back as went out") as seen:
            came = device.poll_amid(traffic.round)
            amid = traffic.paces[ROUNDS:]
            seen.observed(
                f"{len(came)} requests; {traffic.came} of {traffic.sent} octets, "
                f"{sum(amid) / len(amid):.3f} s a block, {max(amid):.3f} s at most"
            )
            assert traffic.came == traffic.sent
    with step("ask the eIM", expect="the package done") as seen:
        device.work_off()
        seen.observed(eim.operation(transaction).state)
        assert eim.operation(transaction).state == DONE


def set_clock(module: ModuleUnderTest, moment: datetime) -> None:
    """AT+CCLK, in UTC. Raises Unsupported where the module lets nobody set its clock."""
    module.optional(f'AT+CCLK="{moment:%y/%m/%d,%H:%M:%S}+00"')


@case(
    "PO-013",
    clause="declared polling interval (IXIT), 3GPP TS 27.007 §8.15 (+CCLK)",
    confidence="likely",
    area="polling",
    needs=ASSOCIATED,
    declared=("polling_interval",),
    catches="plans-by-the-wall-clock",
)
def test_clock_jumps(device: DeviceUnderTest, module: ModuleUnderTest, step: CaseSteps) -> None:
    """A clock that jumps a day, forwards or backwards, neither silences the device nor makes it catch up."""
    interval = device.polling_interval
    latest = interval + tolerance(interval, device.declares)
    for days, direction in ((1, "forwards"), (-1, "backwards")):
        with step(f"the device polls; its clock then goes a day {direction}", precondition=True):
            device.poll_now()
            before = len(device.polls)
            set_clock(module, datetime.fromtimestamp(device.now, UTC) + days * DAY)
        with step("let an interval pass", expect="one visit, or two: the jump itself may make it poll") as seen:
            device.advance(latest)
            found = visits(device.polls[before:], interval)
            seen.observed(f"{len(found)} visits")
            assert 1 <= len(found) <= 2
    with step("its clock is put right", precondition=True):
        set_clock(module, datetime.fromtimestamp(device.now, UTC))
