"""The eIM on HTTPS: ESipa's ASN.1 and JSON bindings (SGP.32 v1.2 §6.1, §6.3, §6.4).

Rules of this room:
- Everything about ESipa is decided by the role; here are only path, method, headers and status. Both bindings lead to the
  same function of the role.
- Content-Type and X-Admin-Protocol stand on every answer. Requests that lack what v1.2 asks for are served, and reported.
- Several eIMs behind one address are told apart by the name that the device asked for: its Host, else its SNI.
- Every request is kept with its time, for cases that judge an IPA by what its eIM saw.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.links.http_messages import Headers, Reply, Request, header
from harness.roles.eim import json_binding
from harness.roles.eim.context import Trouble
from harness.roles.eim.eim import Eim
from harness.roles.eim.esipa import may_relay
from harness.roles.eim.events import Finding, MessageRefused, Polled
from harness.roles.eim.http_rules import ASN1_PATH, ASN1_TYPE, JSON_TYPE, function_of

PATH = ASN1_PATH
USER_AGENTS = ("gsma-rsp-ipad", "gsma-rsp-ipae")

_STATUS = {Trouble.MALFORMED: 400, Trouble.NOT_FORWARDED: 502}
_MISDIRECTED = 421
_MOST_CALLERS = 10_000
"""How many connections are remembered by who polled on them; the oldest go first."""
_MOST_SHARING = 100
"""How many devices are remembered of one connection, as of a gateway's; the latest."""
_POLL = "getEimPackage"

Now = Callable[[], float]


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request as the eIM saw it, with what it answered."""

    at: float
    """Seconds of the lab's clock when it arrived."""
    path: str
    headers: Headers
    body: bytes
    reply_status: int
    reply_body: bytes
    connection: int
    """Requests with the same number came over one connection."""

    def header(self, name: str) -> str | None:
        """The first value of a request header, its name compared without case."""
        return header(self.headers, name)


class EimEndpoint:
    """Handles HTTP requests with one eIM, or with several that have names of their own; a handler for `HttpsServer`.

    Where an eIM reaches an SM-DP+ through a link, serve it `threaded`: an indirect download waits for that answer.
    """

    def __init__(
        self, eim: Eim, now: Now, *others: Eim, keeps: int | None = None, came: threading.Condition | None = None
    ) -> None:
        """`keeps` is how many requests are held on to; None: all of them, as a case needs.

        Endpoints that share `came` are waited for together.
        """
        self._eims: Sequence[Eim] = (eim, *others)
        self._now = now
        self._seen: deque[SeenRequest] = deque(maxlen=keeps)
        self._callers: dict[int, tuple[bytes, ...]] = {}
        self._came = came or threading.Condition()

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """Every request so far, oldest first."""
        return tuple(self._seen)

    def wait_for_more_than(self, count: int, deadline: float) -> bool:
        """Whether more than `count` requests were answered within `deadline`, in real seconds; returns as soon as they are.

        Not for the thread that serves the requests.
        """
        return self.wait_until(lambda: len(self._seen) > count, deadline)

    def wait_until(self, holds: Callable[[], bool], deadline: float) -> bool:
        """Whether this came to hold within `deadline`, in real seconds; it is looked at after each request."""
        with self._came:
            return self._came.wait_for(holds, deadline)

    def waits(self, request: Request) -> bool:
        """Whether the answer may have to wait for another server; a poll's never does."""
        function = function_of(request.path)
        return may_relay(request.body) if function is None else function != _POLL

    def __call__(self, request: Request) -> Reply:
        """Answers one request."""
        at = self._now()
        first = self._eims[0]
        eim = first.rules["eim-for-host"](self._eims, _host(request))
        status = first.rules["why-not"](request.path, request.method, _media_type(request), len(request.body))
        body = b""
        if status is None and eim is None:
            status = _MISDIRECTED
        if status is None:
            self._report(eim, request, at)
            status, body = self._answered(eim, request, at)
        content_type = ASN1_TYPE if function_of(request.path) is None else JSON_TYPE
        headers = first.rules["response-headers"](request.header("X-Admin-Protocol"), content_type)
        extra = (("Allow", "POST"),) if status == 405 else ()
        reply = Reply(status, (*headers.items(), *extra), body)
        seen = SeenRequest(at, request.path, request.headers, request.body, status, body, request.connection)
        with self._came:
            self._seen.append(seen)
            self._came.notify_all()
        return reply

    def _answered(self, eim: Eim, request: Request, at: float) -> tuple[int, bytes]:
        """Status and body of the answer to a request that reaches ESipa."""
        function = function_of(request.path)
        try:
            message = request.body if function is None else json_binding.message_of(function, request.body)
        except json_binding.Malformed as fault:
            eim.report(MessageRefused(at, None, f"{function}: {fault}", request.body))
            return 400, b""
        spoken = None if function is None else json_binding.VERSION
        outcome = eim.exchange(message, at, spoken=spoken, callers=self._callers.get(request.connection, ()))
        polled = next((event.eid for event in outcome.events if isinstance(event, Polled)), None)
        if polled is not None:
            self._remember(request.connection, polled)
        body = outcome.reply if function is None else eim.rules["json-answer"](function, outcome.reply)
        return _STATUS.get(outcome.trouble, 200 if body else 204), body

    def _remember(self, connection: int, eid: bytes) -> None:
        """Who polled on a connection: IPAs of v1.0.1 name themselves nowhere else."""
        with self._came:
            before = self._callers.get(connection, ())
            self._callers[connection] = (*(one for one in before if one != eid), eid)[-_MOST_SHARING:]
            if len(self._callers) > _MOST_CALLERS:
                del self._callers[next(iter(self._callers))]

    @staticmethod
    def _report(eim: Eim, request: Request, at: float) -> None:
        """Tells what v1.2 asks of a request's headers and this one lacks."""
        agent = request.header("User-Agent")
        if agent is None or not agent.startswith(USER_AGENTS):
            said = "no User-Agent" if agent is None else f"the User-Agent {agent!r}"
            eim.report(Finding(at, None, "HTTP", f"{said} where {' or '.join(USER_AGENTS)} is due"))
        if request.header("X-Admin-Protocol") is None:
            eim.report(Finding(at, None, "HTTP", "no X-Admin-Protocol"))


def _host(request: Request) -> str:
    """The name that a request is for, without a port."""
    name = request.header("Host") or request.tls.server_name or ""
    return name.partition(":")[0]


def _media_type(request: Request) -> str:
    """A request's media type, without parameters and in lower case."""
    return (request.header("Content-Type") or "").partition(";")[0].strip().lower()
