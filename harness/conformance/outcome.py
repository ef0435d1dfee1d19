"""What a run comes to: its verdicts, its faults, and the exit status that they mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from harness.evidence.verdicts import Verdict


class ExitStatus(IntEnum):
    """What a run ends with. Where several hold, the first of PRECEDENCE counts."""

    WELL = 0
    DEVICE = 1
    """A device failed or deviated."""
    USAGE = 2
    """Bad usage or configuration."""
    LAB = 3
    """Inconclusive cases or lab faults only."""
    HARNESS = 4
    INTERRUPTED = 130


PRECEDENCE = (
    ExitStatus.INTERRUPTED,
    ExitStatus.USAGE,
    ExitStatus.HARNESS,
    ExitStatus.DEVICE,
    ExitStatus.LAB,
    ExitStatus.WELL,
)


@dataclass(slots=True)
class RunOutcome:
    """Everything the parent heard from its slots."""

    results: list[Mapping[str, Any]] = field(default_factory=list)
    lab_faults: dict[str, str] = field(default_factory=dict)
    """Slots whose device was not found, with what to try next."""
    absent: dict[str, str] = field(default_factory=dict)
    """Optional slots that this host does not have, with the reason."""
    errors: list[str] = field(default_factory=list)
    configuration: list[str] = field(default_factory=list)
    interrupted: bool = False

    @property
    def counts(self) -> Counter[str]:
        """How many results have each verdict."""
        return Counter(str(result["verdict"]) for result in self.results)

    def exit_status(self, *, allow_deviations: bool = False, require_all: bool = False) -> ExitStatus:
        """The status that the whole run means. With `require_all` an optional slot that is absent is a lab fault."""
        counts = self.counts
        holds = {
            ExitStatus.INTERRUPTED: self.interrupted,
            ExitStatus.USAGE: bool(self.configuration),
            ExitStatus.HARNESS: bool(self.errors or counts[Verdict.ERROR]),
            ExitStatus.DEVICE: bool(counts[Verdict.FAIL] or (counts[Verdict.DEVIATION] and not allow_deviations)),
            ExitStatus.LAB: bool(self.lab_faults or counts[Verdict.INCONCLUSIVE] or (require_all and self.absent)),
            ExitStatus.WELL: True,
        }
        return next(status for status in PRECEDENCE if holds[status])
