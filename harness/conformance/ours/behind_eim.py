"""The RSP servers behind an eIM under test, in this process, with a hand on their answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from harness.lab.in_process import InProcessReply, InProcessServer, InProcessSmdp
from harness.links.events import Interface, Observer

if TYPE_CHECKING:
    from harness.lab.clock import Clock
    from harness.links.http_messages import HttpReply
    from harness.roles.smdp import Smdp
    from harness.roles.smds import Smds

Change = Callable[[str, dict[str, Any]], Mapping[str, Any]]
"""Function name and fields of an answer to what the eIM gets instead."""


class OverTls(Protocol):
    """A client that checks whom it talks to."""

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> HttpReply:
        """One request and its answer. Raises HarnessError where there is none."""
        ...


class BehindEim:
    """The eIM's way to our SM-DP+ and SM-DS. `change` stands between them and the eIM, None lets everything pass."""

    def __init__(self, smdp: Smdp, smds: Smds, clock: Clock, observers: Iterable[Observer]) -> None:
        observers = tuple(observers)
        self._smds_address = smds.identity.address
        self._smdp = InProcessSmdp(smdp, clock, observers)
        self._smds = InProcessServer(smds, Interface.ES11, clock, observers)
        self.change: Change | None = None
        self.over_tls: OverTls | None = None
        """A way over real TLS to our SM-DP+ in place of the one in this process."""
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []
        """Host, function and fields of every request, oldest first."""

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> InProcessReply | HttpReply:
        """One request of the eIM."""
        place = urlsplit(url)
        function = place.path.rpartition("/")[2]
        self.asked.append((place.hostname or "", function, json.loads(body)))
        if self.over_tls is not None:
            return self.over_tls.post(url, headers, body)
        server = self._smds if place.hostname == self._smds_address else self._smdp
        reply = server.post(url, headers, body)
        if self.change is None or not reply.body:
            return reply
        changed = self.change(function, json.loads(reply.body))
        return InProcessReply(reply.status, reply.headers, json.dumps(changed).encode())

    def refuse(self, function: str, subject: str, reason: str) -> None:
        """From now on this function is refused with these codes of SGP.22."""
        status = {"status": "Failed", "statusCodeData": {"subjectCode": subject, "reasonCode": reason}}
        failed = {"header": {"functionExecutionStatus": status}}
        self.change = lambda called, fields: failed if called == function else fields
