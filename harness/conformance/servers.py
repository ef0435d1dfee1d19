"""An eIM or SM-DP+ under test, as cases see it: requests go in over TLS, replies come out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.lab.server_bench import ServerBench
from harness.links.http_messages import HttpReply

ESIPA_PATH = "/gsma/rsp2/asn1"
ES9_PATH = "/gsma/rsp2/es9plus/"
ESIPA_HEADERS = (
    ("Content-Type", "application/x-gsma-rsp-asn1"),
    ("X-Admin-Protocol", "gsma/rsp/v2.1.0"),
    ("User-Agent", "gsma-rsp-ipad"),
)
ES9_HEADERS = (
    ("Content-Type", "application/json;charset=UTF-8"),
    ("X-Admin-Protocol", "gsma/rsp/v2.5.0"),
    ("User-Agent", "gsma-rsp-lpad"),
)


class ServerUnderTest:
    """A client towards the server under test. Raises DeviceFault for a server that breaks HTTP or TLS."""

    def __init__(self, bench: ServerBench) -> None:
        self._bench = bench

    def send(self, body: bytes, headers: Mapping[str, str] | None = None, *, path: str = ESIPA_PATH) -> HttpReply:
        """Posts one ESipa message in the ASN.1 binding. `headers` replace those of the same name."""
        return self._post(path, ESIPA_HEADERS, headers, body)

    def call(self, function: str, request: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> HttpReply:
        """Calls one ES9+ function in the JSON binding."""
        return self._post(ES9_PATH + function, ES9_HEADERS, headers, json.dumps(request).encode())

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> HttpReply:
        """Any HTTP request, with these headers and no others."""
        return self._bench.client.request(method, self._bench.url + path, tuple((headers or {}).items()), body)

    def _post(
        self, path: str, usual: tuple[tuple[str, str], ...], headers: Mapping[str, str] | None, body: bytes
    ) -> HttpReply:
        changed = dict(headers or {})
        names = {name.lower() for name in changed}
        kept = tuple((name, value) for name, value in usual if name.lower() not in names)
        return self._bench.client.post(self._bench.url + path, (*kept, *changed.items()), body)
