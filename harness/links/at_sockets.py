"""A module's own sockets at its AT port, by maker: 27.007 has none.

Rules of this room:
- What stands here is public of these makers' modules. Of others nothing is known, and nothing is tried.
- Data are printable ASCII without quotation marks, so that no escape is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from harness.errors import MalformedAnswer
from harness.links.at import AtEngine
from harness.links.at_grammar import AtAnswer

TCP, UDP = "tcp", "udp"
_LOOKUP, _CONNECT, _TRANSFER = 60.0, 60.0, 30.0
"""Seconds that a module gets for it."""
_MOST_READS = 5


class Sockets(Protocol):
    """The sockets of one kind of module. Everything raises AtRefused, MalformedAnswer and DeviceSilent."""

    def resolve(self, engine: AtEngine, host: str) -> str:
        """The address of a name."""

    def open(self, engine: AtEngine, transport: str, address: str, port: int) -> str:
        """A socket that is connected; what it is called."""

    def exchange(self, engine: AtEngine, socket: str, text: str) -> str:
        """Sends the text and gives what came back, as far as something did."""

    def close(self, engine: AtEngine, socket: str) -> None:
        """Closes it."""


class UbloxSockets:
    """+UDNSRN, +USOCR and what follows."""

    _PROTOCOLS: Mapping[str, int] = {TCP: 6, UDP: 17}

    def resolve(self, engine: AtEngine, host: str) -> str:
        answer = engine.command(f'AT+UDNSRN=0,"{host}"', deadline=_LOOKUP).checked()
        return _value(answer, "+UDNSRN").strip('"')

    def open(self, engine: AtEngine, transport: str, address: str, port: int) -> str:
        socket = _value(engine.command(f"AT+USOCR={self._PROTOCOLS[transport]}").checked(), "+USOCR")
        engine.command(f'AT+USOCO={socket},"{address}",{port}', deadline=_CONNECT).checked()
        return socket

    def exchange(self, engine: AtEngine, socket: str, text: str) -> str:
        engine.command(f'AT+USOWR={socket},{len(text)},"{text}"', deadline=_TRANSFER).checked()
        got = ""
        for _ in range(_MOST_READS):
            read = _value(engine.command(f"AT+USORD={socket},{len(text)}", deadline=_TRANSFER).checked(), "+USORD")
            got += read.partition(",")[2].partition(",")[2].strip('"')
            if len(got) >= len(text):
                break
        return got

    def close(self, engine: AtEngine, socket: str) -> None:
        engine.command(f"AT+USOCL={socket}", deadline=_CONNECT).checked()


class NordicSockets:
    """#XGETADDRINFO, #XSOCKET and what follows, as Nordic's serial modem application has them: one socket at a time."""

    _TYPES: Mapping[str, int] = {TCP: 1, UDP: 2}

    def resolve(self, engine: AtEngine, host: str) -> str:
        answer = engine.command(f'AT#XGETADDRINFO="{host}"', deadline=_LOOKUP).checked()
        return _value(answer, "#XGETADDRINFO").strip('"').split()[0]

    def open(self, engine: AtEngine, transport: str, address: str, port: int) -> str:
        opened = _value(engine.command(f"AT#XSOCKET=1,{self._TYPES[transport]},0").checked(), "#XSOCKET")
        engine.command(f'AT#XCONNECT="{address}",{port}', deadline=_CONNECT).checked()
        return opened.partition(",")[0]

    def exchange(self, engine: AtEngine, socket: str, text: str) -> str:
        engine.command(f'AT#XSEND="{text}"', deadline=_TRANSFER).checked()
        answer = engine.command("AT#XRECV=5", deadline=_TRANSFER).checked()
        return "".join(line for line in answer.lines if not line.startswith("#XRECV"))

    def close(self, engine: AtEngine, socket: str) -> None:
        engine.command("AT#XSOCKET=0").checked()


SOCKETS: Mapping[str, Sockets] = {"u-blox": UbloxSockets(), "nordic": NordicSockets()}
"""By the name that `Habits.sockets` has for them."""


def _value(answer: AtAnswer, name: str) -> str:
    value = answer.value(name)
    if not value:
        raise MalformedAnswer(f"{answer.command}: no {name} in {' / '.join(answer.lines) or 'nothing'}")
    return value
