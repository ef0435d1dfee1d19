"""The listening side of a simulated module's IPA, over real TLS."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from harness.endpoints.module_listener import JSON_PATH, NAME, Listener
from harness.errors import HarnessError
from harness.links.events import Interface
from harness.links.http_messages import HttpReply
from harness.links.https_client import HttpsClient
from harness.links.tls import Trust

ASN1_PATH, ASN1, JSON = "/gsma/rsp2/asn1", "application/x-gsma-rsp-asn1", "application/json;charset=UTF-8"
BROUGHT, RESULT = bytes.fromhex("BF4E06BF5103 800107".replace(" ", "")), bytes.fromhex("BF4E03BF5100")


@pytest.fixture
def listener() -> Iterator[tuple[Listener, list[bytes]]]:
    """One that answers everything with an empty result, and what it was brought."""
    brought: list[bytes] = []

    def transfer(message: bytes) -> bytes:
        brought.append(message)
        return RESULT

    made = Listener(transfer)
    yield made, brought
    made.stop()


def post(listener: Listener, path: str, content_type: str, body: bytes, key: bytes = b"") -> HttpReply:
    trust = Trust(pinned_keys=(key or listener.key,))
    client = HttpsClient(trust, interface=Interface.ESIPA, addresses={NAME: ("127.0.0.1", listener.port)})
    with closing(client):
        return client.post(f"https://{NAME}{path}", [("Content-Type", content_type)], body)


def test_asn1(listener: tuple[Listener, list[bytes]]) -> None:
    reply = post(listener[0], ASN1_PATH, ASN1, BROUGHT)
    assert (reply.status, reply.body, reply.header("Content-Type")) == (200, RESULT, ASN1)
    assert reply.header("X-Admin-Protocol")
    assert listener[1] == [BROUGHT]


def test_json(listener: tuple[Listener, list[bytes]]) -> None:
    package = base64.b64encode(BROUGHT[3:]).decode()
    reply = post(listener[0], JSON_PATH, JSON, json.dumps({"euiccPackageRequest": package}).encode())
    document = json.loads(reply.body)
    assert document["euiccPackageResult"] == base64.b64encode(RESULT[3:]).decode()
    assert document["header"]["functionExecutionStatus"]["status"] == "Executed-Success"
    assert listener[1] == [BROUGHT]


@pytest.mark.parametrize(
    ("path", "content_type", "body", "status"),
    [("/", ASN1, b"", 404), (ASN1_PATH, JSON, b"", 415), (JSON_PATH, JSON, b"[", 400), (JSON_PATH, JSON, b"[]", 400)],
)
def test_what_is_no_transfer_is_refused(
    listener: tuple[Listener, list[bytes]], path: str, content_type: str, body: bytes, status: int
) -> None:
    assert post(listener[0], path, content_type, body).status == status
    assert listener[1] == []


def test_another_key_is_not_trusted(listener: tuple[Listener, list[bytes]]) -> None:
    other = Listener(lambda message: message)
    with pytest.raises(HarnessError):
        post(listener[0], ASN1_PATH, ASN1, BROUGHT, key=other.key)
    other.stop()
    assert listener[1] == []
