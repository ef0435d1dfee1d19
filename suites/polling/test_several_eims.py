"""The schedules of a device with several eIMs. SGP.32 v1.2 §2.11.1.1.1; the times are the maker's (IXIT)."""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.polling import gaps, in_words, tolerance, visits
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim

POLLS = 4


@case(
    "PO-009",
    clause="SGP.32 v1.2 §2.11.1.1.1, declared polling intervals (IXIT)",
    area="polling",
    needs=State(eims=2),
    declared=("polling_interval",),
    catches=("keeps-one-schedule-for-all-eims", "polls-only-the-first-eim"),
)
def test_two_schedules(device: DeviceUnderTest, other_eim: Eim, step: CaseSteps) -> None:
    """Each of two eIMs is polled at its own declared interval; one schedule does not move the other."""
    mine = device.polling_interval
    others = device.declares.get("other_polling_interval", mine)
    with step("the device polls", precondition=True):
        device.poll_now()
        assert device.polls
    longer = max(mine, others)
    with step(f"let {POLLS} of the longer intervals pass", precondition=True):
        device.advance(POLLS * (longer + tolerance(longer, device.declares)))
    for name, interval, requests in (
        ("the eIM", mine, device.polls),
        (other_eim.identity.eim_id, others, device.other_polls),
    ):
        may_differ = tolerance(interval, device.declares)
        expected = f"{POLLS} or more, {interval:g} s apart, each within {may_differ:g} s"
        with step(f"look at the polls of {name}", expect=expected) as seen:
            apart = gaps(visits(requests, interval))
            seen.observed(in_words(apart))
            assert len(apart) >= POLLS - 1
            assert all(abs(gap - interval) <= may_differ for gap in apart)
