"""SM-DP+ and SM-DS without a network: an HTTP port whose other end is a role in this process.

What passes is told to the observers like any other exchange, so that a record shows a download whole whichever way it
went.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.errors import LabFault
from harness.links.events import Direction, Interface, Observer, Observers

if TYPE_CHECKING:
    from harness.lab.clock import Clock
    from harness.roles.smdp import Smdp
    from harness.roles.smds import Smds


@dataclass(frozen=True, slots=True)
class InProcessReply:
    """An HTTP answer that crossed no network."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header, its name compared without case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class InProcessServer:
    """Posts to a server as if over HTTPS. There is no TLS, so nothing about trust is looked at."""

    def __init__(
        self, role: Smdp | Smds, interface: Interface, clock: Clock, observers: Iterable[Observer] = ()
    ) -> None:
        self._role = role
        self._interface = interface
        self._clock = clock
        self._observers = Observers(observers)

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, trust: Any = None) -> InProcessReply:
        """One call. Raises LabFault where the answer was dropped on purpose; one that is to be late is not."""
        note = {"method": "POST", "url": url, "link": "in-process"}
        self._observers.tell(self._interface, Direction.TO_DEVICE, body, note)
        answer = self._role.handle(urlsplit(url).path, body, self._clock.utc())
        told = {"status": str(answer.status), "url": url, "link": "in-process"}
        if answer.injected:
            told["injected"] = ", ".join(answer.injected)
        self._observers.tell(self._interface, Direction.FROM_DEVICE, answer.body, told)
        if answer.is_dropped:
            raise LabFault(f"the answer to {url} was dropped on purpose")
        return InProcessReply(answer.status, tuple(answer.headers), answer.body)


class InProcessSmdp(InProcessServer):
    """ES9+ of an SM-DP+."""

    def __init__(self, smdp: Smdp, clock: Clock, observers: Iterable[Observer] = ()) -> None:
        super().__init__(smdp, Interface.ES9P, clock, observers)


class InProcessSmds(InProcessServer):
    """ES12 of an SM-DS."""

    def __init__(self, smds: Smds, clock: Clock, observers: Iterable[Observer] = ()) -> None:
        super().__init__(smds, Interface.ES12, clock, observers)
