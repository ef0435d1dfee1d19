"""A module whose clock is wrong. SGP.32 v1.2 §2.6.3; 3GPP TS 27.007 §8.15 (+CCLK)."""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps

FAR_AWAY = '"49/01/01,00:00:00+00"'
"""No certificate of a test lab is valid as long as that."""


@case(
    "MO-026",
    clause="SGP.32 v1.2 §2.6.3; 3GPP TS 27.007 §8.15 (+CCLK)",
    confidence="likely",
    area="module",
    needs=State(eims=1),
    catches="trusts-certificates-at-any-time",
)
def test_wrong_clock(device: DeviceUnderTest, module: ModuleUnderTest, step: CaseSteps) -> None:
    """A module whose clock is wrong by years sends nothing to a server whose certificate it takes for expired."""
    with step("a poll, and the time: AT+CCLK?", precondition=True) as seen:
        device.poll_now()
        assert device.polls
        now = module.optional("AT+CCLK?").value("+CCLK") or ""
        seen.observed(now)
    with step(f"AT+CCLK={FAR_AWAY}", precondition=True) as seen:
        module.optional(f"AT+CCLK={FAR_AWAY}")
        believed = module.optional("AT+CCLK?").value("+CCLK") or ""
        seen.observed(believed)
        assert believed.startswith(FAR_AWAY[:3]), "the network set the clock again"
    with step("a poll would be due", expect="no request at the eIM") as seen:
        before = len(device.requests)
        device.advance(device.polling_interval)
        came = len(device.requests) - before
        module.at(f"AT+CCLK={now}")
        seen.observed(f"{came} requests")
        assert came == 0
    with step("the clock is right again, the device polls", expect="a request"):
        device.poll_now()
        assert len(device.requests) > before
