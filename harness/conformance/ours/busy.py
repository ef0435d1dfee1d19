"""Changes of profiles that have to wait for the end of a proactive session. SGP.32 v1.2 §5.9.15 to §5.9.23, §5.13.

A REFRESH is fetched and left unanswered, which keeps a session open. Cards that ask for none and refuse ES10 until they are
reset cannot be judged so: 6985 is taken from them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.conformance.adversaries.stalling import StallingTerminal
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.es10 import Es10
from harness.roles.es10.status import CONDITIONS_NOT_SATISFIED, StatusWordFault

OK, CAT_BUSY = 0, 5
WAITS = "catBusy(5), or 6985 until the reset"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changes profiles."""

    name: str
    make: Callable[[Es10], int]
    """Makes it once; the result code."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A card whose proactive session waits for the terminal, and the functions of the card meanwhile."""

    es10: Es10
    terminal: StallingTerminal

    def tried(self, change: Change) -> int:
        """What the change comes to now: its result code, or 6985. Raises StatusWordFault for any other status word."""
        try:
            return change.make(self.es10)
        except StatusWordFault as refused:
            if refused.sw != CONDITIONS_NOT_SATISFIED:
                raise
            return refused.sw

    def makes_wait(self, answer: int, busy: int = CAT_BUSY) -> bool:
        """Whether this is what a change comes to that waits for the end of the session.

        `busy` is what the card's version has for catBusy. A card that asked for nothing has no session to wait for.
        """
        return answer in (busy, CONDITIONS_NOT_SATISFIED) or not self.terminal.fetched


def opened_by(
    change: Change, euicc: EuiccUnderTest, step: CaseSteps, *, before: Callable[[], object] | None = None
) -> OpenSession:
    """The step that opens a session by this change. `before` is what has to happen first, behind the same reset."""
    with step(f"{change.name}, and leave the REFRESH unanswered", expect="ok(0)", precondition=True) as seen:
        euicc.reset()
        if before is not None:
            before()
            euicc.close()  # a card may have one channel for ES10, and the session takes it
        terminal = StallingTerminal(euicc.link)
        es10 = Es10(terminal, recover=False, version=euicc.dialect.schema)
        code = change.make(es10)
        seen.observed(terminal.fetched or "the card asks for nothing")
        assert code == OK
    return OpenSession(es10, terminal)
