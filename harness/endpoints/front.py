"""The one port at which devices outside of this host find all our servers.

Rules of this room:
- A connection is passed on by the name in its ClientHello, octet for octet: TLS ends in the server that has the name, which
  so sees the ClientHello that the device sent. Nothing is decrypted here.
- Servers run in the slots' processes, on ports of loopback. A slot says which name is where over a socket of this host and
  keeps that connection open; when it closes, or the slot dies, its names are gone.
- A connection for nobody is answered with the alert unrecognized_name, and told: a device that asks for a wrong name, or
  for none, is the commonest reason why a lab sees no poll.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.endpoints.loop import LoopThread
from harness.errors import LabFault
from harness.links.client_hello import MAX_HELLO, NotAClientHello, read_client_hello

HELLO_DEADLINE = 15.0
"""Seconds in which the ClientHello must be there: a device on NB-IoT is slow."""
CONNECT_DEADLINE = 5.0
MOST_CONNECTIONS = 512
_UNRECOGNIZED_NAME = bytes.fromhex("15030300020270")
_CHUNK = 1 << 16
_ANSWER_DEADLINE = 5.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One connection that came to the port."""

    peer: str
    """Address and port it came from: of the device, or of whatever translates or tunnels it."""
    name: str
    """The name in the ClientHello; empty where there was none."""
    trouble: str
    """Why it was not passed on; empty where it was."""


Tell = Callable[[Arrival], None]


class Front:
    """Listens at the shared port. Registrations come in at `registry`, the path of a Unix socket."""

    def __init__(self, loop: LoopThread, registry: Path, tell: Tell) -> None:
        self.registry = registry
        self._loop = loop
        self._tell = tell
        self._ports: dict[str, int] = {}
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    def start(self, address: str, port: int) -> int:
        """Opens the port, 0 for any free one, and returns it. Raises LabFault where it cannot be had."""
        try:
            self.port = self._loop.run(self._start(address, port))
        except OSError as fault:
            hint = "is another server there? A port below 1024 also needs root or CAP_NET_BIND_SERVICE"
            raise LabFault(
                f"nobody can listen at {address} port {port}: {fault.strerror or fault}", hint=hint
            ) from fault
        return self.port

    def stop(self) -> None:
        """Closes the port and every connection."""
        self._loop.run(self._stop())

    async def _start(self, address: str, port: int) -> int:
        outside = await asyncio.start_server(self._arrived, address, port)
        inside = await asyncio.start_unix_server(self._registered, self.registry)
        self._servers = [outside, inside]
        return int(outside.sockets[0].getsockname()[1])

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.registry.unlink(missing_ok=True)

    # the slots

    async def _registered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._counted():
            names: Mapping[str, int] = json.loads(await reader.readline())
            taken = sorted(name for name in names if name in self._ports)
            if not taken:
                self._ports.update(names)
            writer.write(json.dumps({"taken": taken, "port": self.port}).encode() + b"\n")
            try:
                await writer.drain()
                await reader.read()  # until the slot closes it, or is gone
            finally:
                for name in () if taken else names:
                    del self._ports[name]
                writer.close()

    # the devices

    async def _arrived(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = ":".join(str(part) for part in writer.get_extra_info("peername", ("?",))[:2])
        if len(self._tasks) >= MOST_CONNECTIONS:
            self._tell(Arrival(peer, "", f"{MOST_CONNECTIONS} connections are open"))
            writer.close()
            return
        with self._counted():
            try:
                await self._pass_on(peer, reader, writer)
            finally:
                writer.close()

    async def _pass_on(self, peer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        octets, name, trouble = await _first_words(reader)
        port = self._ports.get(name)
        if not trouble and port is None:
            trouble = f"nobody here is called {name}" if name else "the ClientHello names nobody (no SNI)"
        self._tell(Arrival(peer, name, trouble))
        if trouble or port is None:
            if octets:
                writer.write(_UNRECOGNIZED_NAME)
                await writer.drain()
            return
        inner_reader, inner_writer = await asyncio.wait_for(
            asyncio.open_connection("127.0.0.1", port), CONNECT_DEADLINE
        )
        try:
            inner_writer.write(octets)
            await _both_ways((reader, writer), (inner_reader, inner_writer))
        except ConnectionError:
            return  # either end went away: the server behind has recorded what came
        finally:
            inner_writer.close()

    def _counted(self) -> _Counted:
        task = asyncio.current_task()
        assert task is not None
        return _Counted(self._tasks, task)


class _Counted:
    """A task is among the open ones inside the `with`."""

    def __init__(self, tasks: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
        self._tasks, self._task = tasks, task

    def __enter__(self) -> None:
        self._tasks.add(self._task)

    def __exit__(self, *_raised: object) -> None:
        self._tasks.discard(self._task)


async def _first_words(reader: asyncio.StreamReader) -> tuple[bytes, str, str]:
    """What came until the ClientHello was whole, the name in it, and what is wrong with it."""
    octets = b""
    try:
        async with asyncio.timeout(HELLO_DEADLINE):
            while len(octets) <= MAX_HELLO:
                chunk = await reader.read(_CHUNK)
                if not chunk:
                    return octets, "", "it closed before a ClientHello was there"
                octets += chunk
                hello = read_client_hello(octets)
                if hello is not None:
                    return octets, (hello.server_name or "").lower(), ""
    except TimeoutError:
        return octets, "", f"no ClientHello within {HELLO_DEADLINE:g} s"
    except NotAClientHello as fault:
        return octets, "", f"no TLS: {fault}"
    return octets, "", "a ClientHello that does not end"


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _both_ways(device: Ends, server: Ends) -> None:
    """Passes octets on until the server is done: a device that vanished would keep the connection for ever."""
    upwards = asyncio.create_task(_pipe(device[0], server[1]))
    try:
        await _pipe(server[0], device[1])
    finally:
        upwards.cancel()
        await asyncio.gather(upwards, return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Passes octets on, and their end, however it came."""
    try:
        while octets := await reader.read(_CHUNK):
            writer.write(octets)
            await writer.drain()
    finally:
        with suppress(OSError):
            writer.write_eof()


class Registration:
    """Names of one slot at the front; gone when it is closed or its process ends."""

    def __init__(self, registry: Path, names: Mapping[str, int]) -> None:
        """`names` with the ports of loopback they are at. Raises LabFault where the front is not there, or has a name."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_ANSWER_DEADLINE)
        try:
            self._socket.connect(str(registry))
            self._socket.sendall(json.dumps(dict(names)).encode() + b"\n")
            answer = json.loads(self._socket.makefile("rb").readline() or b"{}")
        except (OSError, ValueError) as fault:
            self._socket.close()
            raise LabFault(f"the shared port is not served: {fault}", hint="start the run again") from fault
        if "port" not in answer or answer["taken"]:
            self._socket.close()
            taken = ", ".join(answer.get("taken", ())) or "the names of this slot"
            raise LabFault(f"the shared port does not take {taken}", hint="is another slot using the same names?")
        self.port = int(answer["port"])
        """The shared port."""

    def close(self) -> None:
        """Takes the names away. Closing twice does nothing."""
        self._socket.close()
