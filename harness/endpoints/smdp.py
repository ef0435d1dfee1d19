"""The SM-DP+ on HTTPS: ES9+ in both bindings and ES2+ (SGP.22 v2.5 §6.5, §6.6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from harness.endpoints.rsp_server import refused, sent
from harness.links.http_messages import Reply, Request
from harness.roles.smdp import Smdp


class SmdpEndpoint:
    """Handles HTTP requests with one SM-DP+; a handler for `HttpsServer`."""

    def __init__(self, smdp: Smdp, now: Callable[[], datetime]) -> None:
        """`now` gives the time at which certificates and orders are judged."""
        self._smdp = smdp
        self._now = now

    def __call__(self, request: Request) -> Reply:
        """Answers one request."""
        return refused(request) or sent(self._smdp.handle(request.path, request.body, self._now()))
