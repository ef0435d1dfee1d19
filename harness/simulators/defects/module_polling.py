"""Defects of a module in what makes its IPA poll."""

from __future__ import annotations

from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, with_rule
from harness.simulators.module.modem import Modem


def _wall_clock(modem: Modem) -> float:
    return modem.clock_error


DEFECTS: tuple[Defect, ...] = (
    Defect(
        "plans-by-the-wall-clock",
        "module",
        "Polls are planned by the module's clock: when that goes back, nothing is due until it has caught up.",
        with_rule("schedule-time", _wall_clock),
    ),
    Defect(
        "sleeps-through-an-sms",
        "module",
        "The SMS that is to wake the IPA is stored, and wakes nobody.",
        answering("wakes-by-sms", False),
    ),
)
