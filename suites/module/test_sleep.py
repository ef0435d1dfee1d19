"""The IPA's own timers while the module saves power. 3GPP TS 23.682 §4.5.4, TS 27.007 §7.38, §7.40."""

from __future__ import annotations

from itertools import pairwise

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps

POLLS = 3
TOLERANCE = 0.1
"""Of the declared interval. A module may put a poll off to a moment at which it wakes anyway: declare that interval then."""
HOUR, TWO_SECONDS = "00100001", "00000001"


@case(
    "MO-022",
    clause="declared polling interval (IXIT); 3GPP TS 27.007 §7.38 (+CPSMS), §7.40 (+CEDRXS)",
    confidence="likely",
    area="module",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    relies_on=("attach",),
    catches="sleeps-through-its-polls",
)
def test_polls_while_asleep(device: DeviceUnderTest, module: ModuleUnderTest, step: CaseSteps) -> None:
    """In power saving mode and with eDRX the timers of the IPA still run: it wakes by itself and polls as declared."""
    interval = device.polling_interval
    with step("a first poll; AT+CPSMS=1 and AT+CEDRXS=1", precondition=True) as seen:
        device.poll_now()
        assert device.polls
        module.optional(f'AT+CPSMS=1,,,"{HOUR}","{TWO_SECONDS}"')
        answer = module.at('AT+CEDRXS=1,4,"0101"')
        seen.observed(f"+CEDRXS: {answer.final}")
    with step(f"let {POLLS} declared intervals pass", expect=f"{POLLS} polls more, {interval:g} s apart") as seen:
        device.advance(POLLS * interval + TOLERANCE * interval)
        times = [poll.at for poll in device.polls]
        gaps = [later - earlier for earlier, later in pairwise(times) if later - earlier > TOLERANCE * interval]
        seen.observed(" ".join(f"{gap:g}" for gap in gaps) or "no poll")
        assert len(gaps) == POLLS
        assert all(abs(gap - interval) <= TOLERANCE * interval for gap in gaps)
    with step("the port is woken: AT, then AT+CPSMS=0, AT+CEDRXS=0", expect="OK"):
        module.get_attention()
        module.at("AT+CEDRXS=0")
        assert module.at("AT+CPSMS=0").ok
