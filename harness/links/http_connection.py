"""The HTTP/1.1 side of one server connection.

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

from harness.links.http_messages import Delivery, Reply, Request, TlsFacts
from harness.links.http_parser import Message, Refused, RequestParser
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
_AT_ONCE = Delivery()
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


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
        self._parser = RequestParser(limits.header_octets, limits.body_octets)

    async def run(self) -> None:
        """Serves requests until either side ends the connection."""
        while True:
            try:
                message = await self._message()
            except Refused as refusal:
                reply = Reply(refusal.status, (("Connection", "close"),))
                self._refused(reply, self._number)
                await self._send(reply, keeps_alive=False)
                await self._stream.close(drain=True)
                return
            if message is None:
                break
            request = Request(message.method, message.target, message.headers, message.body, self._tls, self._number)
            reply = await self._answer(request)
            keeps_alive = message.keeps_alive and (reply.header("Connection") or "").lower() != "close"
            if not await self._send(reply, keeps_alive=keeps_alive):
                return
            if not keeps_alive:
                break
        await self._stream.close()

    async def _message(self) -> Message | None:
        """The next request; None where the connection ended or stayed idle. Raises Refused."""
        message = self._parser.take()
        if message is not None:
            return message
        if not self._parser.is_under_way:
            try:
                async with asyncio.timeout(self._limits.idle):
                    octets = await self._stream.read()
            except TimeoutError:
                return None
            if not octets:
                return None
            self._parser.feed(octets)
            message = self._parser.take()
            if message is not None:
                return message
        try:
            async with asyncio.timeout(self._limits.request):
                return await self._rest_of_message()
        except TimeoutError:
            raise Refused(408) from None

    async def _rest_of_message(self) -> Message | None:
        while (message := self._parser.take()) is None:
            if self._parser.waits_for_continue:
                await self._stream.write(_CONTINUE)
            octets = await self._stream.read()
            if not octets:
                return None
            self._parser.feed(octets)
        return message

    async def _send(self, reply: Reply, *, keeps_alive: bool) -> bool:
        """Sends an answer as its delivery says; False where the delivery ended the connection."""
        octets, delivery = encoded(reply, keeps_alive=keeps_alive), reply.delivery
        if delivery == _AT_ONCE:
            async with asyncio.timeout(self._limits.reply):
                await self._stream.write(octets)
            return True
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


def encoded(reply: Reply, *, keeps_alive: bool) -> bytes:
    """The octets of an answer. Raises ValueError for a header that would break the lines apart."""
    bodiless = reply.status in (204, 304) or reply.status < 200
    lines = [f"HTTP/1.1 {reply.status} {_reason_phrase(reply.status)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    chunked = "chunked" in (reply.header("Transfer-Encoding") or "").lower()
    if not bodiless and not chunked and reply.header("Content-Length") is None:
        lines.append(f"Content-Length: {len(reply.body)}")
    if not keeps_alive and reply.header("Connection") is None:
        lines.append("Connection: close")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError(f"a header of the answer has a line break in it: {reply.headers!r}")
    head = "\r\n".join((*lines, "\r\n")).encode("latin-1")
    if bodiless:
        return head
    return head + (b"%x\r\n%b\r\n0\r\n\r\n" % (len(reply.body), reply.body) if chunked else reply.body)


def _reason_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
