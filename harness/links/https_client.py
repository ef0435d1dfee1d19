"""An HTTPS client for tests: one deadline over the whole exchange, trust as given, everything recorded.

Rules of this room:
- A deadline covers name, connection, handshake, request and answer together; a peer that drips cannot stretch it.
- Connections are kept and reused as the answer allows. A kept connection that the server has closed meanwhile is noticed
  before it is used; a request is never sent twice.
- Nobody there to connect to is a LabFault. Whatever a server does after that is the server's: TlsRefused,
  ConnectionLost, MalformedAnswer, DeviceSilent.
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.errors import DeviceFault, DeviceSilent, HarnessError, LabFault, MalformedAnswer
from harness.links.events import Direction, Interface, Observer, Observers
from harness.links.http_messages import Headers, HttpReply, TlsFacts, header_lines
from harness.links.tls import DEFAULT_TLS, TlsOptions, Trust

DEFAULT_DEADLINE = 30.0
"""Seconds for one exchange: a bound profile package takes a server longer than a poll."""

MAX_BODY = 1 << 22
_CHUNK = 1 << 16


class TlsRefused(DeviceFault):
    """No TLS connection came about: we refused the server, or it refused us. `.reason` in OpenSSL's words."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message, hint="compare the server's certificate with the trust anchor of this client")
        self.reason = reason


class ConnectionLost(DeviceFault):
    """The server ended the connection before its answer was complete."""


@dataclass(slots=True)
class _Kept:
    tls: ssl.SSLSocket
    facts: TlsFacts
    http: h11.Connection


class HttpsClient:
    """Posts to HTTPS servers, one request at a time. Not for several threads."""

    def __init__(
        self,
        trust: Trust,
        *,
        interface: Interface,
        observers: Iterable[Observer] = (),
        deadline: float = DEFAULT_DEADLINE,
        addresses: Mapping[str, tuple[str, int]] | None = None,
        options: TlsOptions = DEFAULT_TLS,
        curve: str | None = None,
        accepts: Callable[[TlsFacts], None] | None = None,
    ) -> None:
        """`addresses` maps a host name (or "host:port") to where it really listens; the name stays in SNI and Host.

        `curve` (OpenSSL's name) is the one group offered; None offers the library's own.
        `accepts` is shown each connection before anything is sent over it, and may raise TlsRefused.
        """
        self._context = trust.context(options, curve)
        self._trust = trust
        self._accepts = accepts
        self._interface = interface
        self._deadline = deadline
        self._kept: dict[tuple[str, int], _Kept] = {}
        self.addresses = dict(addresses or {})
        self.observers = Observers(observers)

    def post(
        self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, deadline: float | None = None
    ) -> HttpReply:
        """Posts `body`. Host and Content-Length are added where absent."""
        return self.request("POST", url, headers, body, deadline=deadline)

    def request(
        self,
        method: str,
        url: str,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        deadline: float | None = None,
    ) -> HttpReply:
        """One request and its answer, of any status."""
        until = time.monotonic() + (self._deadline if deadline is None else deadline)
        place, authority, target = _read_url(url)
        head = _complete(list(headers), authority, body)
        note = {"method": method, "url": url, "headers": header_lines(head)}
        kept = self._taken(place)
        try:
            kept = kept or self._connect(place, until)
            self.observers.tell(self._interface, Direction.TO_DEVICE, body, note | kept.facts.note())
            reply = self._exchange(kept, h11.Request(method=method, target=target, headers=head), body, until)
        except (OSError, h11.RemoteProtocolError, DeviceFault) as fault:
            blame = _blame(fault, f"{method} {url}", kept)
            failed = {"event": "exchange-failed", "host": place[0], "reason": str(blame)}
            self.observers.tell(self._interface, Direction.FROM_DEVICE, b"", failed)
            if kept is not None:
                kept.tls.close()
            raise blame from fault
        told = {"status": str(reply.status), "headers": header_lines(reply.headers)}
        self.observers.tell(self._interface, Direction.FROM_DEVICE, reply.body, told | reply.tls.note())
        self._keep_or_close(place, kept)
        return reply

    def close(self) -> None:
        """Ends every kept connection."""
        while self._kept:
            _, kept = self._kept.popitem()
            kept.tls.close()

    def _taken(self, place: tuple[str, int]) -> _Kept | None:
        """The kept connection, out of the pool while it is used; None where there is none fit for use."""
        kept = self._kept.pop(place, None)
        if kept is None or not select.select([kept.tls], [], [], 0)[0]:
            return kept
        # Readable while idle: a close, or octets nobody asked for. Either way this connection is over. (TLS 1.3 session
        # tickets were taken with the first answer.)
        kept.tls.close()
        return None

    def _connect(self, place: tuple[str, int], until: float) -> _Kept:
        host, port = place
        address = self.addresses.get(f"{host}:{port}") or self.addresses.get(host) or place
        try:
            plain = socket.create_connection(address, timeout=_left(until))
        except TimeoutError as fault:
            raise LabFault(f"{address[0]}:{address[1]} does not take connections") from fault
        except OSError as fault:
            raise LabFault(
                f"no connection to {host} at {address[0]}:{address[1]}: {fault}", hint="is the server running there?"
            ) from fault
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            tls = self._context.wrap_socket(plain, server_hostname=host)
        except (ssl.SSLError, ConnectionError) as fault:
            plain.close()
            reason = (getattr(fault, "reason", None) or str(fault)).replace("_", " ").lower()
            detail = getattr(fault, "verify_message", "")
            raise TlsRefused(f"no TLS with {host}: {reason}{f' ({detail})' if detail else ''}", reason) from fault
        except TimeoutError:
            plain.close()
            raise
        kept = _Kept(tls, self._facts(tls, host), h11.Connection(h11.CLIENT))
        self._check_pin(kept)
        if self._accepts is not None:
            try:
                self._accepts(kept.facts)
            except TlsRefused:
                kept.tls.close()
                raise
        return kept

    @staticmethod
    def _facts(tls: ssl.SSLSocket, host: str) -> TlsFacts:
        cipher = tls.cipher()
        return TlsFacts(
            tls.version() or "", cipher[0] if cipher else "", host, peer_certificate=tls.getpeercert(True) or b""
        )

    def _check_pin(self, kept: _Kept) -> None:
        if not self._trust.pinned_keys:
            return
        try:
            key = x509.load_der_x509_certificate(kept.facts.peer_certificate).public_key()
            found = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except ValueError:
            found = b""
        if found not in self._trust.pinned_keys:
            kept.tls.close()
            raise TlsRefused("the server's public key is not the pinned one", "pinned key mismatch")

    def _exchange(self, kept: _Kept, head: h11.Request, body: bytes, until: float) -> HttpReply:
        http, tls = kept.http, kept.tls
        octets = (http.send(head) or b"") + (http.send(h11.Data(data=body)) or b"")
        tls.settimeout(_left(until))
        tls.sendall(octets + (http.send(h11.EndOfMessage()) or b""))
        status, content = 0, bytearray()
        headers: Headers = ()
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(_received(tls, until))
            elif isinstance(event, h11.Response):
                status = event.status_code
                headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in event.headers.raw_items())
            elif isinstance(event, h11.Data):
                content += event.data
                if len(content) > MAX_BODY:
                    raise MalformedAnswer(f"the answer's body is longer than {MAX_BODY} octets")
            elif isinstance(event, h11.EndOfMessage):
                return HttpReply(status, headers, bytes(content), kept.facts)
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionLost("the connection ended before the answer")

    def _keep_or_close(self, place: tuple[str, int], kept: _Kept) -> None:
        if kept.http.our_state is h11.DONE and kept.http.their_state is h11.DONE:
            kept.http.start_next_cycle()
            self._kept[place] = kept
        else:
            kept.tls.close()


def _read_url(url: str) -> tuple[tuple[str, int], str, str]:
    """Host and port, the value of Host, the request target. Raises LabFault: hosts may come from what a device says."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        host.encode("idna")
    except ValueError as fault:
        raise LabFault(f"{url!r} is no URL: {fault}") from fault
    if parts.scheme != "https" or not host or not all("!" <= character <= "~" for character in url):
        raise LabFault(f"{url!r} is no https URL")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (host, port), parts.netloc.rpartition("@")[2], target


def _complete(headers: list[tuple[str, str]], host: str, body: bytes) -> list[tuple[str, str]]:
    names = {name.lower() for name, _ in headers}
    if "host" not in names:
        headers.insert(0, ("Host", host))
    if "content-length" not in names and "transfer-encoding" not in names:
        headers.append(("Content-Length", str(len(body))))
    return headers


def _blame(fault: Exception, what: str, kept: _Kept | None) -> HarnessError:
    if isinstance(fault, HarnessError):
        return fault
    if isinstance(fault, TimeoutError):
        return DeviceSilent(f"{what} got no complete answer before its deadline")
    if isinstance(fault, OSError) or (kept is not None and kept.http.trailing_data[1]):
        return ConnectionLost(f"the connection ended during {what}: {fault}")
    return MalformedAnswer(f"the answer to {what} is no HTTP: {fault}")


def _received(tls: ssl.SSLSocket, until: float) -> bytes:
    """What came next; empty at the end of the connection, be it a close_notify or a bare FIN: h11 knows what is missing."""
    tls.settimeout(_left(until))
    try:
        return tls.recv(_CHUNK)
    except ssl.SSLEOFError:
        return b""


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left
