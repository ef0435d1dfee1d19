"""When an IPA polls. SGP.32 v1.2 §3.1.1.1 leaves the schedule to the maker: it is judged against what is declared."""

from __future__ import annotations

from itertools import pairwise

from harness.conformance.case import State, case
from harness.conformance.device import DeviceUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info

ASSOCIATED = State(eims=1)
POLLS = 10
TOLERANCE = 0.1
"""Of the declared interval, for each single one and for the mean."""
AT_ONCE = 60.0
"""Seconds for a package, a data request and their answers: far below any polling interval."""


@case(
    "PO-001",
    clause="declared polling interval (IXIT)",
    area="polling",
    needs=ASSOCIATED,
    catches="polls-three-times-too-rarely",
)
def test_interval(device: DeviceUnderTest, step: CaseSteps) -> None:
    """Over ten polls each interval and their mean are what is declared, within ten per cent."""
    interval = device.polling_interval
    with step("a first poll", precondition=True):
        device.poll_now()
        assert device.polls
    with step(f"let {POLLS} declared intervals pass", expect=f"{POLLS} polls more, {interval:g} s apart") as seen:
        for _ in range(POLLS):
            device.advance(interval)
        visits = visited_at(device, TOLERANCE * interval)
        gaps = [later - earlier for earlier, later in pairwise(visits)]
        seen.observed(" ".join(f"{gap:g}" for gap in gaps) or "no poll")
        assert len(gaps) == POLLS
        assert all(abs(gap - interval) <= TOLERANCE * interval for gap in gaps)
        assert abs(sum(gaps) / len(gaps) - interval) <= TOLERANCE * interval


def visited_at(device: DeviceUnderTest, together: float) -> list[float]:
    """When visits began: polls that are no more than `together` seconds apart belong to one."""
    begun: list[float] = []
    last = float("-inf")
    for poll in device.polls:
        if poll.at - last > together:
            begun.append(poll.at)
        last = poll.at
    return begun


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
