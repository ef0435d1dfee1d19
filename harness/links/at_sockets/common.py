"""What a module's own sockets are to whoever drives them, and what all makers' have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from harness.errors import DeviceSilent, MalformedAnswer
from harness.links.at import AtEngine
from harness.links.at_grammar import AtAnswer, AtRefused

TCP, UDP = "tcp", "udp"
LOOKUP, CONNECT, TRANSFER, ACTIVATION = 60.0, 150.0, 30.0, 150.0
"""Seconds that a module gets for it."""
MOST_AT_ONCE = 1024
"""Octets that a read asks for: every maker's modules give as many."""
_LOOK_EVERY = 1.0
"""Seconds after which is looked for data that nobody announced."""


@dataclass(frozen=True, slots=True)
class Socket:
    """One socket of a module, and where it leads."""

    number: str
    """What the module calls it."""
    transport: str
    address: str
    port: int


class Sockets(Protocol):
    """The sockets of one kind of module. Everything raises AtRefused, MalformedAnswer and DeviceSilent."""

    def resolve(self, engine: AtEngine, host: str) -> str:
        """The address of a name. Brings up, before, what the module's own TCP/IP wants to have brought up."""

    def open(self, engine: AtEngine, transport: str, address: str, port: int) -> Socket:
        """A socket that is connected."""

    def send(self, engine: AtEngine, socket: Socket, text: str) -> None:
        """Sends a text."""

    def receive(self, engine: AtEngine, socket: Socket) -> str:
        """What has come and was not yet read; empty where there is nothing."""

    def arrival(self, socket: Socket) -> str:
        """What the unsolicited line begins with that announces data; empty where `receive` waits for them itself."""

    def close(self, engine: AtEngine, socket: Socket) -> None:
        """Closes it."""


def exchange(sockets: Sockets, engine: AtEngine, socket: Socket, text: str, *, patience: float) -> str:
    """Sends a text and gives what comes back within so many seconds, as soon as it is as long as what was sent."""
    since_ns, until = time.monotonic_ns(), time.monotonic() + patience
    sockets.send(engine, socket, text)
    got = ""
    while True:
        _wait_for_data(sockets.arrival(socket), engine, since_ns, until)
        since_ns = time.monotonic_ns()
        while piece := sockets.receive(engine, socket):
            got += piece
            if len(got) >= len(text) or time.monotonic() >= until:
                return got
        if time.monotonic() >= until:
            return got


def _wait_for_data(arrival: str, engine: AtEngine, since_ns: int, until: float) -> None:
    """Until data are announced, but not for long: a module may be told to announce none."""
    deadline = min(_LOOK_EVERY, until - time.monotonic())
    if arrival and deadline > 0:
        with suppress(DeviceSilent):
            engine.wait_for(lambda line: line.startswith(arrival), deadline=deadline, since_ns=since_ns)


def value(answer: AtAnswer, name: str) -> str:
    """What an answer says behind `name:`, of letters that a command may repeat. Raises MalformedAnswer."""
    found = answer.value(name) or ""
    if not found.strip('" ') or not found.isascii():
        raise MalformedAnswer(f"{answer.command}: no {name} in {' / '.join(answer.lines) or 'nothing'}")
    return found


def told(engine: AtEngine, answer: AtAnswer, begins: str, since_ns: int, deadline: float) -> str:
    """The line that begins so, out of the answer or, as a module may work on after its OK, from what comes behind it."""
    found = next((line for line in answer.lines if line.startswith(begins)), "")
    return found or engine.wait_for(lambda line: line.startswith(begins), deadline=deadline, since_ns=since_ns).text


def refused(answer: AtAnswer, line: str) -> AtRefused:
    """What to raise where a line behind the OK tells that a command failed after all."""
    return AtRefused(AtAnswer(answer.command, answer.lines, line))


def checked_outcome(answer: AtAnswer, line: str, success: str) -> None:
    """Raises AtRefused where the line that tells the outcome of a command does not end in success."""
    if not line.replace(" ", "").endswith(success):
        raise refused(answer, line)


def bring_up(engine: AtEngine, is_up: Callable[[], bool], announcement: str) -> None:
    """Waits until a module's TCP/IP is up that was asked to come up. Raises DeviceSilent."""
    until = time.monotonic() + ACTIVATION
    since_ns = time.monotonic_ns()
    while not is_up():
        left = until - time.monotonic()
        if left <= 0:
            raise DeviceSilent(f"the module's own TCP/IP did not come up within {ACTIVATION:g} s")
        with suppress(DeviceSilent):
            deadline = min(_LOOK_EVERY, left)
            engine.wait_for(lambda line: line.startswith(announcement), deadline=deadline, since_ns=since_ns)
            since_ns = time.monotonic_ns()
