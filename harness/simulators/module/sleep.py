"""Power saving: PSM (TS 23.682 §4.5.4) and eDRX as a host sets them, and the AT port that sleeps with the module.

Rules of this room:
- A module in PSM is reached by nobody until it wakes by itself; its own timers go on. What a host sends first only wakes
  the port, and is lost.
- Timers are the strings of eight bits of TS 24.008 §10.5.7.3 and §10.5.7.4a.
"""

from __future__ import annotations

from dataclasses import dataclass

_ACTIVE_UNITS = {0b000: 2.0, 0b001: 60.0, 0b010: 360.0}
"""Seconds of a unit of T3324; 111 switches it off."""
_NEVER = float("inf")


@dataclass(slots=True)
class Sleeping:
    """What a host asked for, and whether the AT port sleeps now."""

    psm: bool = False
    periodic: str = "00100001"
    """T3412 extended: 1 hour."""
    active: str = "00000101"
    """T3324: 10 seconds."""
    edrx: dict[int, str] | None = None
    """The requested value for each access technology; None: eDRX is off."""
    asleep: bool = False
    used_at: float = 0.0
    """When a host last used the port, in seconds of the lab's clock."""

    def is_due(self, now: float) -> bool:
        """Whether the port may sleep."""
        return self.psm and now - self.used_at >= seconds_of(self.active)

    def woken(self, now: float) -> None:
        """Somebody used the port."""
        self.asleep, self.used_at = False, now


def seconds_of(active: str) -> float:
    """The length of T3324."""
    return _ACTIVE_UNITS.get(int(active[:3], 2), _NEVER) * int(active[3:], 2)
