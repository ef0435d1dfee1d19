"""Sockets as Nordic's Serial LTE modem application has them: the socket that was opened last is meant."""

from __future__ import annotations

from collections.abc import Mapping

from harness.simulators.module.grammar import OPERATION_NOT_ALLOWED, AtCommand, AtError
from harness.simulators.module.modem import Handler, Modem
from harness.simulators.module.peers import TCP, UDP
from harness.simulators.module.sockets import common

_TRANSPORTS, _PROTOCOLS = {1: TCP, 2: UDP}, {1: 6, 2: 17}
"""By the type of a socket: of a stream, of datagrams."""


def get_address(modem: Modem, command: AtCommand) -> list[str]:
    """#XGETADDRINFO="name"."""
    return [f'#XGETADDRINFO: "{modem.rules["name-resolution"](modem, common.text(command.parameters, 0))}"']


def open_or_close(modem: Modem, command: AtCommand) -> list[str]:
    """#XSOCKET=1,type,role and #XSOCKET=0."""
    if command.number(0) == 0:
        common.close(modem, _last(modem))
        return ['#XSOCKET: 0,"closed"']
    number = max(modem.sockets, default=-1) + 1
    kind = command.number(1)
    if kind not in _TRANSPORTS:
        raise AtError(OPERATION_NOT_ALLOWED)
    common.take(modem, number, _TRANSPORTS[kind])
    return [f"#XSOCKET: {number},{kind},{_PROTOCOLS[kind]}"]


def connect(modem: Modem, command: AtCommand) -> list[str]:
    """#XCONNECT="address",port."""
    modem.rules["socket-connect"](modem, _last(modem), common.text(command.parameters, 0), command.number(1))
    return ["#XCONNECT: 1"]


def send(modem: Modem, command: AtCommand) -> list[str]:
    """#XSEND="data"."""
    data = common.text(command.parameters, 0)
    common.send(modem, _last(modem), data.encode("latin-1"))
    return [f"#XSEND: {len(data)}"]


def receive(modem: Modem, command: AtCommand) -> list[str]:
    """#XRECV=timeout: an error where nothing came until then."""
    octets = modem.rules["socket-data"](modem, _last(modem), 1024, command.number(0))
    if not octets:
        raise AtError
    return [f"#XRECV: {len(octets)}", octets.decode("latin-1")]


def _last(modem: Modem) -> int:
    if not modem.sockets:
        raise AtError(OPERATION_NOT_ALLOWED)
    return max(modem.sockets)


COMMANDS: Mapping[str, Handler] = {
    "AT#XGETADDRINFO": get_address,
    "AT#XSOCKET": open_or_close,
    "AT#XCONNECT": connect,
    "AT#XSEND": send,
    "AT#XRECV": receive,
}
