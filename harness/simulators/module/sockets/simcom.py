"""Sockets as SIMCom has them: those of the SIM7500 and SIM7600 series, and those of SIM7070 and SIM7080."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from harness.simulators.module.grammar import INCORRECT_PARAMETERS, READ, AtCommand, AtError, Prompt
from harness.simulators.module.modem import Handler, Modem
from harness.simulators.module.peers import TCP, UDP
from harness.simulators.module.sockets import common

_TRANSPORTS = {"TCP": TCP, "UDP": UDP}
_BY_HAND, _DATA, _WAITING = 1, 2, 4
_LOOKUP_FAILED, _CONNECT_FAILED = 10, 1
_LPWA_CONNECT_FAILED = 27
_IP_ERROR = "+IP ERROR: "


def resolve(modem: Modem, command: AtCommand) -> list[str]:
    """+CDNSGIP="name": the outcome comes before the OK or behind it, by series."""
    host = common.text(command.parameters, 0)
    try:
        told = f'+CDNSGIP: 1,"{host}","{modem.rules["name-resolution"](modem, host)}"'
    except AtError:
        told = f"+CDNSGIP: 0,{_LOOKUP_FAILED}"
    if not modem.dialect.sockets.looks_up_behind_ok:
        return [told]
    modem.announce_behind(told)
    return []


# SIM7500, SIM7600


def open_service(modem: Modem, command: AtCommand) -> list[str]:
    """+NETOPEN."""
    is_up = common.is_up(modem)
    if command.form == READ:
        return [f"+NETOPEN: {int(is_up)}"]
    if is_up:
        raise AtError(lines=[f"{_IP_ERROR}Network is already opened"])
    common.start(modem)
    modem.announce_behind("+NETOPEN: 0")
    return []


def close_service(modem: Modem, command: AtCommand) -> list[str]:
    """+NETCLOSE."""
    common.stop(modem)
    modem.announce_behind("+NETCLOSE: 0")
    return []


def connect(modem: Modem, command: AtCommand) -> list[str]:
    """+CIPOPEN=link,"TCP","address",port or +CIPOPEN=link,"UDP",,,local port."""
    number, transport = command.number(0), _TRANSPORTS.get(common.text(command.parameters, 1))
    if transport is None:
        raise AtError(INCORRECT_PARAMETERS)
    common.take(modem, number, transport)
    outcome = 0
    if transport == TCP:
        try:
            modem.rules["socket-connect"](modem, number, common.text(command.parameters, 2), command.number(3))
        except AtError:
            outcome = _CONNECT_FAILED
            modem.close_socket(number)
    modem.announce_behind(f"+CIPOPEN: {number},{outcome}")
    return []


def send(modem: Modem, command: AtCommand) -> Prompt:
    """+CIPSEND=link,length and, over UDP, the peer's address and port."""
    number = command.number(0)
    if modem.sockets.get(number) == UDP:
        modem.rules["socket-connect"](modem, number, common.text(command.parameters, 2), command.number(3))
    common.connected(modem, number)
    return Prompt(command.number(1), partial(_sent, modem, number))


def _sent(modem: Modem, number: int, octets: bytes) -> list[str]:
    common.send(modem, number, octets)
    modem.announce_behind(f"+CIPSEND: {number},{len(octets)},{len(octets)}")
    return []


def receive(modem: Modem, command: AtCommand) -> list[str]:
    """+CIPRXGET: data are read by hand always."""
    mode = command.number(0)
    if mode == _BY_HAND:
        return []
    number = command.number(1)
    if mode == _WAITING:
        return [f"+CIPRXGET: {mode},{number},{common.connected(modem, number).waiting}"]
    if mode != _DATA:
        raise AtError(INCORRECT_PARAMETERS)
    octets = modem.rules["socket-data"](modem, number, command.number(2, 1500))
    if not octets:
        raise AtError(lines=[f"{_IP_ERROR}No data"])
    left = common.connected(modem, number).waiting
    return [f"+CIPRXGET: {mode},{number},{len(octets)},{left}", octets.decode("latin-1")]


def close(modem: Modem, command: AtCommand) -> list[str]:
    """+CIPCLOSE=link."""
    number = command.number(0)
    common.close(modem, number)
    modem.announce_behind(f"+CIPCLOSE: {number},0")
    return []


LTE_COMMANDS: Mapping[str, Handler] = {
    "AT+NETOPEN": open_service,
    "AT+NETCLOSE": close_service,
    "AT+CDNSGIP": resolve,
    "AT+CIPOPEN": connect,
    "AT+CIPSEND": send,
    "AT+CIPRXGET": receive,
    "AT+CIPCLOSE": close,
}


# SIM7070, SIM7080


def application_network(modem: Modem, command: AtCommand) -> list[str]:
    """+CNACT=network,action, and which networks are active."""
    if command.form == READ:
        address = common.own_address(modem) if common.is_up(modem) else "0.0.0.0"
        return [f'+CNACT: 0,{int(common.is_up(modem))},"{address}"', *(f'+CNACT: {n},0,"0.0.0.0"' for n in (1, 2, 3))]
    if command.number(0) != 0:
        raise AtError(INCORRECT_PARAMETERS)
    if command.number(1):
        common.start(modem)
    else:
        common.stop(modem)
    modem.announce_behind(f"+APP PDP: 0,{'ACTIVE' if command.number(1) else 'DEACTIVE'}")
    return []


def lpwa_connect(modem: Modem, command: AtCommand) -> list[str]:
    """+CAOPEN=connection,network,"TCP" or "UDP","address",port."""
    number, transport = command.number(0), _TRANSPORTS.get(common.text(command.parameters, 2))
    if transport is None or command.number(1) != 0:
        raise AtError(INCORRECT_PARAMETERS)
    common.take(modem, number, transport)
    try:
        modem.rules["socket-connect"](modem, number, common.text(command.parameters, 3), command.number(4))
    except AtError:
        modem.close_socket(number)
        return [f"+CAOPEN: {number},{_LPWA_CONNECT_FAILED}"]
    return [f"+CAOPEN: {number},0"]


def lpwa_send(modem: Modem, command: AtCommand) -> Prompt:
    """+CASEND=connection,length."""
    number = command.number(0)
    common.connected(modem, number)
    return Prompt(command.number(1), partial(_lpwa_sent, modem, number))


def _lpwa_sent(modem: Modem, number: int, octets: bytes) -> list[str]:
    common.send(modem, number, octets)
    return []


def lpwa_receive(modem: Modem, command: AtCommand) -> list[str]:
    """+CARECV=connection,most."""
    octets = modem.rules["socket-data"](modem, command.number(0), command.number(1))
    return [f"+CARECV: {len(octets)},{octets.decode('latin-1')}" if octets else "+CARECV: 0"]


def lpwa_close(modem: Modem, command: AtCommand) -> list[str]:
    """+CACLOSE=connection."""
    common.close(modem, command.number(0))
    return []


LPWA_COMMANDS: Mapping[str, Handler] = {
    "AT+CDNSGIP": resolve,
    "AT+CNACT": application_network,
    "AT+CAOPEN": lpwa_connect,
    "AT+CASEND": lpwa_send,
    "AT+CARECV": lpwa_receive,
    "AT+CACLOSE": lpwa_close,
}
