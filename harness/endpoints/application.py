"""The application server behind a device's own traffic: it sends back what it is sent, over TCP and UDP at one port.

It counts what reached it, so that a round trip which failed can be laid at the right door.
"""

from __future__ import annotations

import asyncio
import threading
from typing import cast

from harness.endpoints.loop import LoopThread
from harness.errors import LabFault

_LONGEST = 4096
_TRIES = 10
_HINT = "another program may listen there: name another `app_port` under `reach`"


class ApplicationServer:
    """An echo server on the loop of a rack. Start it, stop it."""

    def __init__(self, loop: LoopThread) -> None:
        self._loop = loop
        self._tcp: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._came = threading.Condition()
        self._connections = 0
        self._octets = 0
        self.address = ("", 0)
        """Where it listens; over TCP and UDP alike."""

    def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens. Raises LabFault where the port is taken."""
        self._loop.run(self._start(host, port))

    def stop(self) -> None:
        """Stops listening. Stopping twice does nothing."""
        self._loop.run(self._stop())

    @property
    def seen(self) -> tuple[int, int]:
        """How many connections were accepted, and how many octets came, over TCP and UDP together."""
        with self._came:
            return self._connections, self._octets

    def was_connected_to(self, before: int, within: float) -> bool:
        """Whether more than `before` connections were accepted, at the latest `within` so many seconds."""
        with self._came:
            return self._came.wait_for(lambda: self._connections > before, within)

    async def _start(self, host: str, port: int) -> None:
        for _ in range(1 if port else _TRIES):  # the port that is free for TCP need not be free for UDP
            try:
                self._tcp = await asyncio.start_server(self._serve, host, port)
                found = self._tcp.sockets[0].getsockname()
                self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(host, found[1])
                )
            except OSError as problem:
                await self._stop()
                said = problem.strerror or str(problem)
            else:
                self.address = (found[0], found[1])
                return
        raise LabFault(f"the application server cannot listen on {host} port {port}: {said}", hint=_HINT)

    async def _stop(self) -> None:
        if self._tcp is not None:
            self._tcp.close()
        if self._udp is not None:
            self._udp.close()
        self._tcp = self._udp = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.note(connections=1)
        try:
            while octets := await reader.read(_LONGEST):
                self.note(octets=len(octets))
                writer.write(octets)
                await writer.drain()
        except ConnectionError:
            return  # whoever went away misses nothing
        finally:
            writer.close()

    def note(self, *, connections: int = 0, octets: int = 0) -> None:
        """Something came."""
        with self._came:
            self._connections += connections
            self._octets += octets
            self._came.notify_all()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: ApplicationServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own is none by its class

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.note(octets=len(data))
        if self._transport is not None:
            self._transport.sendto(data, addr)
