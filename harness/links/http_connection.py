"""The HTTP/1.1 side of one server connection; h11 knows the grammar.

Rules of this room:
- Headers, bodies and their time are bounded. What breaks a bound or the grammar is answered 400, 408, 413 or 431 and
  ends the connection, before any handler sees it.
- An answer goes out as its `Delivery` says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

import h11

from harness.links.http_messages import Reply, Request, TlsFacts
from harness.links.tls_stream import TlsStream

Answerer = Callable[[Request], Awaitable[Reply]]
ReplyObserver = Callable[[Reply, int], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one peer may cost. Seconds and octets."""

    handshake: float = 10.0
    idle: float = 75.0
    """Until the first octet of a request."""
    request: float = 30.0
    """From the first octet of a request to its last."""
    reply: float = 30.0
    """For each part of an answer until the peer has taken it."""
    header_octets: int = 1 << 16
    body_octets: int = 1 << 20
    connections: int = 256


DEFAULT_LIMITS = Limits()


class _Refused(Exception):
    """The request is answered with a status before any handler sees it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class HttpConnection:
    """Serves requests of one connection: `answer` makes the replies, `refused` is told those that are made here."""

    def __init__(
        self,
        stream: TlsStream,
        tls: TlsFacts,
        number: int,
        *,
        limits: Limits,
        answer: Answerer,
        refused: ReplyObserver,
    ) -> None:
        self._stream = stream
        self._tls = tls
        self._number = number
        self._limits = limits
        self._answer = answer
        self._refused = refused
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.header_octets)

    async def run(self) -> None:
        """Serves requests until either side ends the connection."""
        while True:
            try:
                request = await self._request()
            except (_Refused, h11.RemoteProtocolError) as refusal:
                status = refusal.status if isinstance(refusal, _Refused) else refusal.error_status_hint
                reply = Reply(status, (("Connection", "close"),))
                self._refused(reply, self._number)
                await self._send(reply)
                await self._stream.close(drain=True)
                return
            if request is None:
                break
            if not await self._send(await self._answer(request)):
                return
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                break
            self._http.start_next_cycle()
        await self._stream.close()

    async def _request(self) -> Request | None:
        limits = self._limits
        event = self._http.next_event()
        if event is h11.NEED_DATA:
            try:
                async with asyncio.timeout(limits.idle):
                    await self._more()
            except TimeoutError:
                return None
            event = self._http.next_event()
        try:
            async with asyncio.timeout(limits.request):
                return await self._rest_of_request(event)
        except TimeoutError:
            raise _Refused(408) from None

    async def _rest_of_request(self, event: object) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    await self._stream.write(
                        self._http.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
                    )
                await self._more()
            elif isinstance(event, h11.Request):
                head = event
                if _declared_length(event) > self._limits.body_octets:
                    raise _Refused(413)
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._limits.body_octets:
                    raise _Refused(413)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return self._complete(head, bytes(body))
            else:  # ConnectionClosed, or a pause that only an upgrade could cause
                return None
            event = self._http.next_event()

    async def _more(self) -> None:
        self._http.receive_data(await self._stream.read())

    def _complete(self, head: h11.Request, body: bytes) -> Request:
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers.raw_items())
        method, target = head.method.decode("ascii"), head.target.decode("latin-1")
        return Request(method, target, headers, body, self._tls, self._number)

    async def _send(self, reply: Reply) -> bool:
        """Sends an answer as its delivery says; False where the delivery ended the connection."""
        octets, delivery = self._encode(reply), reply.delivery
        if delivery.delay:
            await asyncio.sleep(delivery.delay)
        end = delivery.truncate_at if delivery.truncate_at is not None else 0 if delivery.reset else None
        wire = octets if end is None else octets[:end]
        size = delivery.chunk or max(len(wire), 1)
        for at in range(0, len(wire), size):
            if at and delivery.pause:
                await asyncio.sleep(delivery.pause)
            async with asyncio.timeout(self._limits.reply):
                await self._stream.write(wire[at : at + size])
        if end is None:
            return True
        if delivery.reset:
            self._stream.reset()
        else:
            self._stream.cut()
        return False

    def _encode(self, reply: Reply) -> bytes:
        headers = list(reply.headers)
        bodiless = reply.status in (204, 304) or reply.status < 200
        if not bodiless and reply.header("Content-Length") is None and reply.header("Transfer-Encoding") is None:
            headers.append(("Content-Length", str(len(reply.body))))
        head = h11.Response(status_code=reply.status, headers=headers, reason=_reason_phrase(reply.status))
        octets = self._http.send(head) or b""
        if reply.body and not bodiless:
            octets += self._http.send(h11.Data(data=reply.body)) or b""
        return octets + (self._http.send(h11.EndOfMessage()) or b"")


def _declared_length(request: h11.Request) -> int:
    value = next((value for name, value in request.headers if name == b"content-length"), b"0")
    return int(value[:20])  # a longer number is beyond every limit anyway


def _reason_phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b""
