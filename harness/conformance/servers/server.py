"""An eIM or SM-DP+ under test, as cases see it: requests go in over TLS, replies come out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.codec import findings
from harness.codec.asn1 import DEFAULT_VERSION
from harness.codec.tlv import Tlv, first, parse
from harness.conformance.servers import esipa_json
from harness.errors import MalformedAnswer
from harness.lab.benches.server_bench import ServerBench
from harness.links.http_messages import HttpReply

ESIPA_PATH = "/gsma/rsp2/asn1"
ES9_PATH = "/gsma/rsp2/es9plus/"
ES2_PATH = "/gsma/rsp2/es2plus/"
ES12_PATH = "/gsma/rsp2/es12/"
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
ES12_HEADERS = ES9_HEADERS[:2]
ASN1, JSON = "ASN.1", "JSON"
BINDINGS = (ASN1, JSON)
"""The two spellings of ESipa's functions; an eIM has both."""
_OK = 200
_RESPONSES = {
    0xBF39: "InitiateAuthenticationResponseEsipa",
    0xBF3A: "GetBoundProfilePackageResponseEsipa",
    0xBF3B: "AuthenticateClientResponseEsipa",
    0xBF41: "CancelSessionResponseEsipa",
    0xBF4F: "GetEimPackageResponse",
    0xBF50: "ProvideEimPackageResultResponse",
}
"""What each ESipa function is answered with."""


class ServerUnderTest:
    """A client towards the server under test. Raises DeviceFault for a server that breaks HTTP or TLS."""

    def __init__(self, bench: ServerBench) -> None:
        self._bench = bench

    def send(self, body: bytes, headers: Mapping[str, str] | None = None, *, path: str = ESIPA_PATH) -> HttpReply:
        """Posts one ESipa message in the ASN.1 binding. `headers` replace those of the same name."""
        return self._post(path, ESIPA_HEADERS, headers, body)

    def ask(self, message: bytes, version: str = DEFAULT_VERSION) -> Tlv:
        """Sends one ESipa message; the answer, which is one DER message of the function's response type.

        `version` is the SGP.32 version of the device that asks. Raises MalformedAnswer for another HTTP status than 200 and
        for anything else.
        """
        reply = self.send(message)
        if reply.status != _OK:
            raise MalformedAnswer(f"HTTP status {reply.status} for a message that can be read")
        name = _RESPONSES[first(message).tag]
        faults = findings(name, reply.body, version=version)
        if faults:
            raise MalformedAnswer(f"{name}: {faults[0]}")
        return parse(reply.body)

    def say(self, message: bytes, binding: str = ASN1) -> HttpReply:
        """Sends one ESipa message in either binding; the HTTP answer as it is."""
        if binding == ASN1:
            return self.send(message)
        path, body = esipa_json.request_of(message)
        return self._post(path, esipa_json.HEADERS, None, body)

    def told(self, message: bytes, binding: str = ASN1) -> Tlv:
        """The ESipa answer to a message in either binding, as the message that it stands for. Raises as `ask` does."""
        if binding == ASN1:
            return self.ask(message)
        reply = self.say(message, binding)
        if reply.status != _OK:
            raise MalformedAnswer(f"HTTP status {reply.status} for a message that can be read")
        return esipa_json.answer_of(first(message).tag, reply.body)

    def call(self, function: str, request: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> HttpReply:
        """Calls one ES9+ or ES11 function in the JSON binding."""
        return self._post(ES9_PATH + function, ES9_HEADERS, headers, json.dumps(request).encode())

    def message(self, octets: bytes) -> HttpReply:
        """Posts one message to an RSP server in the ASN.1 binding."""
        headers = {"Content-Type": "application/x-gsma-rsp-asn1"}
        return self._post(ESIPA_PATH, ES9_HEADERS, headers, octets)

    def operate(self, path: str, request: Mapping[str, Any]) -> HttpReply:
        """Calls a function from behind the server, as an operator or another server: ES2_PATH or ES12_PATH and its name."""
        body = json.dumps(request).encode()
        return self._bench.client_behind.post(self._bench.url + path, ES12_HEADERS, body)

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
