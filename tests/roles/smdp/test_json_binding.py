"""The JSON binding: its form, and that no body whatever makes the SM-DP+ raise."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness import resources
from harness.codec import findings, tlv
from harness.crypto.entropy import Entropy
from harness.profiles import load_profiles
from harness.roles.smdp import OrderState, Smdp, SmdpIdentity
from harness.roles.smdp.state import Stage
from tests.roles.smdp.client import NOW, PKI, PREFIX, Session, b64, card, un64

PROFILES = load_profiles(resources.path("fixtures/profiles"))
MUTATIONS = 2000
AT = {
    "authenticateClient": Stage.INITIATED,
    "getBoundProfilePackage": Stage.AUTHENTICATED,
    "cancelSession": Stage.BOUND,
}
FUNCTIONS = (
    "initiateAuthentication",
    "authenticateClient",
    "getBoundProfilePackage",
    "handleNotification",
    "cancelSession",
)


def smdp() -> Smdp:
    return Smdp(SmdpIdentity.of(PKI), Entropy("smdp"))


def session() -> Session:
    server = smdp()
    return Session(server, card(), server.order(PROFILES["operational-a"], matching_id="M").matching_id)


def test_success_has_its_header_and_fields() -> None:
    done = session()
    done.install()
    assert list(done.initiated) == [
        "header",
        "transactionId",
        "serverSigned1",
        "serverSignature1",
        "euiccCiPKIdToBeUsed",
        "serverCertificate",
    ]
    assert done.initiated["header"] == {"functionExecutionStatus": {"status": "Executed-Success"}}
    assert done.transaction_id == done.transaction_id.upper()
    assert len(done.transaction_id) == 32
    assert set(done.offered) == {
        "header",
        "transactionId",
        "profileMetadata",
        "smdpSigned2",
        "smdpSignature2",
        "smdpCertificate",
    }
    assert set(done.bound) == {"header", "transactionId", "boundProfilePackage"}


def test_everything_sent_is_der_in_its_one_form() -> None:
    done = session()
    done.install()
    assert findings("ServerSigned1", un64(done.initiated["serverSigned1"])) == []
    assert findings("SmdpSigned2", un64(done.offered["smdpSigned2"])) == []
    assert findings("StoreMetadataRequest", un64(done.offered["profileMetadata"])) == []
    assert findings("BoundProfilePackage", un64(done.bound["boundProfilePackage"])) == []


def test_failure_has_codes_and_a_message() -> None:
    reply = smdp().handle(PREFIX + "initiateAuthentication", initiate(smdpAddress="x.example"), NOW)
    assert reply.status == 200
    assert json.loads(reply.body) == {
        "header": {
            "functionExecutionStatus": {
                "status": "Failed",
                "statusCodeData": {
                    "subjectCode": "8.8.1",
                    "reasonCode": "3.8",
                    "message": "the SM-DP+ address is not ours",
                },
            }
        }
    }


def test_headers_of_answers() -> None:
    reply = smdp().handle(PREFIX + "initiateAuthentication", initiate(), NOW)
    assert dict(reply.headers) == {
        "Content-Type": "application/json;charset=UTF-8",
        "X-Admin-Protocol": "gsma/rsp/v2.5.0",
    }


def test_notifications_are_answered_with_nothing() -> None:
    done = session()
    body = json.dumps({"pendingNotification": b64(done.install().raw)}).encode()
    reply = done.smdp.handle(PREFIX + "handleNotification", body, NOW)
    assert (reply.status, reply.body) == (204, b"")
    assert dict(reply.headers) == {"X-Admin-Protocol": "gsma/rsp/v2.5.0"}


def initiate(**changed: Any) -> bytes:
    fields = {
        "smdpAddress": "smdp.harness.test",
        "euiccChallenge": b64(bytes(16)),
        "euiccInfo1": b64(card().get_euicc_info1().raw),
        **changed,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def status_of(function: str, body: bytes) -> int:
    return smdp().handle(PREFIX + function, body, NOW).status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"smdpAddress":' + b"9" * 10_000 + b"}",
        b'{"smdpAddress": NaN}',
        initiate().replace(b"}", b', "smdpAddress": "smdp.harness.test"}'),
    ],
    ids=["nothing", "cut", "array", "text", "null", "not-utf8", "deep-array", "deep-object", "number", "nan", "twice"],
)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_bodies_that_are_no_request(function: str, body: bytes) -> None:
    assert status_of(function, body) == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"smdpAddress": None},
        {"smdpAddress": 1},
        {"euiccChallenge": None},
        {"euiccChallenge": "!!!!"},
        {"euiccChallenge": "äöü"},
        {"euiccChallenge": b64(bytes(15))},
        {"euiccInfo1": b64(b"\xbf\x20\x80\x00\x00")},
        {"euiccInfo1": b64(b"\xbf\x22\x00")},
        {"euiccInfo1": ""},
    ],
)
def test_fields_that_cannot_be_read(changed: dict[str, Any]) -> None:
    assert status_of("initiateAuthentication", initiate(**changed)) == 400


@pytest.mark.parametrize("transaction_id", [None, 5, "", "0", "xy", "ß", "00" * 17])
def test_transaction_ids_that_are_none(transaction_id: object) -> None:
    body = json.dumps(
        {"transactionId": transaction_id, "cancelSessionResponse": b64(b"\xbf\x41\x03\x81\x01\x05")}
    ).encode()
    assert status_of("cancelSession", body) == 400


def test_white_space_in_base64_is_taken() -> None:
    text = b64(card().get_euicc_info1().raw)
    spread = "\r\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    assert status_of("initiateAuthentication", initiate(euiccInfo1=f" {spread}\n")) == 200


@pytest.mark.parametrize(
    "path", ["", "/", "/gsma/rsp2/es9plus/", "/gsma/rsp2/es9plus/x", "/gsma/rsp2/asn1/x", "handleNotification"]
)
def test_unknown_paths(path: str) -> None:
    assert smdp().handle(path, initiate(), NOW).status == 404


def test_forms_for_esipa_only_are_no_requests() -> None:
    done = session()
    done.initiate()
    compact = bytes.fromhex("BF4108A2063000") + bytes.fromhex("5F3700")
    reply = done.smdp.handle(
        PREFIX + "cancelSession",
        json.dumps({"transactionId": done.transaction_id, "cancelSessionResponse": b64(compact)}).encode(),
        NOW,
    )
    assert reply.status == 400


def recorded() -> tuple[Session, list[tuple[str, dict[str, str]]]]:
    """A session with all requests of a download, each still to be answered."""
    done = session()
    requests: list[tuple[str, dict[str, str]]] = []
    post = done.post

    def noting(function: str, **fields: str) -> dict[str, Any]:
        requests.append((function, fields))
        return post(function, **fields)

    done.post = noting  # type: ignore[method-assign]
    done.notify(done.install().raw)
    signed = tlv.build(0x30, tlv.build(0x80, bytes.fromhex(done.transaction_id)), bytes.fromhex("8103883710820100"))
    response = b64(tlv.build(0xBF41, tlv.build(0xA0, signed, tlv.build(0x5F37, bytes(64)))))
    requests.append(("cancelSession", {"transactionId": done.transaction_id, "cancelSessionResponse": response}))
    return done, requests


def mutated(draw: random.Random, requests: list[tuple[str, dict[str, str]]]) -> Iterator[tuple[str, bytes]]:
    """Requests with one octet changed: half of them in the JSON text, half inside a base64 field."""
    for number in range(MUTATIONS):
        function, fields = requests[number % len(requests)]
        if number % 2:
            body = bytearray(json.dumps(fields).encode())
            body[draw.randrange(len(body))] = draw.randrange(256)
            yield function, bytes(body)
            continue
        name = draw.choice([key for key in fields if key not in ("transactionId", "smdpAddress")])
        octets = bytearray(base64.b64decode(fields[name]))
        octets[draw.randrange(len(octets))] = draw.randrange(256)
        yield function, json.dumps({**fields, name: b64(bytes(octets))}).encode()


def test_mutations_never_raise() -> None:
    done, requests = recorded()
    server = done.smdp
    ended = next(iter(server.state.sessions.values()))
    (order,) = server.orders
    fresh = server.state.with_order(replace(order, state=OrderState.RELEASED))
    stages = {name: fresh.with_session(replace(ended, stage=stage)) for name, stage in AT.items()}
    seen = set()
    for function, body in mutated(random.Random(20261121), requests):
        at_its_step = Smdp(server.identity, Entropy("smdp"), state=stages.get(function, fresh))
        reply = at_its_step.handle(PREFIX + function, body, NOW)
        seen.add(reply.status)
    assert seen == {200, 204, 400}
