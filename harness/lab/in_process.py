"""The SM-DP+ without a network: an IPA's or an eIM's HTTP port whose other end is a role in this process.

What passes is told to the observers like any other exchange, so that a record shows a download whole whichever way it
went.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.links.events import Direction, Interface, Observer, Observers

if TYPE_CHECKING:
    from harness.lab.clock import Clock
    from harness.roles.smdp import Smdp


@dataclass(frozen=True, slots=True)
class InProcessReply:
    """An HTTP answer that crossed no network."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header, its name compared without case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class InProcessSmdp:
    """Posts to the SM-DP+ as if over HTTPS. There is no TLS, so nothing about trust is looked at."""

    def __init__(self, smdp: Smdp, clock: Clock, observers: Iterable[Observer] = ()) -> None:
        self._smdp = smdp
        self._clock = clock
        self._observers = Observers(observers)

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, trust: Any = None) -> InProcessReply:
        """One ES9+ call."""
        note = {"method": "POST", "url": url, "link": "in-process"}
        self._observers.tell(Interface.ES9P, Direction.TO_DEVICE, body, note)
        answer = self._smdp.handle(urlsplit(url).path, body, self._clock.utc())
        told = {"status": str(answer.status), "url": url, "link": "in-process"}
        self._observers.tell(Interface.ES9P, Direction.FROM_DEVICE, answer.body, told)
        return InProcessReply(answer.status, tuple(answer.headers), answer.body)
