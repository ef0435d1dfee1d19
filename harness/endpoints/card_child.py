"""The child process that is a simulated card. Started by `card_process`; never imported by the harness itself.

Rules of this room:
- Two sockets: one to the virtual reader (vpcd: a 16-bit big-endian length, then a payload; one octet is control), one to
  the parent (JSON lines; a reader connection travels beside `insert`). At the end of the parent's the card goes.
- TCP_QUICKACK is armed again around every receive. vpcd sends length and payload apart, and with a delayed
  acknowledgement between them every APDU takes 44 ms.
- A fault of the simulation is told to the parent and ends the process: it must never look like a card's behaviour.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from harness.endpoints.child_main import live

_POWER_OFF, _POWER_ON, _RESET, _ATR = 0, 1, 2, 4


class Card(Protocol):
    """A simulated card with its memory kept elsewhere."""

    def power_on(self) -> bytes: ...

    def power_off(self) -> None: ...

    def transmit(self, command: bytes) -> bytes: ...

    def snapshot(self) -> bytes: ...

    def restore(self, snapshot: bytes) -> None: ...

    @property
    def writes(self) -> int: ...

    @property
    def terminal_answer(self) -> bytes: ...

    @property
    def terminal_profile(self) -> bytes: ...

    def ask_terminal(self, command: bytes) -> None: ...

    def cut_power_at_write(self, number: int, *, late: bool, then: Callable[[], object]) -> None: ...


Factory = Callable[[Mapping[str, Any], Sequence[str]], Card]


class Reader:
    """The card's end of a connection to the virtual reader."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection

    def fileno(self) -> int:
        return self._connection.fileno()

    def receive(self) -> bytes | None:
        """One frame's payload; None when the reader is gone."""
        length = self._exactly(2)
        return None if length is None else self._exactly(int.from_bytes(length, "big"))

    def send(self, payload: bytes) -> None:
        self._connection.sendall(len(payload).to_bytes(2, "big") + payload)

    def close(self) -> None:
        self._connection.close()

    def _exactly(self, count: int) -> bytes | None:
        octets = b""
        while len(octets) < count:
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            part = self._connection.recv(count - len(octets))
            if not part:
                return None
            octets += part
        return octets


class Child:
    """The card between its reader and its parent."""

    def __init__(self, control: socket.socket, factory: Factory, arguments: Mapping[str, Any]) -> None:
        self._control = control
        self._factory = factory
        self._arguments = arguments
        self._reader: Reader | None = None
        self._mute = False
        self._powered = False
        self._orders: dict[str, Callable[[dict[str, Any], list[int]], dict[str, Any]]] = {
            "insert": self._insert,
            "remove": self._remove,
            "snapshot": lambda order, _: {"snapshot": base64.b64encode(self._card.snapshot()).decode()},
            "restore": self._restore,
            "rules": self._rules,
            "mute": self._set_mute,
            "cut": self._cut,
            "writes": lambda order, _: {"writes": self._card.writes},
        }
        self._make(())

    def _make(self, defects: Sequence[str]) -> None:
        self._card = self._factory(self._arguments, defects)
        self._atr = self._card.power_on()  # the reader asks for it before it powers the card
        if not self._powered:
            self._card.power_off()

    def run(self) -> None:
        """Serves both sides until the parent is gone."""
        pending = b""
        while True:
            waiting: list[Any] = [self._control] if self._reader is None else [self._reader, self._control]
            ready = select.select(waiting, [], [])[0]
            if self._reader in ready:
                self._serve_reader()
            if self._control in ready:
                octets, descriptors, _, _ = socket.recv_fds(self._control, 1 << 16, 1, socket.MSG_CMSG_CLOEXEC)
                if not octets:
                    return
                *lines, pending = (pending + octets).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line), descriptors)

    def _serve_reader(self) -> None:
        assert self._reader is not None
        try:
            payload = self._reader.receive()
            if payload is None:
                self._lose_reader()
            elif len(payload) == 1:
                self._switch(self._reader, payload[0])
            elif payload and not self._mute:
                response = self._card.transmit(payload)
                if response:  # nothing at all is a mute card
                    self._reader.send(response)
        except ConnectionError:
            self._lose_reader()

    def _switch(self, reader: Reader, what: int) -> None:
        if what == _POWER_OFF:
            self._power_off()
        elif what in (_POWER_ON, _RESET):
            self._powered = True
            self._atr = self._card.power_on()
        elif what == _ATR:
            reader.send(self._atr)

    def _lose_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
            self._power_off()

    def _power_off(self) -> None:
        self._powered = False
        self._card.power_off()

    def _obey(self, order: dict[str, Any], descriptors: list[int]) -> None:
        answer = self._orders[order["do"]](order, descriptors)
        self._control.sendall(json.dumps(answer).encode() + b"\n")

    def _insert(self, order: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        self._lose_reader()
        self._reader = Reader(socket.socket(fileno=descriptors.pop()))
        return {}

    def _remove(self, order: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        self._lose_reader()
        return {}

    def _restore(self, order: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        self._card.restore(base64.b64decode(order["snapshot"]))
        return {}

    def _rules(self, order: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        snapshot = self._card.snapshot()
        self._make(order["defects"])
        self._card.restore(snapshot)
        return {}

    def _set_mute(self, order: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        self._mute = order["on"]
        return {}

    def _cut(self, order: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        self._card.cut_power_at_write(order["at"], late=order["late"], then=die)
        return {}


def die() -> None:
    """The end of this process, at whatever it is doing."""
    os.kill(os.getpid(), signal.SIGKILL)


def factory_named(name: str) -> Factory:
    """The factory that "package.module:function" names."""
    module, _, function = name.partition(":")
    made: Factory = getattr(importlib.import_module(module), function)
    return made


def born(control: socket.socket, birth: dict[str, Any]) -> Child:
    """The card that the parent's first line asks for."""
    return Child(control, factory_named(birth["factory"]), birth["arguments"])


if __name__ == "__main__":
    sys.exit(live(born, {}))
