"""The sockets of a simulated module, by makers' commands.

Rules of this room:
- A name leads where the lab says that it does; its address is one of TEST-NET-2 (RFC 5737), which leads there too.
- Nothing gets through that the network met would not carry.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.simulators.module.grammar import INCORRECT_PARAMETERS, OPERATION_NOT_ALLOWED, AtCommand, AtError
from harness.simulators.module.modem import PEER_PORT, Modem
from harness.simulators.module.peers import TCP, UDP, NoPeer, PeerSocket

_NET = "198.51.100."
_MOST_SOCKETS = 7
_TRANSPORTS = {6: TCP, 17: UDP}
"""By protocol number (RFC 790)."""
_PROTOCOLS = {1: 6, 2: 17}
"""By the type of a socket: of a stream, of datagrams."""


def address_of(modem: Modem, host: str) -> str:
    """What the network's name server says. Raises AtError where there is none, or it knows no such name."""
    if not modem.has_data_path() or not modem.network_met().resolves or host not in modem.peers.hosts:
        raise AtError(OPERATION_NOT_ALLOWED)
    return f"{_NET}{1 + list(modem.peers.hosts).index(host)}"


def connect(modem: Modem, number: int, address: str, port: int) -> None:
    """Connects a socket over the network met. Raises AtError."""
    hosts = {f"{_NET}{place}": host for place, host in enumerate(modem.peers.hosts, 1)}
    transport = modem.sockets.get(number)
    reaches = modem.has_data_path() and modem.network_met().carries and address in hosts and port == PEER_PORT
    if not reaches or not isinstance(transport, str):
        raise AtError(OPERATION_NOT_ALLOWED)
    try:
        modem.sockets[number] = modem.peers.connect(hosts[address], transport)
    except NoPeer:
        raise AtError(OPERATION_NOT_ALLOWED) from None


def received(modem: Modem, number: int, most: int) -> bytes:
    """What came for a socket, at most so many octets; waits a little for it. Raises AtError for one that is closed."""
    try:
        return _connected(modem, number).receive(most)
    except NoPeer:
        raise AtError(OPERATION_NOT_ALLOWED) from None


def _open(modem: Modem, protocol: int) -> int:
    number = next((number for number in range(_MOST_SOCKETS) if number not in modem.sockets), None)
    if number is None or protocol not in _TRANSPORTS:
        raise AtError(OPERATION_NOT_ALLOWED)
    modem.sockets[number] = _TRANSPORTS[protocol]
    return number


def _send(modem: Modem, number: int, text: str) -> None:
    try:
        _connected(modem, number).send(text.encode("latin-1"))
    except NoPeer:
        raise AtError(OPERATION_NOT_ALLOWED) from None


def _close(modem: Modem, number: int) -> None:
    if number not in modem.sockets:
        raise AtError(INCORRECT_PARAMETERS)
    modem.close_socket(number)


def _connected(modem: Modem, number: int) -> PeerSocket:
    found = modem.sockets.get(number)
    if found is None or isinstance(found, str):
        raise AtError(INCORRECT_PARAMETERS)
    return found


def _text(parameters: Sequence[str], place: int) -> str:
    if place >= len(parameters):
        raise AtError(INCORRECT_PARAMETERS)
    return parameters[place]


# as u-blox has them


def resolve(modem: Modem, command: AtCommand) -> list[str]:
    """+UDNSRN=0,"name"."""
    return [f'+UDNSRN: "{modem.rules["name-resolution"](modem, _text(command.parameters, 1))}"']


def create(modem: Modem, command: AtCommand) -> list[str]:
    """+USOCR=protocol."""
    return [f"+USOCR: {_open(modem, command.number(0))}"]


def connect_socket(modem: Modem, command: AtCommand) -> list[str]:
    """+USOCO=socket,"address",port."""
    modem.rules["socket-connect"](modem, command.number(0), _text(command.parameters, 1), command.number(2))
    return []


def write(modem: Modem, command: AtCommand) -> list[str]:
    """+USOWR=socket,length,"data"."""
    text = _text(command.parameters, 2)
    if len(text) != command.number(1):
        raise AtError(INCORRECT_PARAMETERS)
    _send(modem, command.number(0), text)
    return [f"+USOWR: {command.number(0)},{len(text)}"]


def read(modem: Modem, command: AtCommand) -> list[str]:
    """+USORD=socket,most."""
    octets = modem.rules["socket-data"](modem, command.number(0), command.number(1))
    return [f'+USORD: {command.number(0)},{len(octets)},"{octets.decode("latin-1")}"']


def close(modem: Modem, command: AtCommand) -> list[str]:
    """+USOCL=socket."""
    _close(modem, command.number(0))
    return []


# as Nordic's serial modem has them: the socket opened last is meant


def get_address(modem: Modem, command: AtCommand) -> list[str]:
    """#XGETADDRINFO="name"."""
    return [f'#XGETADDRINFO: "{modem.rules["name-resolution"](modem, _text(command.parameters, 0))}"']


def open_or_close(modem: Modem, command: AtCommand) -> list[str]:
    """#XSOCKET=1,type,role and #XSOCKET=0."""
    if command.number(0) == 0:
        _close(modem, _last(modem))
        return ['#XSOCKET: 0,"closed"']
    protocol = _PROTOCOLS.get(command.number(1), 0)
    return [f"#XSOCKET: {_open(modem, protocol)},{command.number(1)},{protocol}"]


def connect_last(modem: Modem, command: AtCommand) -> list[str]:
    """#XCONNECT="address",port."""
    modem.rules["socket-connect"](modem, _last(modem), _text(command.parameters, 0), command.number(1))
    return ["#XCONNECT: 1"]


def send(modem: Modem, command: AtCommand) -> list[str]:
    """#XSEND="data"."""
    text = _text(command.parameters, 0)
    _send(modem, _last(modem), text)
    return [f"#XSEND: {len(text)}"]


def receive(modem: Modem, command: AtCommand) -> list[str]:
    """#XRECV=timeout."""
    octets = modem.rules["socket-data"](modem, _last(modem), 1024)
    return [f"#XRECV: {len(octets)}", octets.decode("latin-1")]


def _last(modem: Modem) -> int:
    if not modem.sockets:
        raise AtError(OPERATION_NOT_ALLOWED)
    return max(modem.sockets)
