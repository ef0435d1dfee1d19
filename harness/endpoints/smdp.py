"""The SM-DP+ on HTTPS: ES9+ in its JSON binding (SGP.22 v2.5 §6.5).

Everything about ES9+ is decided by the role; here are only method, media type and size.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from harness.links.http_messages import Reply, Request
from harness.roles.smdp import Smdp

CONTENT_TYPE = "application/json"
MAX_BODY = 1 << 18
"""Octets of one request; the largest, with an eUICC's certificates in it, takes a few thousand."""

Now = Callable[[], datetime]


class SmdpEndpoint:
    """Handles HTTP requests with one SM-DP+; a handler for `HttpsServer`."""

    def __init__(self, smdp: Smdp, now: Now) -> None:
        """`now` gives the time at which certificates and orders are judged."""
        self._smdp = smdp
        self._now = now

    def __call__(self, request: Request) -> Reply:
        """Answers one request."""
        if request.method != "POST":
            return Reply(405, (("Allow", "POST"),))
        if _media_type(request.header("Content-Type")) != CONTENT_TYPE:
            return Reply(415)
        if len(request.body) > MAX_BODY:
            return Reply(413)
        answer = self._smdp.handle(request.path, request.body, self._now())
        return Reply(answer.status, answer.headers, answer.body)


def _media_type(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()
