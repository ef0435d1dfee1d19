"""The card's memory on a supply that can be made to fail at a write, so that a case can look at the card afterwards.

Rules of this room:
- One write replaces all that is kept. The supply fails just before one, and it is as if it never was, or just behind it,
  and its answer never leaves the card.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.simulators.euicc.memory import Memory


class PowerCut(Exception):
    """The supply is gone. The card lets nothing of it out: from here on it is mute."""


class Supply:
    """A Memory in front of another one, and the number of writes that passed since it was last told to cut."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._cut_at = 0
        self._late = False
        self._then: Callable[[], object] | None = None
        self.writes = 0

    def cut_at_write(self, number: int, *, late: bool = False, then: Callable[[], object] | None = None) -> None:
        """Counts anew, and fails at this write, the first being 1; 0: never.

        `late`: just behind the write. `then` is called as the power goes, for a card whose process goes with it.
        """
        self.writes, self._cut_at, self._late, self._then = 0, number, late, then

    def load(self) -> bytes | None:
        """What was stored last."""
        return self._memory.load()

    def store(self, state: bytes) -> None:
        """One write. Raises PowerCut where the supply is to fail at it."""
        self.writes += 1
        is_last = self.writes == self._cut_at
        if self._late or not is_last:
            self._memory.store(state)
        if is_last:
            if self._then is not None:
                self._then()
            raise PowerCut
