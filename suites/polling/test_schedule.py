"""When an IPA polls. SGP.32 v1.2 §3.1.1.1 leaves the schedule to the maker: it is judged against what is declared."""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.polling import gaps, in_words, tolerance, visits
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info

ASSOCIATED = State(eims=1)
POLLS = 10
AT_ONCE = 60.0
"""Seconds for a package, a data request and their answers: far below any polling interval."""


@case(
    "PO-001",
    clause="declared polling interval (IXIT)",
    area="polling",
    needs=ASSOCIATED,
    declared=("polling_interval",),
    catches=("polls-three-times-too-rarely", "polls-later-than-declared"),
)
def test_interval(device: DeviceUnderTest, step: CaseSteps) -> None:
    """Over ten polls each interval and their mean are what is declared, within the declared jitter and one per cent.

    Where no jitter is declared ten per cent are allowed.
    """
    interval = device.polling_interval
    may_differ = tolerance(interval, device.declares)
    with step("a first poll", precondition=True):
        device.poll_now()
        assert device.polls

    def apart() -> list[float]:
        return gaps(visits(device.polls, interval))

    def is_certain() -> bool:
        return len(apart()) >= POLLS or any(abs(gap - interval) > may_differ for gap in apart())

    expected = f"{POLLS} polls more, {interval:g} s apart, each within {may_differ:g} s"
    with step(f"let {POLLS} declared intervals pass", expect=expected) as seen:
        device.advance(POLLS * (interval + may_differ), until=is_certain)
        seen.observed(in_words(apart()))
        assert all(abs(gap - interval) <= may_differ for gap in apart())
        assert len(apart()) == POLLS
        assert abs(sum(apart()) / POLLS - interval) <= may_differ


@case(
    "PO-003",
    clause="SGP.32 v1.2 §3.1.1.1",
    confidence="likely",
    area="polling",
    needs=ASSOCIATED,
    catches=("waits-after-each-package", "gives-up-after-a-data-request"),
)
def test_polls_until_nothing_is_left(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """After a result the IPA asks again at once, until there is no package left."""
    with step("the eIM queues a data request and a package, the device polls", precondition=True):
        eim.queue_data_request(device.eid, tags=[0xBF20])
        eim.queue_package(device.eid, list_profile_info())
        device.poll_now()
        assert device.requests
    with step("look at the polls of that visit", expect="three or more, the last without a package") as seen:
        polls = device.polls
        seen.observed(f"{len(polls)} within {polls[-1].at - polls[0].at:g} s" if polls else "none")
        assert len(polls) >= 3
        assert device.heard_that_nothing_waits
        assert polls[-1].at - polls[0].at <= AT_ONCE
