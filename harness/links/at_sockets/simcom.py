"""SIMCom: +NETOPEN, +CIPOPEN and what follows for the SIM7500 and SIM7600 series, +CNACT, +CAOPEN for SIM7070 and SIM7080.

The older +CIPSTART of SIM800 and SIM7000 is not driven: such modules are not known to hold an eUICC with an IPA.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from harness.errors import MalformedAnswer
from harness.links.at import AtEngine
from harness.links.at_grammar import AtAnswer
from harness.links.at_sockets.common import (
    ACTIVATION,
    CONNECT,
    LOOKUP,
    MOST_AT_ONCE,
    TCP,
    TRANSFER,
    UDP,
    Socket,
    bring_up,
    checked_outcome,
    refused,
    told,
    value,
)

_NUMBER = 0
_LOCAL_PORT = 5007
_NO_DATA = "No data"
_NAMES: Mapping[str, str] = {TCP: "TCP", UDP: "UDP"}


def _looked_up(engine: AtEngine, host: str) -> str:
    """+CDNSGIP, whose outcome comes before the OK or behind it, by series."""
    since_ns = time.monotonic_ns()
    answer = engine.command(f'AT+CDNSGIP="{host}"', deadline=LOOKUP).checked()
    line = told(engine, answer, "+CDNSGIP:", since_ns, LOOKUP)
    found = [field.strip().strip('"') for field in line.partition(":")[2].split(",")]
    if found[0] != "1" or len(found) < 3 or not line.isascii():
        raise refused(answer, line)
    return found[2]


class SimcomLteSockets:
    """Link 0 of the socket service, with data that are read by hand."""

    def resolve(self, engine: AtEngine, host: str) -> str:
        self._start(engine)
        return _looked_up(engine, host)

    def open(self, engine: AtEngine, transport: str, address: str, port: int) -> Socket:
        # A UDP link has a port of its own and no peer: each datagram names it.
        leads = f'"{address}",{port}' if transport == TCP else f",,{_LOCAL_PORT}"
        since_ns = time.monotonic_ns()
        answer = engine.command(f'AT+CIPOPEN={_NUMBER},"{_NAMES[transport]}",{leads}', deadline=CONNECT).checked()
        checked_outcome(answer, told(engine, answer, f"+CIPOPEN: {_NUMBER},", since_ns, CONNECT), ",0")
        return Socket(str(_NUMBER), transport, address, port)

    def send(self, engine: AtEngine, socket: Socket, text: str) -> None:
        peer = f',"{socket.address}",{socket.port}' if socket.transport == UDP else ""
        since_ns = time.monotonic_ns()
        command = f"AT+CIPSEND={socket.number},{len(text)}{peer}"
        answer = engine.prompted(command, text, deadline=TRANSFER).checked()
        sent = f"+CIPSEND: {socket.number},"
        checked_outcome(answer, told(engine, answer, sent, since_ns, TRANSFER), f",{len(text)}")

    def receive(self, engine: AtEngine, socket: Socket) -> str:
        answer = engine.command(f"AT+CIPRXGET=2,{socket.number},{MOST_AT_ONCE}", deadline=TRANSFER)
        if not answer.ok and any(_NO_DATA in line for line in answer.lines):
            return ""
        return _behind(answer.checked(), f"+CIPRXGET: 2,{socket.number},")

    def arrival(self, socket: Socket) -> str:
        return f"+CIPRXGET: 1,{socket.number}"

    def close(self, engine: AtEngine, socket: Socket) -> None:
        since_ns = time.monotonic_ns()
        answer = engine.command(f"AT+CIPCLOSE={socket.number}", deadline=CONNECT).checked()
        told(engine, answer, f"+CIPCLOSE: {socket.number},", since_ns, CONNECT)

    def _start(self, engine: AtEngine) -> None:
        engine.command("AT+CIPRXGET=1").checked()
        if value(engine.command("AT+NETOPEN?").checked(), "+NETOPEN").startswith("1"):
            return
        since_ns = time.monotonic_ns()
        answer = engine.command("AT+NETOPEN", deadline=ACTIVATION).checked()
        checked_outcome(answer, told(engine, answer, "+NETOPEN:", since_ns, ACTIVATION), ":0")


class SimcomLpwaSockets:
    """Connection 0 over the application network 0."""

    def resolve(self, engine: AtEngine, host: str) -> str:
        self._start(engine)
        return _looked_up(engine, host)

    def open(self, engine: AtEngine, transport: str, address: str, port: int) -> Socket:
        since_ns = time.monotonic_ns()
        leads = f'"{_NAMES[transport]}","{address}",{port}'
        answer = engine.command(f"AT+CAOPEN={_NUMBER},{_NUMBER},{leads}", deadline=CONNECT).checked()
        checked_outcome(answer, told(engine, answer, f"+CAOPEN: {_NUMBER},", since_ns, CONNECT), ",0")
        return Socket(str(_NUMBER), transport, address, port)

    def send(self, engine: AtEngine, socket: Socket, text: str) -> None:
        engine.prompted(f"AT+CASEND={socket.number},{len(text)}", text, deadline=TRANSFER).checked()

    def receive(self, engine: AtEngine, socket: Socket) -> str:
        # The manual has the number of the connection before the length; drivers find that modules leave it away.
        answer = engine.command(f"AT+CARECV={socket.number},{MOST_AT_ONCE}", deadline=TRANSFER).checked()
        header, comma, text = value(answer, "+CARECV").rpartition(",")
        return text if comma and header.split(",")[-1] != "0" else ""

    def arrival(self, socket: Socket) -> str:
        return f"+CADATAIND: {socket.number}"

    def close(self, engine: AtEngine, socket: Socket) -> None:
        engine.command(f"AT+CACLOSE={socket.number}", deadline=CONNECT).checked()

    def _start(self, engine: AtEngine) -> None:
        if not self._is_up(engine):
            engine.command(f"AT+CNACT={_NUMBER},1", deadline=ACTIVATION).checked()
            bring_up(engine, lambda: self._is_up(engine), "+APP PDP:")

    def _is_up(self, engine: AtEngine) -> bool:
        return any(line.startswith(f"+CNACT: {_NUMBER},1") for line in engine.command("AT+CNACT?").checked().lines)


def _behind(answer: AtAnswer, header: str) -> str:
    """The lines of an answer behind its header. An announcement of the same name may stand before it."""
    place = next((place for place, line in enumerate(answer.lines) if line.startswith(header)), None)
    if place is None:
        raise MalformedAnswer(f"{answer.command}: no {header} in {' / '.join(answer.lines) or 'nothing'}")
    return "".join(answer.lines[place + 1 :])
