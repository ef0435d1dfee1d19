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

from harness.links.client_hello import ClientHello
from harness.links.events import Direction, Interface, Observer, Observers
from harness.links.http_connection import DEFAULT_LIMITS, HttpConnection, Limits
from harness.links.http_messages import Delivery, Reply, Request, TlsFacts, header_lines
from harness.links.tls import DEFAULT_TLS, ServerCertificate, TlsOptions, pick_certificate
from harness.links.tls_stream import TlsFailure, TlsStream

Handler = Callable[[Request], Reply | Awaitable[Reply]]
ErrorHook = Callable[[BaseException, Request | None], None]


__all__ = ["DEFAULT_LIMITS", "ErrorHook", "Handler", "HttpsServer", "Limits"]


class HttpsServer:
    """Serves one handler. `start` and `stop` run on an asyncio loop; the handler too, unless `threaded`.

    `threaded` gives a synchronous handler that may block (it talks to another server of the same loop) a thread of its own,
    in which requests are handled one after the other; with more `workers`, so many at a time. What `waits` says of a request
    that it does not block is answered on the loop at once.
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
        workers: int = 1,
        waits: Callable[[Request], bool] | None = None,
    ) -> None:
        self._handler = handler
        self._waits = waits
        self._certificates = tuple(certificates)
        self._contexts = {id(item): item.context(options) for item in self._certificates}
        self._interface = interface
        self._on_error = on_error
        self._limits = limits
        self._worker = ThreadPoolExecutor(workers, thread_name_prefix="https-handler") if threaded else None
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
            connection = HttpConnection(
                stream, tls, number, limits=self._limits, answer=self._answer, refused=self._tell_reply
            )
            await connection.run()
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

    async def _answer(self, request: Request) -> Reply:
        """Tells the request, lets the handler answer it, tells the answer."""
        if self.observers:
            note = {"method": request.method, "target": request.target, "headers": header_lines(request.headers)}
            note |= request.tls.note() | {"connection": str(request.connection)}
            self.observers.tell(self._interface, Direction.FROM_DEVICE, request.body, note)
        try:
            reply = await self._handle(request)
        except Exception as fault:  # whatever a handler raises, the peer gets a 500 and the harness gets the fault
            self._report(fault, request)
            reply = Reply(500)
        self._tell_reply(reply, request.connection)
        return reply

    def _tell_reply(self, reply: Reply, connection: int) -> None:
        """Tells an answer to the observers."""
        if not self.observers:
            return
        note = {"status": str(reply.status), "headers": header_lines(reply.headers), "connection": str(connection)}
        if reply.delivery != Delivery():
            note["delivery"] = repr(reply.delivery)
        self.observers.tell(self._interface, Direction.TO_DEVICE, reply.body, {**note, **reply.note})

    async def _handle(self, request: Request) -> Reply:
        if self._worker is not None and (self._waits is None or self._waits(request)):
            answer = await asyncio.get_running_loop().run_in_executor(self._worker, self._handler, request)
        else:
            answer = self._handler(request)
        return await answer if inspect.isawaitable(answer) else answer

    def _report(self, fault: BaseException, request: Request | None) -> None:
        if self._on_error is not None:
            self._on_error(fault, request)
