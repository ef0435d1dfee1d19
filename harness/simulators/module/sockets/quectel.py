"""Sockets as Quectel has them, in buffer access mode: +QIACT, +QIOPEN and what follows.

What a command starts at the network is told behind its OK. Numbers of errors are those of the TCP/IP manuals.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from harness.simulators.module.grammar import INCORRECT_PARAMETERS, READ, AtCommand, AtError, Outcome, Prompt
from harness.simulators.module.modem import Handler, Modem
from harness.simulators.module.peers import TCP, UDP
from harness.simulators.module.sockets import common

_TRANSPORTS = {"TCP": TCP, "UDP": UDP}
_CONTEXT, _LIFETIME = 1, 600
_IN_USE, _LOOKUP_FAILED, _CONNECT_FAILED = 563, 565, 566
_SENT = "SEND OK"


def activate(modem: Modem, command: AtCommand) -> list[str]:
    """+QIACT=context, and which are active."""
    if command.form == READ:
        return [f'+QIACT: {_CONTEXT},1,1,"{common.own_address(modem)}"'] if common.is_up(modem) else []
    _check_context(command)
    common.start(modem)
    return []


def deactivate(modem: Modem, command: AtCommand) -> list[str]:
    """+QIDEACT=context."""
    _check_context(command)
    common.stop(modem)
    return []


def resolve(modem: Modem, command: AtCommand) -> list[str]:
    """+QIDNSGIP=context,"name"."""
    _check_context(command)
    if not common.is_up(modem):
        raise AtError
    try:
        address = modem.rules["name-resolution"](modem, common.text(command.parameters, 1))
    except AtError:
        modem.announce_behind(f'+QIURC: "dnsgip",{_LOOKUP_FAILED}')
    else:
        modem.announce_behind(f'+QIURC: "dnsgip",0,1,{_LIFETIME}')
        modem.announce_behind(f'+QIURC: "dnsgip","{address}"')
    return []


def connect(modem: Modem, command: AtCommand) -> list[str]:
    """+QIOPEN=context,connection,"TCP" or "UDP","address",port,local port,access mode."""
    _check_context(command)
    number, transport = command.number(1), _TRANSPORTS.get(common.text(command.parameters, 2))
    if transport is None or command.number(6, 0) != 0:
        raise AtError(INCORRECT_PARAMETERS)
    if number in modem.sockets:
        modem.announce_behind(f"+QIOPEN: {number},{_IN_USE}")
        return []
    common.take(modem, number, transport)
    try:
        modem.rules["socket-connect"](modem, number, common.text(command.parameters, 3), command.number(4))
    except AtError:
        modem.announce_behind(f"+QIOPEN: {number},{_CONNECT_FAILED}")
    else:
        modem.announce_behind(f"+QIOPEN: {number},0")
    return []


def send(modem: Modem, command: AtCommand) -> Prompt:
    """+QISEND=connection,length, or until Ctrl-Z."""
    number = command.number(0)
    common.connected(modem, number)
    length = command.number(1) if len(command.parameters) > 1 else None
    return Prompt(length, partial(_sent, modem, number), final=_SENT)


def send_hexadecimal(modem: Modem, command: AtCommand) -> Outcome:
    """+QISENDEX=connection,"hexadecimal digits"."""
    common.send(modem, command.number(0), command.octets(1))
    return Outcome(final=_SENT)


def read(modem: Modem, command: AtCommand) -> list[str]:
    """+QIRD=connection,most."""
    octets = modem.rules["socket-data"](modem, command.number(0), command.number(1, 1500))
    return [f"+QIRD: {len(octets)}", octets.decode("latin-1")] if octets else ["+QIRD: 0"]


def close(modem: Modem, command: AtCommand) -> list[str]:
    """+QICLOSE=connection: whether it was open or not."""
    if command.number(0) in modem.sockets:
        common.close(modem, command.number(0))
    return []


def _sent(modem: Modem, number: int, octets: bytes) -> list[str]:
    common.send(modem, number, octets)
    return []


def _check_context(command: AtCommand) -> None:
    if command.number(0) != _CONTEXT:
        raise AtError(INCORRECT_PARAMETERS)


COMMANDS: Mapping[str, Handler] = {
    "AT+QIACT": activate,
    "AT+QIDEACT": deactivate,
    "AT+QIDNSGIP": resolve,
    "AT+QIOPEN": connect,
    "AT+QISEND": send,
    "AT+QISENDEX": send_hexadecimal,
    "AT+QIRD": read,
    "AT+QICLOSE": close,
}
