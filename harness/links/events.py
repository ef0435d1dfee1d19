"""What a link tells about the bytes it moved.

Rules of this room:
- Every message is told before the call that moved it returns, also when it then turns out to be unusable.
- `octets` is exactly what was on the wire. Decoding is left to whoever looks later.
- A link that lost its device says so with an empty message and a note, so that a gap in a record is never silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Interface(StrEnum):
    """Which boundary a message crossed; the standard's names where it has one."""

    APDU = "APDU"
    AT = "AT"
    ES10 = "ES10"
    ES10A = "ES10a"
    ES10B = "ES10b"
    ES10C = "ES10c"
    ES9P = "ES9+"
    ES2P = "ES2+"
    ES11 = "ES11"
    ES12 = "ES12"
    ESIPA = "ESipa"
    TLS = "TLS"
    POWER = "power"
    """The switch of a device's supply: what happened to it is in the note, and there are no octets."""
    OPERATOR = "operator"
    """The operator's side of somebody else's server: JSON that no standard knows, the operation's name in the note."""


class Direction(StrEnum):
    """Seen from the device under test."""

    TO_DEVICE = "to-device"
    FROM_DEVICE = "from-device"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message that crossed a link."""

    interface: Interface
    direction: Direction
    octets: bytes
    at_ns: int = field(default_factory=time.monotonic_ns)
    """Monotonic nanoseconds (`time.monotonic_ns`); whoever records knows the matching UTC."""
    note: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """What is known beside the bytes: link name, HTTP headers, TLS facts, `event` for what is not a message."""


Observer = Callable[[Exchange], None]


class Observers:
    """Those who are told what a link moved, in the order they were added.

    An observer that raises breaks the exchange on purpose: a message that could not be recorded must not pass unseen.
    """

    __slots__ = ("_observers",)

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        self._observers = tuple(observers)

    def __bool__(self) -> bool:
        """Whether anybody listens: a note that costs something to write need not be written for nobody."""
        return bool(self._observers)

    def add(self, observer: Observer) -> Callable[[], None]:
        """Tells `observer` from now on; the returned function stops that."""
        self._observers = (*self._observers, observer)
        return lambda: self._remove(observer)

    def _remove(self, observer: Observer) -> None:
        self._observers = tuple(other for other in self._observers if other is not observer)

    def tell(
        self, interface: Interface, direction: Direction, octets: bytes, note: Mapping[str, str] = _NOTHING
    ) -> None:
        """Tells one message, stamped now."""
        observers = self._observers
        if observers:
            exchange = Exchange(interface, direction, octets, time.monotonic_ns(), note)
            for observer in observers:
                observer(exchange)
