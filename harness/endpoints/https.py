"""A role behind HTTPS: the server runs on the slot's loop, the caller stays synchronous."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from harness.endpoints.loop import LoopThread
from harness.errors import LabFault
from harness.links.events import Interface, Observer, Observers
from harness.links.http_messages import Request
from harness.links.https_server import DEFAULT_LIMITS, ErrorHook, Handler, HttpsServer, Limits
from harness.links.tls import DEFAULT_TLS, ServerCertificate, TlsOptions


class HttpsEndpoint:
    """One HTTPS server on 127.0.0.1. `start` before use; `stop`, or leave the context, when done.

    A synchronous handler runs in a thread of its own, one request after the other, so that it may itself call another
    server of the same loop. `on_error` is told what a handler raised.
    """

    def __init__(
        self,
        loop: LoopThread,
        handler: Handler,
        certificates: Sequence[ServerCertificate],
        *,
        interface: Interface,
        observers: Iterable[Observer] = (),
        on_error: ErrorHook | None = None,
        limits: Limits = DEFAULT_LIMITS,
        options: TlsOptions = DEFAULT_TLS,
        threaded: bool = True,
        workers: int = 1,
        waits: Callable[[Request], bool] | None = None,
    ) -> None:
        self._loop = loop
        self._server = HttpsServer(
            handler,
            certificates,
            interface=interface,
            observers=observers,
            on_error=on_error,
            limits=limits,
            options=options,
            threaded=threaded,
            workers=workers,
            waits=waits,
        )

    def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listens and returns the port. Raises LabFault where the port is somebody else's."""
        try:
            return self._loop.run(self._server.start(host, port))
        except OSError as fault:
            raise LabFault(
                f"no server at {host}:{port}: {fault}", hint="is the port taken? Name another one"
            ) from fault

    def stop(self) -> None:
        """Stops listening and ends every connection."""
        self._loop.run(self._server.stop())

    @property
    def port(self) -> int:
        """The port it listens on; 0 before `start`."""
        return self._server.port

    @property
    def address(self) -> tuple[str, int]:
        """Where a client must really connect, whatever name is in the URL."""
        return "127.0.0.1", self._server.port

    @property
    def observers(self) -> Observers:
        """Who is told of each request and reply."""
        return self._server.observers

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
