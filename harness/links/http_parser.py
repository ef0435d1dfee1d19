"""Octets of a connection into HTTP/1.1 requests, within bounds; llhttp (by httptools) knows the grammar.

What breaks the grammar or a bound is `Refused` with the status that says so: 400, 413, 431 or 505.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import httptools

_VERSIONS = ("1.1", "1.0")
_LINE = 4
"""Octets of a header line beside its name and its value: a colon, a space, and the end of the line."""


class Refused(Exception):
    """The request is answered with a status before any handler sees it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Message:
    """One request as it was on the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    keeps_alive: bool
    """Whether the peer wants to go on after the answer."""


class RequestParser:
    """Feed it what comes; `take` gives each whole request, in order."""

    def __init__(self, header_octets: int, body_octets: int) -> None:
        self._most_header, self._most_body = header_octets, body_octets
        self._parser: Any = httptools.HttpRequestParser(self)
        self._whole: deque[Message] = deque()
        self._refusal: int | None = None
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()
        self._head_octets = 0
        self._head_is_whole = self._expects = False
        self.is_under_way = False
        """Whether a request has begun that is not whole yet."""

    def feed(self, octets: bytes) -> None:
        """Raises Refused; nothing more can come of the connection then."""
        try:
            self._parser.feed_data(octets)
        except httptools.HttpParserUpgrade:
            raise Refused(400) from None
        except httptools.HttpParserError as fault:
            too_long = "Content-Length overflow" in str(fault)
            raise Refused(self._refusal or (413 if too_long else 400)) from None
        if self.is_under_way and not self._head_is_whole:
            self._head_octets += len(octets)
            self._bound_head()
        if self._refusal is not None:
            raise Refused(self._refusal)

    def take(self) -> Message | None:
        """The oldest whole request; None while there is none."""
        return self._whole.popleft() if self._whole else None

    @property
    def waits_for_continue(self) -> bool:
        """Whether the peer holds its body back until it is told to go on (RFC 9110 §10.1.1). True once."""
        waits, self._expects = self._expects and self._head_is_whole and self.is_under_way, False
        return waits

    def _begin(self) -> None:
        self._target, self._headers = b"", []
        self._body = bytearray()
        self._head_octets = 0
        self._head_is_whole = self._expects = False

    def _bound_head(self) -> None:
        if self._head_octets > self._most_header:
            self._refuse(431)

    def _refuse(self, status: int) -> None:
        if self._refusal is None:
            self._refusal = status

    # what the parser calls

    def on_message_begin(self) -> None:
        """A request line is coming."""
        self._begin()
        self.is_under_way = True

    def on_url(self, octets: bytes) -> None:
        """A part of the target."""
        self._target += octets
        self._head_octets += len(octets)
        self._bound_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One whole header."""
        self._head_octets += len(name) + len(value) + _LINE
        self._bound_head()
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_is_whole = True
        version = self._parser.get_http_version()
        if version not in _VERSIONS:
            self._refuse(505)
        hosts = 0
        for name, value in self._headers:
            lower = name.lower()
            if lower == "host":
                hosts += 1
            elif lower == "content-length" and int(value[:20]) > self._most_body:
                self._refuse(413)
            elif lower == "expect" and value.lower() == "100-continue":
                self._expects = True
        if hosts > 1 or (version == "1.1" and not hosts):
            self._refuse(400)

    def on_body(self, octets: bytes) -> None:
        """A part of the body."""
        if len(self._body) + len(octets) > self._most_body:
            self._refuse(413)
        else:
            self._body += octets

    def on_message_complete(self) -> None:
        """The request is whole."""
        self.is_under_way = False
        method, target = self._parser.get_method().decode("ascii"), self._target.decode("latin-1")
        keeps_alive = bool(self._parser.should_keep_alive())
        self._whole.append(Message(method, target, tuple(self._headers), bytes(self._body), keeps_alive))
