"""u-blox: +UDNSRN, +USOCR and what follows, as the AT manuals of SARA and LARA modules have them."""

from __future__ import annotations

from collections.abc import Mapping

from harness.links.at import AtEngine
from harness.links.at_sockets.common import (
    CONNECT,
    LOOKUP,
    MOST_AT_ONCE,
    TCP,
    TRANSFER,
    UDP,
    Socket,
    bring_up,
    value,
)

_PROTOCOLS: Mapping[str, int] = {TCP: 6, UDP: 17}
_PROFILE_STATE = "AT+UPSND=0,8"
_PROFILE_OF_CONTEXT_1 = ("AT+UPSD=0,0,0", "AT+UPSD=0,100,1")
"""PSD profile 0: IPv4, mapped to PDP context 1. Modules whose profiles are no contexts refuse the second."""


class UbloxSockets:
    """Sockets of a PSD profile, or of the only context where a module has no profiles (SARA-R4)."""

    def resolve(self, engine: AtEngine, host: str) -> str:
        self._start(engine)
        answer = engine.command(f'AT+UDNSRN=0,"{host}"', deadline=LOOKUP).checked()
        return value(answer, "+UDNSRN").strip('"')

    def open(self, engine: AtEngine, transport: str, address: str, port: int) -> Socket:
        number = value(engine.command(f"AT+USOCR={_PROTOCOLS[transport]}").checked(), "+USOCR")
        engine.command(f'AT+USOCO={number},"{address}",{port}', deadline=CONNECT).checked()
        return Socket(number, transport, address, port)

    def send(self, engine: AtEngine, socket: Socket, text: str) -> None:
        engine.command(f'AT+USOWR={socket.number},{len(text)},"{text}"', deadline=TRANSFER).checked()

    def receive(self, engine: AtEngine, socket: Socket) -> str:
        # The announcement of more data has another name; without data some modules leave the text away, some empty.
        answer = engine.command(f"AT+USORD={socket.number},{MOST_AT_ONCE}", deadline=TRANSFER).checked()
        return value(answer, "+USORD").partition(",")[2].partition(",")[2].strip('"')

    def arrival(self, socket: Socket) -> str:
        return f"+UUSORD: {socket.number},"

    def close(self, engine: AtEngine, socket: Socket) -> None:
        engine.command(f"AT+USOCL={socket.number}", deadline=CONNECT).checked()

    def _start(self, engine: AtEngine) -> None:
        answer = engine.command(_PROFILE_STATE)
        if not answer.ok or self._is_up(engine):
            return
        for command in _PROFILE_OF_CONTEXT_1:
            engine.command(command)
        engine.command("AT+UPSDA=0,3", deadline=CONNECT).checked()
        bring_up(engine, lambda: self._is_up(engine), "+UUPSDA:")

    def _is_up(self, engine: AtEngine) -> bool:
        return value(engine.command(_PROFILE_STATE).checked(), "+UPSND").endswith(",1")
