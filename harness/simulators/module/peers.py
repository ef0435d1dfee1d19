"""What a module's own sockets lead to, as the simulation needs it. Who moves the bytes is no business of this room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

TCP, UDP = "tcp", "udp"


class NoPeer(Exception):
    """Nothing answers there, or no more."""


class PeerSocket(Protocol):
    """A connected socket. Everything raises NoPeer."""

    def send(self, octets: bytes) -> None:
        """Sends them all."""

    def receive(self, most: int, within: float) -> bytes:
        """What came, at most so many octets; waits so many seconds for it, and is empty where nothing came."""

    @property
    def waiting(self) -> int:
        """How many octets came and were not received."""

    def on_arrival(self, tell: Callable[[], None]) -> None:
        """Calls `tell` once, when there is next something to receive or the other end closed."""

    def close(self) -> None:
        """Closes it."""


class Peers(Protocol):
    """The hosts that can be reached."""

    @property
    def hosts(self) -> Sequence[str]:
        """Their names; a port behind a colon is where it listens, as the network has it."""

    def connect(self, host: str, transport: str) -> PeerSocket:
        """A socket to a host. Raises NoPeer."""


class Nobody:
    """No peer at all."""

    hosts: Sequence[str] = ()

    def connect(self, host: str, transport: str) -> PeerSocket:
        raise NoPeer(host)
