"""Quectel: +QIACT, +QIOPEN and what follows, as the TCP/IP manuals of EC2x, EG2x and BG9x modules have them.

In buffer access mode: data are announced, and stay in the module until they are read. What a command starts at the
network is told in an unsolicited line after its OK.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from harness.links.at import AtEngine
from harness.links.at_grammar import AtRefused
from harness.links.at_sockets.common import (
    ACTIVATION,
    CONNECT,
    LOOKUP,
    MOST_AT_ONCE,
    TCP,
    TRANSFER,
    UDP,
    Socket,
    checked_outcome,
    refused,
    told,
    value,
)

_SERVICES: Mapping[str, str] = {TCP: "TCP", UDP: "UDP"}
_CONTEXT, _CONNECTION, _BUFFERED = 1, 0, 0
_SENT = ("SEND OK", "SEND FAIL")
_ADDRESS = re.compile(r'\+QIURC: "dnsgip","([0-9A-Fa-f.:]+)"')
_LOOKED_UP = '+QIURC: "dnsgip",'


class QuectelSockets:
    """Connection 0 over context 1."""

    def resolve(self, engine: AtEngine, host: str) -> str:
        self._start(engine)
        since_ns = time.monotonic_ns()
        answer = engine.command(f'AT+QIDNSGIP={_CONTEXT},"{host}"', deadline=LOOKUP).checked()
        # First the error, how many addresses follow and for how long they hold; then a line for each of them.
        line = told(engine, answer, _LOOKED_UP, since_ns, LOOKUP)
        if _ADDRESS.match(line) is None:
            if line.removeprefix(_LOOKED_UP).split(",")[0].strip() != "0":
                raise refused(answer, line)
            line = engine.wait_for(lambda text: bool(_ADDRESS.match(text)), deadline=LOOKUP, since_ns=since_ns).text
        return _ADDRESS.sub(r"\1", line)

    def open(self, engine: AtEngine, transport: str, address: str, port: int) -> Socket:
        since_ns = time.monotonic_ns()
        service = f'"{_SERVICES[transport]}","{address}",{port},0,{_BUFFERED}'
        answer = engine.command(f"AT+QIOPEN={_CONTEXT},{_CONNECTION},{service}", deadline=CONNECT).checked()
        line = told(engine, answer, f"+QIOPEN: {_CONNECTION},", since_ns, CONNECT)
        socket = Socket(str(_CONNECTION), transport, address, port)
        try:
            checked_outcome(answer, line, ",0")
        except AtRefused:
            self.close(engine, socket)  # a connection that failed is taken until it is closed
            raise
        return socket

    def send(self, engine: AtEngine, socket: Socket, text: str) -> None:
        engine.prompted(f"AT+QISEND={socket.number},{len(text)}", text, deadline=TRANSFER, also_final=_SENT).checked()

    def receive(self, engine: AtEngine, socket: Socket) -> str:
        answer = engine.command(f"AT+QIRD={socket.number},{MOST_AT_ONCE}", deadline=TRANSFER).checked()
        length = value(answer, "+QIRD").partition(",")[0].strip()
        return "".join(line for line in answer.lines if not line.startswith("+QIRD:")) if length != "0" else ""

    def arrival(self, socket: Socket) -> str:
        return f'+QIURC: "recv",{socket.number}'

    def close(self, engine: AtEngine, socket: Socket) -> None:
        engine.command(f"AT+QICLOSE={socket.number}", deadline=CONNECT).checked()

    def _start(self, engine: AtEngine) -> None:
        active = f"+QIACT: {_CONTEXT},1,"
        if not any(line.startswith(active) for line in engine.command("AT+QIACT?").checked().lines):
            engine.command(f"AT+QIACT={_CONTEXT}", deadline=ACTIVATION).checked()
