"""The lab's clock: real, or moved by the cases so that a day of polling lasts a second.

Seconds since 1970 UTC. TLS looks at real time whatever this clock says.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

EPOCH = 1_798_761_600.0
"""Where virtual time begins: 2027-01-01 00:00 UTC, the same in every run."""


class Clock(Protocol):
    """Tells the time; a virtual one can be moved."""

    @property
    def is_virtual(self) -> bool:
        """Whether `advance` costs no real time."""

    def now(self) -> float:
        """Seconds since 1970 UTC."""

    def utc(self) -> datetime:
        """The same as a moment in UTC."""

    def advance(self, seconds: float) -> float:
        """Lets time pass and returns the time then."""


class VirtualClock:
    """Stands still until it is moved."""

    is_virtual = True

    def __init__(self, start: float = EPOCH) -> None:
        self._now = start

    def now(self) -> float:
        """The time it was last moved to."""
        return self._now

    def utc(self) -> datetime:
        """The same in UTC."""
        return datetime.fromtimestamp(self._now, UTC)

    def advance(self, seconds: float) -> float:
        """Moves the clock. A clock never goes back: raises ValueError for a negative step."""
        if seconds < 0:
            raise ValueError(f"time does not go back by {-seconds} s")
        self._now += seconds
        return self._now


class RealClock:
    """The host's clock."""

    is_virtual = False

    def now(self) -> float:
        """The host's time."""
        return time.time()

    def utc(self) -> datetime:
        """The same in UTC."""
        return datetime.now(UTC)

    def advance(self, seconds: float) -> float:
        """Waits."""
        time.sleep(max(0.0, seconds))
        return self.now()
