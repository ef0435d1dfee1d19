"""Power saving: PSM (TS 23.682 §4.5.4) and eDRX as a host sets them, and the AT port that sleeps with the module.

Rules of this room:
- A module in PSM is reached by nobody until it wakes by itself; its own timers go on. What a host sends first only wakes
  the port, and is lost.
- Timers are the strings of eight bits of TS 24.008 §10.5.7.3 and §10.5.7.4a.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.simulators.module.grammar import INCORRECT_PARAMETERS, READ, TEST, AtCommand, AtError

if TYPE_CHECKING:
    from harness.simulators.module.modem import Modem

_EIGHT_BITS, _FOUR_BITS = re.compile("[01]{8}"), re.compile("[01]{4}")
_ACTIVE_UNITS = {0b000: 2.0, 0b001: 60.0, 0b010: 360.0}
"""Seconds of a unit of T3324; 111 switches it off."""
_NEVER = float("inf")
_LTE_M, _NB_IOT = 4, 5


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


def power_saving(modem: Modem, command: AtCommand) -> list[str]:
    """+CPSMS (27.007 §7.38)."""
    sleeping = modem.sleeping
    if command.form == READ:
        return [f'+CPSMS: {int(sleeping.psm)},,,"{sleeping.periodic}","{sleeping.active}"']
    if command.form == TEST:
        return ["+CPSMS: (0-2)"]
    mode = command.number(0, 0)
    timers = [command.parameters[place] if len(command.parameters) > place else "" for place in (3, 4)]
    if mode > 2 or not all(not text or _EIGHT_BITS.fullmatch(text) for text in timers):
        raise AtError(INCORRECT_PARAMETERS)
    sleeping.psm = mode == 1
    sleeping.periodic = timers[0] or sleeping.periodic
    sleeping.active = timers[1] or sleeping.active
    return []


def extended_reception(modem: Modem, command: AtCommand) -> list[str]:
    """+CEDRXS (27.007 §7.40)."""
    sleeping = modem.sleeping
    if command.form == READ:
        return [f'+CEDRXS: {technology},"{value}"' for technology, value in sorted((sleeping.edrx or {}).items())]
    if command.form == TEST:
        return [f'+CEDRXS: (0-3),({_LTE_M},{_NB_IOT}),("0000"-"1111")']
    mode = command.number(0, 0)
    technology = command.number(1, _LTE_M)
    value = command.parameters[2] if len(command.parameters) > 2 else "0010"
    if mode > 3 or technology not in (_LTE_M, _NB_IOT) or not _FOUR_BITS.fullmatch(value):
        raise AtError(INCORRECT_PARAMETERS)
    sleeping.edrx = None if mode in (0, 3) else {**(sleeping.edrx or {}), technology: value}
    return []
