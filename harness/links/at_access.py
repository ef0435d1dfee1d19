"""The card behind a modem is the host's for a while: its own IPA is paused, and the modem in a mode where APDUs get through.

Rules of this room:
- An IPA that cannot be paused is no reason to leave the card alone. It is one to doubt what is seen there, and is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.links.at import AtEngine
from harness.links.at_grammar import AtRefused
from harness.links.at_habits import PLAIN, Habits

_MODE_DEADLINE = 30.0


class CardAccess:
    """The mode of one modem. All ways to its card share it."""

    def __init__(self, engine: AtEngine, habits: Habits = PLAIN) -> None:
        self._engine = engine
        self.habits = habits
        self._reached = False
        self._refusal = ""

    @property
    def not_paused(self) -> str:
        """Why the modem's own IPA may have worked on the card at the same time; empty where it was paused."""
        if self._refusal:
            return f"it could not be paused: {self._refusal}"
        return "" if self.habits.pause_ipa else "no command is known that pauses it"

    def reach(self) -> None:
        """Opens the way to the card where it is not open. Raises AtRefused, DeviceSilent, LabFault."""
        if not self._reached:
            try:
                self._send([self.habits.pause_ipa])
            except AtRefused as refusal:
                self._refusal = str(refusal)
            self._send(self.habits.reach_card)
            self._reached = True

    def leave(self) -> None:
        """Lets the modem work as it does in the field. Raises as `reach` does."""
        if self._reached:
            self._reached = False
            self._send([*self.habits.leave_card, self.habits.resume_ipa])

    def forget(self) -> None:
        """The modem was reset: its mode is whatever it boots into."""
        self._reached = False

    def _send(self, commands: Sequence[str]) -> None:
        for command in filter(None, commands):
            self._engine.command(command, deadline=_MODE_DEADLINE).checked()
