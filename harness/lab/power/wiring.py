"""How a real card gets its power, as the lab file says.

    power: {command: {off: [uhubctl, -l, 1-1, -p, "2", -a, "off"], on: [uhubctl, -l, 1-1, -p, "2", -a, "on"]}}
    power: {relay: {port: /dev/serial/by-id/…, off: A00100A1, on: A00101A2}, points: 20, pause: 2}

A command is any program of the host; a relay is a board at a serial port that obeys octets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.lab.programs import read_words
from harness.nodes import Value

DEFAULT_DEADLINE, DEFAULT_PAUSE, DEFAULT_BACK, DEFAULT_POINTS = 10, 1, 30, 10
_LONGEST, _MOST_POINTS = 600, 1000
_KEYS = ("command", "relay", "points", "pause", "deadline", "back")


@dataclass(frozen=True, slots=True)
class Command:
    """Programs with their arguments; exit status 0 means that it is done."""

    off: tuple[str, ...]
    on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relay:
    """A relay board: what is written to its serial port."""

    port: str
    off: bytes
    on: bytes
    baud: int = 9600


@dataclass(frozen=True, slots=True)
class Wiring:
    """The switch of one slot, and how it is used."""

    switch: Command | Relay
    points: int = DEFAULT_POINTS
    """At how many moments a case cuts each of its actions."""
    pause: int = DEFAULT_PAUSE
    """Seconds that the power stays away, so that what keeps a card alive has run empty."""
    deadline: int = DEFAULT_DEADLINE
    """Seconds that the switch itself may take."""
    back: int = DEFAULT_BACK
    """Seconds until the card must answer again."""


def read_wiring(value: Value) -> Wiring | None:
    """What a slot's `power` says; None with faults noted."""
    keys = value.mapping(_KEYS)
    forms = [key for key in ("command", "relay") if key in keys]
    if not value.is_mapping or len(forms) != 1:
        value.fault("exactly one of `command` or `relay` says what switches the power")
        return None
    switch = _command(keys["command"]) if "command" in keys else _relay(keys["relay"])
    points = keys["points"].integer(1, _MOST_POINTS) if "points" in keys else DEFAULT_POINTS
    pause, deadline, back = (
        keys[key].integer(least, _LONGEST) if key in keys else default
        for key, least, default in (
            ("pause", 0, DEFAULT_PAUSE),
            ("deadline", 1, DEFAULT_DEADLINE),
            ("back", 1, DEFAULT_BACK),
        )
    )
    if switch is None or points is None or pause is None or deadline is None or back is None:
        return None
    return Wiring(switch, points, pause, deadline, back)


def _command(value: Value) -> Command | None:
    keys = _both(value, value.mapping(("off", "on")))
    off, on = (read_words(keys[key]) if key in keys else () for key in ("off", "on"))
    return Command(off, on) if off and on else None


def _relay(value: Value) -> Relay | None:
    keys = value.mapping(("port", "baud", "off", "on"))
    if value.is_mapping and "port" not in keys:
        value.fault("'port' is missing")
    _both(value, keys)
    port = keys["port"].text() if "port" in keys else None
    baud = keys["baud"].integer(300, 4_000_000) if "baud" in keys else 9600
    off, on = (_octets(keys[key]) if key in keys else b"" for key in ("off", "on"))
    return Relay(port, off, on, baud) if port and baud and off and on else None


def _both(value: Value, keys: Mapping[str, Value]) -> Mapping[str, Value]:
    for key in ("off", "on"):
        if value.is_mapping and key not in keys:
            value.fault(f"{key!r} is missing", "power that is taken away has to be given back")
    return keys


def _octets(value: Value) -> bytes:
    word = value.text()
    try:
        octets = bytes.fromhex(word or "")
    except ValueError:
        octets = b""
    if word is not None and not octets:
        value.fault(f"{word!r} is no octets in hexadecimal", "write what the board obeys, as in its data sheet")
    return octets
