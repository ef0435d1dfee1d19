"""What the SM-DP+ needs from outside: a way to an SM-DS."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class HttpAnswer(Protocol):
    """The answer to one HTTP request."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def body(self) -> bytes:
        """The whole body, decoded from its transfer coding."""


class HttpPort(Protocol):
    """A way to HTTPS servers. Raises HarnessError where no complete answer comes."""

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> HttpAnswer:
        """One request to an absolute https URL and its answer, of any status."""
        ...
