"""HTTP by hand over TLS, for requests that no client library would send, and an eIM to send them to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from http.client import HTTPResponse
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.crypto import pki
from harness.crypto.entropy import Entropy
from harness.endpoints.eim import PATH, EimEndpoint
from harness.endpoints.https import HttpsEndpoint
from harness.endpoints.loop import LoopThread
from harness.links.events import Interface
from harness.links.https_server import Limits
from harness.links.tls import ServerCertificate
from harness.roles.eim import Eim
from harness.roles.eim.http_rules import ASN1_TYPE

DEADLINE = 5.0
LIMITS = Limits(request=0.25, idle=2.0)
"""A request whose length was changed to a larger one is waited for no longer than this."""


@cache
def _certificate() -> ServerCertificate:
    tls = pki.mint(Entropy("raw-https"), datetime.now(UTC)).trust("nist").eim_tls
    key = tls.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ServerCertificate((tls.certificate,), key)


@contextmanager
def served_eim(eim: Callable[[], Eim]) -> Iterator[tuple[int, list[BaseException]]]:
    """The port of a server behind which always stands the eIM of now, and what its handlers raised."""
    troubles: list[BaseException] = []
    with (
        LoopThread() as loop,
        HttpsEndpoint(
            loop,
            lambda request: EimEndpoint(eim(), lambda: 1.0)(request),
            [_certificate()],
            interface=Interface.ESIPA,
            on_error=lambda raised, _: troubles.append(raised),
            limits=LIMITS,
        ) as server,
    ):
        yield server.port, troubles


class RawHttps:
    """One connection to 127.0.0.1, opened anew when the server has closed it. Trusts anybody."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE
        self._connection: ssl.SSLSocket | None = None

    @staticmethod
    def head(body: bytes) -> bytes:
        """A true request's head for this body."""
        lines = (
            f"POST {PATH} HTTP/1.1",
            "Host: eim.harness.test",
            f"Content-Type: {ASN1_TYPE}",
            "X-Admin-Protocol: gsma/rsp/v2.1.0",
            "User-Agent: gsma-rsp-ipad",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join((*lines, "", "")).encode()

    def post(self, body: bytes) -> tuple[int, bytes]:
        """A true request with this body."""
        return self.send(self.head(body) + body)

    def send(self, octets: bytes) -> tuple[int, bytes]:
        """Sends these octets; status and body of the answer. Raises OSError or HTTPException where there is none."""
        if self._connection is None:
            plain = socket.create_connection(("127.0.0.1", self._port), DEADLINE)
            self._connection = self._context.wrap_socket(plain, server_hostname="eim.harness.test")
        self._connection.sendall(octets)
        answer = HTTPResponse(self._connection, method="POST")
        answer.begin()
        body = answer.read()
        if answer.will_close:
            self.close()
        return answer.status, body

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
