"""Commands that ask who the module is and how it talks (V.250, 27.007 §5, §8.2, §8.15, §9.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from harness.simulators.module.grammar import EXECUTE, INCORRECT_PARAMETERS, READ, SET, TEST, AtCommand, AtError
from harness.simulators.module.modem import AIRPLANE, FULL, MINIMUM, Modem

_CLOCK = re.compile(r"\d\d/\d\d/\d\d,\d\d:\d\d:\d\d[+-]\d\d")


def attention(modem: Modem, command: AtCommand) -> list[str]:
    """Z and &F: back to defaults."""
    modem.error_verbosity = 0
    return []


def echo(modem: Modem, command: AtCommand) -> list[str]:
    """ATE0, ATE1."""
    modem.echo = command.number(0, 0) != 0
    return []


def verbose(modem: Modem, command: AtCommand) -> list[str]:
    """ATV1; the short form of results is not offered."""
    if command.number(0, 0) != 1:
        raise AtError
    return []


def identification(modem: Modem, command: AtCommand) -> list[str]:
    """ATI."""
    dialect = modem.dialect
    return [dialect.manufacturer, dialect.model, f"Revision: {dialect.revision}"]


def manufacturer(modem: Modem, command: AtCommand) -> list[str]:
    """+CGMI."""
    return _told(command, modem.dialect.manufacturer)


def model(modem: Modem, command: AtCommand) -> list[str]:
    """+CGMM."""
    return _told(command, modem.dialect.model)


def revision(modem: Modem, command: AtCommand) -> list[str]:
    """+CGMR."""
    return _told(command, modem.dialect.revision)


def serial_number(modem: Modem, command: AtCommand) -> list[str]:
    """+CGSN: the IMEI."""
    return _told(command, modem.config.imei)


def _told(command: AtCommand, text: str) -> list[str]:
    if command.form == EXECUTE:
        return [text]
    if command.form == TEST:
        return []
    raise AtError(INCORRECT_PARAMETERS)


def error_reports(modem: Modem, command: AtCommand) -> list[str]:
    """+CMEE."""
    if command.form == READ:
        return [f"+CMEE: {modem.error_verbosity}"]
    if command.form == TEST:
        return ["+CMEE: (0-2)"]
    level = command.number(0, 0)
    if level > 2:
        raise AtError(INCORRECT_PARAMETERS)
    modem.error_verbosity = level
    return []


def functionality(modem: Modem, command: AtCommand) -> list[str]:
    """+CFUN: 0 takes the SIM's power too, 4 only the radio, 1,1 reboots."""
    if command.form == READ:
        return [f"+CFUN: {modem.functionality}"]
    if command.form == TEST:
        return ["+CFUN: (0,1,4),(0,1)"]
    level, reset = command.number(0, FULL), command.number(1, 0)
    if level not in (MINIMUM, FULL, AIRPLANE) or reset > 1 or (reset and level != FULL):
        raise AtError(INCORRECT_PARAMETERS)
    if reset:
        modem.after_answer.append(modem.reboot)
        return []
    modem.functionality = level
    if level == MINIMUM:
        modem.sim.power_off()
    elif not modem.sim.is_powered:
        modem.sim.power_on()
    return []


def clock(modem: Modem, command: AtCommand) -> list[str]:
    """+CCLK, in UTC: the module's own clock, which a host or the network may set wrong."""
    if command.form == READ:
        moment = datetime.fromtimestamp(modem.now + modem.clock_error, UTC)
        return [f'+CCLK: "{moment:%y/%m/%d,%H:%M:%S}+00"']
    if command.form == SET:
        modem.clock_error = _moment(",".join(command.parameters)) - modem.now
    return []


def _moment(text: str) -> float:
    """Seconds since 1970 of a time and zone in quarters of an hour; a year of two digits is after 2000."""
    if not _CLOCK.fullmatch(text):
        raise AtError(INCORRECT_PARAMETERS)
    try:
        local = datetime.strptime(text[:17], "%y/%m/%d,%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise AtError(INCORRECT_PARAMETERS) from None
    return local.timestamp() - 900 * int(text[17:])


def ipa(modem: Modem, command: AtCommand) -> list[str]:
    """%IPA, a command of this maker's own: 0 pauses the IPA, 1 lets it work, 2 makes it poll."""
    if not modem.dialect.ipa_command:
        raise AtError
    if command.form == READ:
        return [f"%IPA: {int(not modem.ipa_is_paused)}"]
    if command.form == TEST:
        return ["%IPA: (0-2)"]
    wanted = command.number(0)
    if wanted > 2:
        raise AtError(INCORRECT_PARAMETERS)
    modem.ipa_is_paused = wanted == 0
    if wanted == 2:
        modem.poll_is_wanted = True
        modem.on_poll_wanted()
    return []


def certificate_time(modem: Modem) -> float:
    """By how many seconds the time that certificates are checked at is wrong: as much as the module's clock."""
    return modem.clock_error
