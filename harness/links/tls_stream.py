"""A TLS server connection on memory BIOs, over an asyncio stream.

asyncio's own TLS closes a failed handshake without sending the alert and hides the ClientHello. Here the alert goes out,
the ClientHello is read before a certificate is picked, and a connection can be ended in any way a case asks for.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable

from harness.links.client_hello import MAX_HELLO, ClientHello, NotAClientHello, read_client_hello
from harness.links.http_messages import TlsFacts

_CHUNK = 1 << 16
_DRAIN_SECONDS, _DRAIN_OCTETS = 2.0, 1 << 24


class TlsFailure(Exception):
    """A connection that never became, or stopped being, a TLS connection. `hello` where one was read."""

    def __init__(self, reason: str, hello: ClientHello | None = None) -> None:
        super().__init__(reason)
        self.hello = hello


class TlsStream:
    """One accepted connection. All methods are for one task at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None

    async def handshake(self, pick: Callable[[ClientHello], ssl.SSLContext]) -> TlsFacts:
        """Reads the ClientHello, lets `pick` choose the context for it and completes the handshake.

        Raises TlsFailure after the alert has been sent; ConnectionError where the peer went away.
        """
        hello = await self._hello()
        self._tls = tls = pick(hello).wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                await self._receive(hello)
            except ssl.SSLError as fault:
                await self._flush()
                raise TlsFailure(_reason(fault), hello) from fault
        await self._flush()
        cipher = tls.cipher()
        return TlsFacts(tls.version() or "", cipher[0] if cipher else "", hello.server_name, hello)

    async def _hello(self) -> ClientHello:
        octets = b""
        while True:
            part = await self._reader.read(_CHUNK)
            if not part:
                raise TlsFailure("the peer closed before its ClientHello was complete")
            self._incoming.write(part)
            octets += part
            try:
                hello = read_client_hello(octets)
            except NotAClientHello as fault:
                raise TlsFailure(f"not TLS: {fault}") from fault
            if hello is not None:
                return hello
            if len(octets) > MAX_HELLO:
                raise TlsFailure(f"no ClientHello within {MAX_HELLO} octets")

    async def read(self) -> bytes:
        """Plaintext as it comes; empty when the peer closed, with or without close_notify. Raises TlsFailure."""
        assert self._tls is not None
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()  # a key update or a renegotiation may have to answer first
                if self._reader.at_eof():
                    return b""
                part = await self._reader.read(_CHUNK)
                if not part:
                    return b""
                self._incoming.write(part)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as fault:
                await self._flush()
                raise TlsFailure(_reason(fault)) from fault

    async def write(self, plaintext: bytes) -> None:
        """Sends plaintext and waits until the socket took it."""
        assert self._tls is not None
        if plaintext:
            self._tls.write(plaintext)
        await self._flush()

    async def close(self, *, drain: bool = False) -> None:
        """Ends the connection properly: close_notify, then FIN.

        `drain` takes and drops what the peer is still sending, within bounds: a close over unread octets would become a
        reset, and the peer would lose the answer it was just given.
        """
        if self._tls is not None:
            # SSLWantRead means that our close_notify is written; the peer's need not be waited for (RFC 8446 §6.1).
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
            await self._flush()
        if drain:
            with contextlib.suppress(OSError):  # also the timeout's; a peer that is gone sends nothing more
                self._writer.write_eof()
                async with asyncio.timeout(_DRAIN_SECONDS):
                    await self._drop(_DRAIN_OCTETS)
        self._end()

    async def _drop(self, octets: int) -> None:
        while octets > 0:
            part = await self._reader.read(_CHUNK)
            if not part:
                return
            octets -= len(part)

    def cut(self) -> None:
        """Ends the connection with FIN and no close_notify: a truncation, as TLS sees it."""
        self._end()

    def _end(self) -> None:
        """FIN after what is still to be sent; a peer that does not take it in time is left alone."""
        self._writer.close()
        asyncio.get_running_loop().call_later(_DRAIN_SECONDS, self._writer.transport.abort)

    def reset(self) -> None:
        """Ends the connection with a TCP reset."""
        connection: socket.socket | None = self._writer.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):  # the peer's reset may have closed it already
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def _receive(self, hello: ClientHello) -> None:
        part = await self._reader.read(_CHUNK)
        if not part:
            raise TlsFailure("the peer closed during the handshake", hello)
        self._incoming.write(part)

    async def _flush(self) -> None:
        if self._outgoing.pending:
            self._writer.write(self._outgoing.read())
            await self._writer.drain()


def _reason(fault: ssl.SSLError) -> str:
    """OpenSSL's reason in words; an alert of the peer is named by it, e.g. "tlsv1 alert unknown ca"."""
    return (fault.reason or str(fault)).replace("_", " ").lower()
