"""The eIM on HTTPS: ESipa's ASN.1 binding (SGP.32 v1.2 §6.1, §6.3).

Rules of this room:
- Everything about ESipa is decided by the role; here are only path, method, headers and status.
- Content-Type and X-Admin-Protocol stand on every answer. Requests that lack what v1.2 asks for are served, and reported.
- Every request is kept with its time, for cases that judge an IPA by what its eIM saw.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from harness.links.http_messages import Headers, Reply, Request, header
from harness.roles.eim.context import Trouble
from harness.roles.eim.eim import Eim
from harness.roles.eim.esipa import MAX_MESSAGE
from harness.roles.eim.events import Finding

PATH = "/gsma/rsp2/asn1"
CONTENT_TYPE = "application/x-gsma-rsp-asn1"
USER_AGENTS = ("gsma-rsp-ipad", "gsma-rsp-ipae")

_STATUS = {Trouble.MALFORMED: 400, Trouble.NOT_FORWARDED: 502}

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
    """Handles HTTP requests with one eIM; a handler for `HttpsServer`.

    Where the eIM reaches an SM-DP+ through a link, serve it `threaded`: an indirect download waits for that answer.
    """

    def __init__(self, eim: Eim, now: Now) -> None:
        self._eim = eim
        self._now = now
        self._seen: list[SeenRequest] = []
        self._came = threading.Condition()

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """Every request so far, oldest first."""
        return tuple(self._seen)

    def wait_for_more_than(self, count: int, deadline: float) -> bool:
        """Whether more than `count` requests were answered within `deadline`, in real seconds; returns as soon as they are.

        Not for the thread that serves the requests.
        """
        with self._came:
            return self._came.wait_for(lambda: len(self._seen) > count, deadline)

    def __call__(self, request: Request) -> Reply:
        """Answers one request."""
        at = self._now()
        status = _why_not(request)
        body = b""
        if status is None:
            self._report(request, at)
            outcome = self._eim.exchange(request.body, at)
            body = outcome.reply
            status = _STATUS.get(outcome.trouble, 200 if body else 204)
        headers = self._eim.rules["response-headers"](request.header("X-Admin-Protocol"))
        extra = (("Allow", "POST"),) if status == 405 else ()
        reply = Reply(status, (*headers.items(), *extra), body)
        seen = SeenRequest(at, request.path, request.headers, request.body, status, body, request.connection)
        with self._came:
            self._seen.append(seen)
            self._came.notify_all()
        return reply

    def _report(self, request: Request, at: float) -> None:
        """Tells what v1.2 asks of a request's headers and this one lacks."""
        agent = request.header("User-Agent")
        if agent is None or not agent.startswith(USER_AGENTS):
            said = "no User-Agent" if agent is None else f"the User-Agent {agent!r}"
            self._eim.report(Finding(at, None, "HTTP", f"{said} where {' or '.join(USER_AGENTS)} is due"))
        if request.header("X-Admin-Protocol") is None:
            self._eim.report(Finding(at, None, "HTTP", "no X-Admin-Protocol"))


def _why_not(request: Request) -> int | None:
    """The status that refuses a request before ESipa begins, or None."""
    if request.path != PATH:
        return 404
    if request.method != "POST":
        return 405
    if _media_type(request.header("Content-Type")) != CONTENT_TYPE:
        return 415
    if len(request.body) > MAX_MESSAGE:
        return 413
    return None


def _media_type(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()
