"""Sockets as u-blox has them: +UDNSRN, +USOCR and what follows, over PSD profile 0."""

from __future__ import annotations

from collections.abc import Mapping

from harness.simulators.module.grammar import INCORRECT_PARAMETERS, OPERATION_NOT_ALLOWED, AtCommand, AtError
from harness.simulators.module.modem import Handler, Modem
from harness.simulators.module.peers import TCP, UDP
from harness.simulators.module.sockets import common

_TRANSPORTS = {6: TCP, 17: UDP}
"""By protocol number (RFC 790)."""
_IS_ACTIVE, _ACTIVATE, _DEACTIVATE = 8, 3, 4


def configure_profile(modem: Modem, command: AtCommand) -> list[str]:
    """+UPSD=profile,parameter,value: nothing of it matters here."""
    if command.number(0) != 0:
        raise AtError(INCORRECT_PARAMETERS)
    return []


def profile_action(modem: Modem, command: AtCommand) -> list[str]:
    """+UPSDA=profile,action: the outcome comes unsolicited."""
    if command.number(1) == _ACTIVATE:
        common.start(modem)
        modem.announce_behind(f'+UUPSDA: 0,"{common.own_address(modem)}"')
    elif command.number(1) == _DEACTIVATE:
        common.stop(modem)
    return []


def profile_state(modem: Modem, command: AtCommand) -> list[str]:
    """+UPSND=profile,parameter: whether it is active."""
    if command.number(1) != _IS_ACTIVE:
        raise AtError(INCORRECT_PARAMETERS)
    return [f"+UPSND: {command.number(0)},{_IS_ACTIVE},{int(common.is_up(modem))}"]


def resolve(modem: Modem, command: AtCommand) -> list[str]:
    """+UDNSRN=0,"name"."""
    return [f'+UDNSRN: "{modem.rules["name-resolution"](modem, common.text(command.parameters, 1))}"']


def create(modem: Modem, command: AtCommand) -> list[str]:
    """+USOCR=protocol."""
    number = next((number for number in range(common.MOST_SOCKETS) if number not in modem.sockets), None)
    transport = _TRANSPORTS.get(command.number(0))
    if number is None or transport is None:
        raise AtError(OPERATION_NOT_ALLOWED)
    common.take(modem, number, transport)
    return [f"+USOCR: {number}"]


def connect(modem: Modem, command: AtCommand) -> list[str]:
    """+USOCO=socket,"address",port."""
    modem.rules["socket-connect"](modem, command.number(0), common.text(command.parameters, 1), command.number(2))
    return []


def write(modem: Modem, command: AtCommand) -> list[str]:
    """+USOWR=socket,length,"data"."""
    data = common.text(command.parameters, 2)
    if len(data) != command.number(1):
        raise AtError(INCORRECT_PARAMETERS)
    common.send(modem, command.number(0), data.encode("latin-1"))
    return [f"+USOWR: {command.number(0)},{len(data)}"]


def read(modem: Modem, command: AtCommand) -> list[str]:
    """+USORD=socket,most."""
    octets = modem.rules["socket-data"](modem, command.number(0), command.number(1))
    return [f'+USORD: {command.number(0)},{len(octets)},"{octets.decode("latin-1")}"']


def close(modem: Modem, command: AtCommand) -> list[str]:
    """+USOCL=socket."""
    common.close(modem, command.number(0))
    return []


COMMANDS: Mapping[str, Handler] = {
    "AT+UPSD": configure_profile,
    "AT+UPSDA": profile_action,
    "AT+UPSND": profile_state,
    "AT+UDNSRN": resolve,
    "AT+USOCR": create,
    "AT+USOCO": connect,
    "AT+USOWR": write,
    "AT+USORD": read,
    "AT+USOCL": close,
}
