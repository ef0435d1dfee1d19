"""What polling costs, and whether it goes on: numbers for a data plan and a battery, and a day without an end."""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.polling import gaps, in_words, tolerance, visits
from harness.conformance.steps import CaseSteps
from harness.endpoints.eim import SeenRequest
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info

ASSOCIATED = State(eims=1)
DAY = 86400.0
DONE = "done"
SUCCESS = (200, 204)


def octets_of(request: SeenRequest) -> tuple[int, int]:
    """Of HTTP/1.1: those of the request with its headers and body, and those of the body that answered it."""
    headers = sum(len(name) + len(value) + 4 for name, value in request.headers)
    return len(f"POST {request.path} HTTP/1.1\r\n") + headers + 2 + len(request.body), len(request.reply_body)


@case(
    "PO-011",
    clause="unknown: no rule, a number for the maker",
    confidence="likely",
    area="polling",
    needs=ASSOCIATED,
    catches="storms-when-nothing-waits",
)
def test_cost_of_an_empty_poll(device: DeviceUnderTest, step: CaseSteps) -> None:
    """A poll for which nothing waits is one exchange; the report says how many octets it takes."""
    with step("the device polls, until nothing is left", precondition=True):
        device.work_off()
        before = len(device.requests)
    with step("the device polls again", expect="one request") as seen:
        device.poll_now()
        found = device.requests[before:]
        up, down = (sum(octets) for octets in zip(*map(octets_of, found), strict=True)) if found else (0, 0)
        connections = {request.connection for request in device.requests[:before]}
        fresh = len({request.connection for request in found} - connections)
        seen.observed(
            f"{len(found)} requests over {fresh} new TLS connections: {up} octets of HTTP to the eIM, "
            f"{down} of bodies back; TLS, TCP and IP come on top"
        )
        assert len(found) == 1


@case(
    "PO-012",
    clause="declared polling interval (IXIT)",
    area="polling",
    needs=ASSOCIATED,
    relies_on=("soak",),
    declared=("polling_interval",),
    catches="tires-with-every-poll",
)
def test_a_day(device: DeviceUnderTest, eim: Eim, step: CaseSteps) -> None:
    """Over a day every poll comes in time and is answered, the last as the first, and the device still works after it."""
    interval = device.polling_interval
    may_differ = tolerance(interval, device.declares)
    with step("the device polls", precondition=True):
        device.poll_now()
        before = len(device.polls) - 1
        assert before >= 0

    def is_overdue() -> bool:
        return device.now - device.polls[-1].at > interval + may_differ

    wanted = int(DAY // (interval + may_differ))
    with step("let a day pass", expect=f"{wanted} polls or more, each answered, none late") as seen:
        device.advance(DAY, until=is_overdue)
        apart = gaps(visits(device.polls[before:], interval))
        seen.observed(in_words(apart))
        assert all(abs(gap - interval) <= may_differ for gap in apart)
        assert len(apart) >= wanted
        assert all(poll.reply_status in SUCCESS for poll in device.polls)
    with step("a package waits for the next poll", expect="done") as seen:
        package = eim.queue_package(device.eid, list_profile_info())
        device.advance(interval + may_differ, until=lambda: eim.operation(package).state == DONE)
        seen.observed(eim.operation(package).state)
        assert eim.operation(package).state == DONE
