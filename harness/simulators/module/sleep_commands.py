"""Commands by which a host asks for power saving: +CPSMS and +CEDRXS (27.007 §7.38, §7.40)."""

from __future__ import annotations

import re

from harness.simulators.module.grammar import INCORRECT_PARAMETERS, READ, TEST, AtCommand, AtError
from harness.simulators.module.modem import Modem

_EIGHT_BITS, _FOUR_BITS = re.compile("[01]{8}"), re.compile("[01]{4}")
_LTE_M, _NB_IOT = 4, 5


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
