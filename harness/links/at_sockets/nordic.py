"""Nordic: #XGETADDRINFO, #XSOCKET and what follows, as the Serial LTE modem application of the nRF91 series has them.

The application that came after it has handles in every command, and nRF93M1 modules may have something else: neither is
known here.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.links.at import AtEngine
from harness.links.at_sockets.common import CONNECT, LOOKUP, TCP, TRANSFER, UDP, Socket, value

_TYPES: Mapping[str, int] = {TCP: 1, UDP: 2}
_READS_WITHIN = 2


class NordicSockets:
    """The socket that was opened last is the one that is meant."""

    def resolve(self, engine: AtEngine, host: str) -> str:
        answer = engine.command(f'AT#XGETADDRINFO="{host}"', deadline=LOOKUP).checked()
        return value(answer, "#XGETADDRINFO").strip('"').split()[0]

    def open(self, engine: AtEngine, transport: str, address: str, port: int) -> Socket:
        opened = value(engine.command(f"AT#XSOCKET=1,{_TYPES[transport]},0").checked(), "#XSOCKET")
        engine.command(f'AT#XCONNECT="{address}",{port}', deadline=CONNECT).checked()
        return Socket(opened.partition(",")[0], transport, address, port)

    def send(self, engine: AtEngine, socket: Socket, text: str) -> None:
        engine.command(f'AT#XSEND="{text}"', deadline=TRANSFER).checked()

    def receive(self, engine: AtEngine, socket: Socket) -> str:
        # It waits by itself, and ends in ERROR where nothing came. Older releases tell the data before their length.
        answer = engine.command(f"AT#XRECV={_READS_WITHIN}", deadline=TRANSFER)
        return "".join(line for line in answer.lines if not line.startswith("#XRECV")) if answer.ok else ""

    def arrival(self, socket: Socket) -> str:
        return ""

    def close(self, engine: AtEngine, socket: Socket) -> None:
        engine.command("AT#XSOCKET=0").checked()
