"""An HTTPS server for tests: thin, bounded, and honest about what a peer did.

Rules of this room:
- One function takes a `Request` and gives a `Reply`; it may be a coroutine function. It never sees a socket.
- Everything is bounded: the ClientHello, headers, bodies, their time, the number of connections.
- A malformed request is answered 400, 408, 413 or 431 here; a handler that raises is answered 500 with an empty body,
  and the exception goes to `on_error`, never to the wire.
- Each request and reply is told to the observers, and so are the ClientHello and a handshake that failed.
"""

from __future__ import annotations

import asyncio
import inspect
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus

import h11

from harness.links.client_hello import ClientHello
from harness.links.events import Direction, Interface, Observer, Observers
from harness.links.http_messages import Delivery, Reply, Request, TlsFacts, header_lines
from harness.links.tls import DEFAULT_TLS, ServerCertificate, TlsOptions, pick_certificate
from harness.links.tls_stream import TlsFailure, TlsStream

Handler = Callable[[Request], Reply | Awaitable[Reply]]
ErrorHook = Callable[[BaseException, Request | None], None]


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


class HttpsServer:
    """Serves one handler. `start` and `stop` run on an asyncio loop; the handler too, unless `threaded`.

    `threaded` gives a synchronous handler that may block (it talks to another server of the same loop) one thread of its
    own, in which requests are handled one after the other.
    """

    def __init__(
        self,
        handler: Handler,
        certificates: Sequence[ServerCertificate],
        *,
        interface: Interface,
        observers: Iterable[Observer] = (),
        on_error: ErrorHook | None = None,
        limits: Limits = DEFAULT_LIMITS,
        options: TlsOptions = DEFAULT_TLS,
        threaded: bool = False,
    ) -> None:
        self._handler = handler
        self._certificates = tuple(certificates)
        self._contexts = {id(item): item.context(options) for item in self._certificates}
        self._interface = interface
        self._on_error = on_error
        self._limits = limits
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="https-handler") if threaded else None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections = 0
        self.observers = Observers(observers)
        self.port = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listens; returns the port, which the system chooses where `port` is 0."""
        self._server = await asyncio.start_server(self._accept, host, port)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Stops listening and ends every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._worker is not None:
            self._worker.shutdown(wait=False, cancel_futures=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        stream = TlsStream(reader, writer)
        if len(self._tasks) >= self._limits.connections:
            self._tell(Direction.FROM_DEVICE, b"", {"event": "refused", "reason": "too many connections"})
            stream.reset()
            return
        self._tasks.add(task)
        self._connections += 1
        try:
            await self._serve(stream, self._connections)
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            stream.reset()
        except Exception as fault:  # the last line of defence: one connection must not end the server
            self._report(fault, None)
            stream.reset()
        finally:
            self._tasks.discard(task)

    async def _serve(self, stream: TlsStream, number: int) -> None:
        try:
            tls = await self._handshake(stream)
            self._tell(Direction.FROM_DEVICE, tls.hello.octets if tls.hello else b"", self._hello_note(tls))
            await _Connection(self, stream, tls, number).run()
        except TlsFailure as failure:
            hello = failure.hello
            note = {**(hello.note() if hello else {}), "event": "tls-failed", "reason": str(failure)}
            self._tell(Direction.FROM_DEVICE, hello.octets if hello else b"", note)
            stream.cut()

    async def _handshake(self, stream: TlsStream) -> TlsFacts:
        try:
            async with asyncio.timeout(self._limits.handshake):
                return await stream.handshake(self._pick)
        except TimeoutError:
            raise TlsFailure("no handshake before the deadline") from None

    def _pick(self, hello: ClientHello) -> ssl.SSLContext:
        return self._contexts[id(pick_certificate(self._certificates, hello))]

    @staticmethod
    def _hello_note(tls: TlsFacts) -> dict[str, str]:
        return {**(tls.hello.note() if tls.hello else {}), **tls.note()}

    def _tell(self, direction: Direction, octets: bytes, note: dict[str, str]) -> None:
        self.observers.tell(Interface.TLS, direction, octets, note)

    async def answer(self, request: Request) -> Reply:
        """Tells the request, lets the handler answer it, tells the answer."""
        note = {"method": request.method, "target": request.target, "headers": header_lines(request.headers)}
        note |= request.tls.note() | {"connection": str(request.connection)}
        self.observers.tell(self._interface, Direction.FROM_DEVICE, request.body, note)
        try:
            reply = await self._handle(request)
        except Exception as fault:  # whatever a handler raises, the peer gets a 500 and the harness gets the fault
            self._report(fault, request)
            reply = Reply(500)
        self.tell_reply(reply, request.connection)
        return reply

    def tell_reply(self, reply: Reply, connection: int) -> None:
        """Tells an answer to the observers."""
        note = {"status": str(reply.status), "headers": header_lines(reply.headers), "connection": str(connection)}
        if reply.delivery != Delivery():
            note["delivery"] = repr(reply.delivery)
        self.observers.tell(self._interface, Direction.TO_DEVICE, reply.body, note)

    async def _handle(self, request: Request) -> Reply:
        if self._worker is not None:
            answer = await asyncio.get_running_loop().run_in_executor(self._worker, self._handler, request)
        else:
            answer = self._handler(request)
        return await answer if inspect.isawaitable(answer) else answer

    def _report(self, fault: BaseException, request: Request | None) -> None:
        if self._on_error is not None:
            self._on_error(fault, request)

    @property
    def limits(self) -> Limits:
        """The limits this server keeps."""
        return self._limits


class _Connection:
    """The HTTP/1.1 side of one connection (h11 knows the grammar)."""

    def __init__(self, server: HttpsServer, stream: TlsStream, tls: TlsFacts, number: int) -> None:
        self._server = server
        self._stream = stream
        self._tls = tls
        self._number = number
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=server.limits.header_octets)

    async def run(self) -> None:
        """Serves requests until either side ends the connection."""
        while True:
            try:
                request = await self._request()
            except (_Refused, h11.RemoteProtocolError) as refusal:
                status = refusal.status if isinstance(refusal, _Refused) else refusal.error_status_hint
                reply = Reply(status, (("Connection", "close"),))
                self._server.tell_reply(reply, self._number)
                await self._send(reply)
                await self._stream.close(drain=True)
                return
            if request is None:
                break
            if not await self._send(await self._server.answer(request)):
                return
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                break
            self._http.start_next_cycle()
        await self._stream.close()

    async def _request(self) -> Request | None:
        limits = self._server.limits
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
                if _declared_length(event) > self._server.limits.body_octets:
                    raise _Refused(413)
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._server.limits.body_octets:
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
            async with asyncio.timeout(self._server.limits.reply):
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
