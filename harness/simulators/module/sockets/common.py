"""What a simulated module's own sockets do, whoever made it.

Rules of this room:
- A name leads where the lab says that it does; its address is one of TEST-NET-2 (RFC 5737), which leads there too.
- Nothing gets through that the network met would not carry.
- Data that come are announced as the dialect has it, once until they are read.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.simulators.module.grammar import INCORRECT_PARAMETERS, OPERATION_NOT_ALLOWED, AtError
from harness.simulators.module.modem import PEER_NET, Modem
from harness.simulators.module.peers import NoPeer, PeerSocket

MOST_SOCKETS = 7


def address_of(modem: Modem, host: str) -> str:
    """What the network's name server says. Raises AtError where there is none, or it knows no such name."""
    names = [name.partition(":")[0] for name in modem.peers.hosts]
    if not modem.has_data_path() or not modem.network_met().resolves or host not in names:
        raise AtError(OPERATION_NOT_ALLOWED)
    return f"{PEER_NET}{1 + names.index(host)}"


def connect(modem: Modem, number: int, address: str, port: int) -> None:
    """Connects a socket over the network met. Raises AtError."""
    transport = modem.sockets.get(number)
    if not isinstance(transport, str):
        raise AtError(OPERATION_NOT_ALLOWED)
    try:
        modem.sockets[number] = modem.peer_at(address, port, transport)
    except NoPeer:
        raise AtError(OPERATION_NOT_ALLOWED) from None
    _announce_next(modem, number)


def received(modem: Modem, number: int, most: int, within: float = 0.0) -> bytes:
    """What came for a socket, at most so many octets; waits so many seconds for it. Raises AtError for a closed one."""
    try:
        octets = connected(modem, number).receive(most, within)
    except NoPeer:
        raise AtError(OPERATION_NOT_ALLOWED) from None
    if octets:
        _announce_next(modem, number)
    return octets


def _announce_next(modem: Modem, number: int) -> None:
    form = modem.dialect.sockets.arrival
    if form:
        peer = connected(modem, number)

        def tell() -> None:
            if peer.waiting:  # nothing waits where the other end has only closed
                modem.announce(form.format(socket=number, octets=peer.waiting))

        peer.on_arrival(tell)


def take(modem: Modem, number: int, transport: str) -> None:
    """A socket with this number, not yet connected. Raises AtError where it is taken, or the service is not up."""
    if number in modem.sockets or number >= MOST_SOCKETS or not is_up(modem):
        raise AtError(OPERATION_NOT_ALLOWED)
    modem.sockets[number] = transport


def send(modem: Modem, number: int, octets: bytes) -> None:
    """Sends octets. Raises AtError."""
    try:
        connected(modem, number).send(octets)
    except NoPeer:
        raise AtError(OPERATION_NOT_ALLOWED) from None


def close(modem: Modem, number: int) -> None:
    """Closes a socket. Raises AtError where there is none."""
    if number not in modem.sockets:
        raise AtError(INCORRECT_PARAMETERS)
    modem.close_socket(number)


def connected(modem: Modem, number: int) -> PeerSocket:
    """The other end of a socket. Raises AtError where it has none."""
    found = modem.sockets.get(number)
    if found is None or isinstance(found, str):
        raise AtError(INCORRECT_PARAMETERS)
    return found


def text(parameters: Sequence[str], place: int) -> str:
    """A parameter that must be there. Raises AtError."""
    if place >= len(parameters):
        raise AtError(INCORRECT_PARAMETERS)
    return parameters[place]


# the module's own TCP/IP, which most makers want to have started


def start(modem: Modem) -> None:
    """Brings it up over the enabled profile. Raises AtError where there is no way for data."""
    if not modem.has_data_path():
        raise AtError(OPERATION_NOT_ALLOWED)
    modem.internet_over = modem.sim.iccid or ""


def stop(modem: Modem) -> None:
    """Takes it down, and all sockets with it."""
    modem.internet_over = None
    while modem.sockets:
        modem.close_socket(min(modem.sockets))


def is_up(modem: Modem) -> bool:
    """Whether it is up. What was brought up over another profile is not."""
    if not modem.dialect.sockets.want_start:
        return True
    return modem.internet_over == (modem.sim.iccid or "") and modem.has_data_path()


def own_address(modem: Modem) -> str:
    """The address of context 1."""
    return str(modem.rules["context-address"](modem, 1))
