"""HTTP messages as both ends of our HTTPS links see them, and what a case may do to an answer on its way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from harness.links.client_hello import ClientHello

Headers = tuple[tuple[str, str], ...]
"""Names as they were on the wire, in order, duplicates kept."""


def header(headers: Headers, name: str) -> str | None:
    """The first value of a header, its name compared without case; None where it is absent."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


def header_lines(headers: Iterable[tuple[str, str]]) -> str:
    """Headers as the lines they were on the wire, for a record."""
    return "\n".join(f"{name}: {value}" for name, value in headers)


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What was agreed on a connection."""

    version: str
    """As the library names it, e.g. "TLSv1.2"."""
    suite: str
    """OpenSSL's name, e.g. "ECDHE-ECDSA-AES128-GCM-SHA256"."""
    server_name: str | None
    hello: ClientHello | None = None
    """Known on the server's side only."""
    peer_certificate: bytes = b""
    """The server's leaf as DER; known on the client's side only."""

    def note(self) -> dict[str, str]:
        """The facts as text, for a record."""
        return {"tls": self.version, "suite": self.suite, "sni": self.server_name or ""}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as a server received it."""

    method: str
    target: str
    """The request target as it was on the wire; no percent-decoding."""
    headers: Headers
    body: bytes
    tls: TlsFacts
    connection: int
    """Counts the connections of one server from 1: two requests with the same number shared one."""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What happens to an answer on its way. The default delivers it whole and at once."""

    delay: float = 0.0
    """Seconds before the first octet."""
    truncate_at: int | None = None
    """Octets of the HTTP answer (headers included) that are still sent before the connection ends."""
    reset: bool = False
    """A connection that ends early ends with a TCP reset, without a TLS close_notify. Alone: nothing is sent at all."""
    chunk: int = 0
    """Octets sent at a time; 0 is all at once."""
    pause: float = 0.0
    """Seconds between two chunks."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer. Content-Length is added where neither it nor Transfer-Encoding is given."""

    status: int = 200
    headers: Headers = ()
    body: bytes = b""
    delivery: Delivery = field(default_factory=Delivery)
    note: Mapping[str, str] = field(default_factory=dict)
    """What a record says of it beside what is on the wire."""

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return header(self.headers, name)


@dataclass(frozen=True, slots=True)
class HttpReply:
    """One HTTP answer as a client received it."""

    status: int
    headers: Headers
    body: bytes
    tls: TlsFacts

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return header(self.headers, name)
