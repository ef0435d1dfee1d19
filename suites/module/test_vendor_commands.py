"""Commands of a maker's own for its IPA, where the lab knows any."""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps

SECONDS = 60.0
"""How long a poll may take to come, from the command that asks for it."""


@case(
    "MO-025",
    clause="the maker's AT manual",
    area="module",
    needs=State(eims=1),
    catches="ignores-its-poll-command",
)
def test_poll_command(device: DeviceUnderTest, module: ModuleUnderTest, step: CaseSteps) -> None:
    """The maker's command that makes the IPA poll is followed by a poll at the eIM."""
    with step("a command is known; a first poll", precondition=True) as seen:
        command = module.poll_command
        seen.observed(command)
        device.poll_now()
        assert device.polls
    with step(command, expect="OK", precondition=True):
        assert module.at(command).ok
    with step("look at the eIM", expect=f"a poll within {SECONDS:g} s") as seen:
        polls = device.polls_within(SECONDS)
        seen.observed(f"{len(polls)} polls")
        assert polls
