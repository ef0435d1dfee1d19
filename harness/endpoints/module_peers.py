"""Sockets of this host for the sockets of a simulated module."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import Any

from harness.simulators.module.peers import TCP, UDP, NoPeer, PeerSocket

_DEADLINE = 5.0
_TYPES = {TCP: socket.SOCK_STREAM, UDP: socket.SOCK_DGRAM}


class HostPeers:
    """Peers that really listen where `places` says: {"app.example": ["127.0.0.1", 7007]}."""

    def __init__(self, places: Mapping[str, Sequence[Any]]) -> None:
        self._places = {name: (str(place[0]), int(place[1])) for name, place in places.items()}

    @property
    def hosts(self) -> Sequence[str]:
        return tuple(self._places)

    def connect(self, host: str, transport: str) -> PeerSocket:
        opened = socket.socket(socket.AF_INET, _TYPES[transport])
        opened.settimeout(_DEADLINE)
        try:
            opened.connect(self._places[host])
        except OSError as problem:
            opened.close()
            raise NoPeer(str(problem)) from problem
        return _HostSocket(opened)


class _HostSocket:
    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened

    def send(self, octets: bytes) -> None:
        try:
            self._socket.sendall(octets)
        except OSError as problem:
            raise NoPeer(str(problem)) from problem

    def receive(self, most: int) -> bytes:
        try:
            return self._socket.recv(most)
        except TimeoutError:
            return b""
        except OSError as problem:
            raise NoPeer(str(problem)) from problem

    def close(self) -> None:
        self._socket.close()
