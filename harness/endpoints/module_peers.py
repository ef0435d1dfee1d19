"""Sockets of this host for the sockets of a simulated module."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.simulators.module.peers import TCP, UDP, NoPeer, PeerSocket

_DEADLINE = 5.0
_PEEKED = 1 << 16
_TYPES = {TCP: socket.SOCK_STREAM, UDP: socket.SOCK_DGRAM}
Places = Mapping[str, Sequence[Any]]
Watched = dict[socket.socket, Callable[[], None]]


class HostPeers:
    """Peers that really listen where `places` says: {"app.example": ["127.0.0.1", 7007]}."""

    def __init__(self, places: Places) -> None:
        self._places: dict[str, tuple[str, int]] = {}
        self._watched: Watched = {}
        self.lead_to(places)

    def lead_to(self, places: Places) -> None:
        """From now on these; what is connected stays so."""
        self._places = {name: (str(place[0]), int(place[1])) for name, place in places.items()}

    @property
    def hosts(self) -> Sequence[str]:
        return tuple(self._places)

    @property
    def watched(self) -> Sequence[socket.socket]:
        """What to wait on, and to name to `arrived` when it is readable."""
        return tuple(self._watched)

    def arrived(self, ready: socket.socket) -> None:
        """Tells who asked for it that something came."""
        tell = self._watched.pop(ready, None)
        if tell is not None:
            tell()

    def connect(self, host: str, transport: str) -> PeerSocket:
        opened = socket.socket(socket.AF_INET, _TYPES[transport])
        opened.settimeout(_DEADLINE)
        try:
            opened.connect(self._places[host])
        except OSError as problem:
            opened.close()
            raise NoPeer(str(problem)) from problem
        return _HostSocket(opened, self._watched)


class _HostSocket:
    def __init__(self, opened: socket.socket, watched: Watched) -> None:
        self._socket = opened
        self._watched = watched

    def send(self, octets: bytes) -> None:
        try:
            self._socket.sendall(octets)
        except OSError as problem:
            raise NoPeer(str(problem)) from problem

    def receive(self, most: int, within: float) -> bytes:
        try:
            return self._socket.recv(most) if self._is_readable(within) else b""
        except OSError as problem:
            raise NoPeer(str(problem)) from problem

    @property
    def waiting(self) -> int:
        try:
            return len(self._socket.recv(_PEEKED, socket.MSG_PEEK)) if self._is_readable(0.0) else 0
        except OSError:
            return 0  # whoever receives is told

    def on_arrival(self, tell: Callable[[], None]) -> None:
        self._watched[self._socket] = tell

    def close(self) -> None:
        self._watched.pop(self._socket, None)
        self._socket.close()

    def _is_readable(self, within: float) -> bool:
        return bool(select.select([self._socket], [], [], within)[0])
