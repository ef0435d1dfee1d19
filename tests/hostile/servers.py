"""Servers that lie: each changes what a conforming eIM or SM-DP+ was about to answer, or answers by itself."""

from __future__ import annotations

import base64
import binascii
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from harness.links.http_messages import Delivery, Reply, Request
from tests.hostile.cards import GARBAGE, MESSAGES, Change, random_octets, random_structure

Lie = Callable[[Request, Reply], Reply]

HUGE = 5 << 20


def _says(status: int, body: bytes = b"", kind: str = "application/x-gsma-rsp-asn1") -> Lie:
    return lambda _, __: Reply(status, (("Content-Type", kind),), body)


def _body(change: Callable[[bytes], bytes]) -> Lie:
    return lambda _, reply: replace(reply, body=change(reply.body))


def _delivered(delivery: Delivery) -> Lie:
    return lambda _, reply: replace(reply, delivery=delivery)


def _without_headers(_: Request, reply: Reply) -> Reply:
    return replace(reply, headers=())


def in_messages(change: Change) -> Lie:
    """Changes the ASN.1 message of an ESipa answer, and each base64 field of an ES9+ answer."""

    def lie(request: Request, reply: Reply) -> Reply:
        if reply.body[:1] == b"{":
            fields = json.loads(reply.body)
            return replace(
                reply, body=json.dumps({key: _field(request, value, change) for key, value in fields.items()}).encode()
            )
        return replace(reply, body=change(b"\x00" * 5 + request.body, reply.body) if reply.body else b"")

    return lie


def _field(request: Request, value: Any, change: Change) -> Any:
    if not isinstance(value, str):
        return value
    try:
        octets = base64.b64decode(value, validate=True)
    except binascii.Error:
        return value
    if len(octets) < 16 or value.isalnum():  # a transaction id, in hexadecimal
        return value
    return base64.b64encode(change(b"\x00" * 5 + request.body, octets)).decode()


def of_json(change: Callable[[dict[str, Any]], Any]) -> Lie:
    """Changes the JSON of an ES9+ answer as a whole; an answer in ASN.1 stays true."""

    def lie(_: Request, reply: Reply) -> Reply:
        if reply.body[:1] != b"{":
            return reply
        return replace(reply, body=json.dumps(change(json.loads(reply.body))).encode())

    return lie


def _each(value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda fields: {key: old if key == "header" else value for key, old in fields.items()}


def _status(value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda fields: {**fields, "header": {"functionExecutionStatus": value}}


def _random_json(seed: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    chance = random.Random(seed)
    odd = [None, "", 0, -1, True, [], {}, "\x00", "ÿ", "=", "A" * 3, 1e400, {"a": {}}, "00" * 5000]

    def change(fields: dict[str, Any]) -> dict[str, Any]:
        if chance.random() > 0.4:
            return fields
        key = chance.choice(list(fields))
        if chance.random() < 0.3:
            return {name: value for name, value in fields.items() if name != key}
        return {**fields, key: chance.choice(odd)}

    return change


ANY: Mapping[str, Lie] = {
    "truth": lambda _, reply: reply,
    "500": _says(500),
    "500-with-a-page": _says(500, b"<html>Internal Server Error</html>", "text/html"),
    "404": _says(404),
    "200-empty": _says(200),
    "204": _says(204),
    "302": lambda _, __: Reply(302, (("Location", "https://elsewhere.example/"),)),
    "999": _says(999),
    "garbage": _says(200, GARBAGE),
    "huge": _says(200, bytes(HUGE)),
    "huge-json": _says(200, b"[" * 200_000, "application/json"),
    "html": _says(200, b"<html></html>", "text/html"),
    "no-headers": _without_headers,
    "echo": lambda request, reply: replace(reply, body=request.body),
    "body-twice": _body(lambda body: body * 2),
    "body-cut": _body(lambda body: body[: len(body) // 2]),
    "resets": _delivered(Delivery(reset=True)),
    "ends-at-once": _delivered(Delivery(truncate_at=0)),
    "ends-in-the-head": _delivered(Delivery(truncate_at=20)),
    "ends-in-the-body": _delivered(Delivery(truncate_at=200, reset=True)),
    **{f"message-{name}": in_messages(change) for name, change in MESSAGES.items()},
}

JSON: Mapping[str, Lie] = {
    "json-null": of_json(lambda _: None),
    "json-list": of_json(lambda fields: [fields]),
    "json-number": of_json(lambda _: 17),
    "json-empty": of_json(lambda _: {}),
    "json-no-header": of_json(lambda fields: {key: value for key, value in fields.items() if key != "header"}),
    "json-header-null": of_json(lambda fields: {**fields, "header": None}),
    "json-header-text": of_json(lambda fields: {**fields, "header": "Executed-Success"}),
    "json-status-text": of_json(_status("Executed-Success")),
    "json-status-failed": of_json(_status({"status": "Failed"})),
    "json-status-codes-of-numbers": of_json(
        _status({"status": "Failed", "statusCodeData": {"subjectCode": 8, "reasonCode": [3]}})
    ),
    "json-success-alone": of_json(
        lambda fields: {"header": {"functionExecutionStatus": {"status": "Executed-Success"}}}
    ),
    "json-fields-null": of_json(_each(None)),
    "json-fields-number": of_json(_each(17)),
    "json-fields-empty": of_json(_each("")),
    "json-fields-no-base64": of_json(_each("=ÿ=")),
    "json-fields-object": of_json(_each({})),
    "json-fields-text": of_json(_each("AAAA")),
}


def lie_named(name: str) -> Lie:
    """A lie of `ANY` or `JSON`, or `octets-SEED`, `structure-SEED` and `fields-SEED` for random changes."""
    kind, _, seed = name.partition("-")
    if seed.isdecimal() and kind in ("octets", "structure"):
        return in_messages({"octets": random_octets, "structure": random_structure}[kind](int(seed), 0.3))
    if seed.isdecimal() and kind == "fields":
        return of_json(_random_json(int(seed)))
    return {**ANY, **JSON}[name]
