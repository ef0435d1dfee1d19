"""The SM-DS on HTTPS: ES11 in both bindings and ES12 (SGP.22 v2.5 §6.5, §6.6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from harness.endpoints.rsp_server import refused, sent
from harness.links.http_messages import Reply, Request
from harness.roles.smds import Smds


class SmdsEndpoint:
    """Handles HTTP requests with one SM-DS; a handler for `HttpsServer`."""

    def __init__(self, smds: Smds, now: Callable[[], datetime]) -> None:
        """`now` gives the time at which certificates are judged."""
        self._smds = smds
        self._now = now

    def __call__(self, request: Request) -> Reply:
        """Answers one request."""
        return refused(request) or sent(self._smds.handle(request.path, request.body, self._now()))
