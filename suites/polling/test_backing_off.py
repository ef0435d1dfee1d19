"""What an IPA does about an eIM that fails: it comes again, less and less often, and not before it was asked to.

How often is left to the maker (IXIT); Retry-After is RFC 9110 §10.2.3.
"""

from __future__ import annotations

from email.utils import format_datetime
from itertools import pairwise

from harness.conformance.adversaries.lying import GET_PACKAGE, status
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.polling import gaps, in_words, next_poll, tolerance, visits
from harness.conformance.steps import CaseSteps
from harness.lab.clock import Clock

ASSOCIATED = State(eims=1)
UNAVAILABLE = 503
PER_HOUR = 60
"""More visits than this in an hour are a storm."""
HOUR = 3600.0
AT_CEILING = 2
"""So many pauses as long as the declared longest one show that there is a ceiling."""
WAIT = 1500
"""Seconds that the eIM asks for: longer than a first retry, and well below what a maker may cap it at."""


@case(
    "PO-004",
    clause="declared back-off (IXIT)",
    area="polling",
    needs=ASSOCIATED,
    declared=("polling_interval", "longest_retry"),
    catches=("storms-after-an-error", "gives-up-after-an-error", "doubles-its-pauses-without-end"),
)
def test_back_off(device: DeviceUnderTest, step: CaseSteps) -> None:
    """While its eIM is down a device asks less and less often, up to the declared pause, and then keeps its interval."""
    longest = device.declares["longest_retry"]
    late = tolerance(longest, device.declares)
    with step(f"the eIM answers {UNAVAILABLE} from now on, the device polls", precondition=True):
        device.eim_answers.change(GET_PACKAGE, status(UNAVAILABLE), times=None)
        device.poll_now()
        before = len(device.polls) - 1
        assert before >= 0

    def pauses() -> list[float]:
        return gaps(visits(device.polls[before:]))

    def is_certain() -> bool:
        capped = [pause for pause in pauses() if pause >= longest - late]
        return len(capped) >= AT_CEILING or len(pauses()) > PER_HOUR * 4 * longest / HOUR

    expected = f"pauses that do not shrink, none above {longest:g} s, and no more than {PER_HOUR} an hour"
    with step(f"let up to {4 * longest:g} s pass", expect=expected) as seen:
        began = device.now
        device.advance(4 * longest, until=is_certain)
        found = pauses()
        open_since = device.now - device.polls[-1].at
        seen.observed(in_words(found))
        assert found
        assert len(found) <= PER_HOUR * max(1.0, (device.now - began) / HOUR)
        assert all(later >= earlier - tolerance(earlier, device.declares) for earlier, later in pairwise(found))
        assert max([*found, open_since]) <= longest + late
        assert found[-1] > found[0] or found[0] >= longest - late
    device.eim_answers.be_honest()
    interval = device.polling_interval
    with step("the eIM is back", expect=f"a poll within {longest:g} s, and one more after {interval:g} s") as seen:
        first = next_poll(device, longest + late)
        second = next_poll(device, interval + tolerance(interval, device.declares))
        seen.observed(f"after {first} s, then {second} s")
        assert first is not None
        assert second is not None


@case(
    "PO-005",
    clause="RFC 9110 §10.2.3 (Retry-After)",
    confidence="likely",
    area="polling",
    needs=ASSOCIATED,
    declared=("longest_retry",),
    catches="ignores-retry-after",
)
def test_retry_after(device: DeviceUnderTest, clock: Clock, step: CaseSteps) -> None:
    """Told by Retry-After when to come again, in seconds or as a date, the device does not come before, and does then."""
    longest = device.declares["longest_retry"]
    late = tolerance(WAIT, device.declares)
    for form in ("seconds", "a date"):
        with step(f"the eIM answers {UNAVAILABLE} with Retry-After in {WAIT} s, as {form}", precondition=True):
            moment = clock.utc().fromtimestamp(clock.now() + WAIT, clock.utc().tzinfo)
            said = str(WAIT) if form == "seconds" else format_datetime(moment, usegmt=True)
            device.eim_answers.change(GET_PACKAGE, status(UNAVAILABLE, retry_after=said), times=None)
            before = len(device.polls)
            device.poll_now()
            assert device.polls[before:]
        device.eim_answers.be_honest()
        with step("wait for the next poll", expect=f"not before {WAIT} s, and at most {longest:g} s later") as seen:
            waited = next_poll(device, WAIT + longest + late)
            seen.observed("none" if waited is None else f"after {waited:.0f} s")
            assert waited is not None
            assert waited >= WAIT - late
