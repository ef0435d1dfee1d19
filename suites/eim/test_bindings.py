"""How an eIM carries ESipa over HTTP. SGP.32 v1.2 §6.1 (HTTP), §6.3 (ASN.1 binding), §6.4 (JSON binding)."""

from __future__ import annotations

import gzip

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import EimUnderTest
from harness.conformance.servers.esipa import (
    EID_NOT_FOUND,
    NO_PACKAGE,
    OK,
    UNKNOWN_EID,
    acknowledged,
    get_eim_package,
    package_error,
    provide_result,
)
from harness.conformance.servers.server import BINDINGS, ESIPA_HEADERS, ESIPA_PATH, ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim.commands import list_profile_info

JSON_PATH = "/gsma/rsp2/esipa/getEimPackage"
JSON_HEADERS = {**dict(ESIPA_HEADERS), "Content-Type": "application/json;charset=UTF-8"}
MEBIBYTE = 1 << 20
SERVED, REFUSED, BROKEN = 200, 400, 500


@case(
    "EI-031",
    clause="SGP.32 v1.2 §6.1, §6.3, §6.4",
    confidence="likely",
    area="eim",
    needs=State(eims=1),
    catches=("answers-json-without-acknowledgements", "omits-response-headers"),
)
def test_both_bindings(esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps) -> None:
    """A poll, a package, its result and its acknowledgement go the same way in the ASN.1 binding and in the JSON binding."""
    for binding in BINDINGS:
        with step(
            f"{binding}: polls of an unknown and of a known device", expect="eidNotFound(2), none available(1)"
        ) as seen:
            replies = [esipa.told(get_eim_package(eid), binding).raw for eid in (UNKNOWN_EID, card.eid)]
            seen.observed(" ".join(reply.hex().upper() for reply in replies))
            assert replies == [package_error(EID_NOT_FOUND), package_error(NO_PACKAGE)]
        with step(f"{binding}: a queued package", expect="BF51, which a conforming card executes") as seen:
            transaction = eim.queue_package(card.eid, list_profile_info())
            answer = card.load_package(esipa.told(get_eim_package(card.eid), binding).get(0xBF51).raw)
            seen.observed(answer.raw)
            assert answer.is_result
            assert answer.transaction_id == transaction
        with step(f"{binding}: its result", expect=f"BF53 with {answer.sequence_number}, done") as seen:
            reply = esipa.told(provide_result(card.eid, answer.raw), binding)
            seen.observed(reply.raw)
            assert acknowledged(reply) == [answer.sequence_number]
            assert eim.operation(transaction).state == "done"
        with step(f"{binding}: look at the headers", expect="Content-Type and X-Admin-Protocol") as seen:
            headers = esipa.say(get_eim_package(card.eid), binding)
            seen.observed(f"{headers.header('Content-Type')}, {headers.header('X-Admin-Protocol')}")
            assert (headers.header("Content-Type") or "").startswith(CONTENT_TYPES[binding])
            assert (headers.header("X-Admin-Protocol") or "").startswith("gsma/rsp/v")


CONTENT_TYPES = dict(zip(BINDINGS, ("application/x-gsma-rsp-asn1", "application/json"), strict=True))


@case(
    "EI-032",
    clause="SGP.32 v1.2 §6.1",
    confidence="likely",
    area="eim",
    catches=("serves-any-request", "fails-at-strange-requests"),
)
def test_strange_requests(esipa: ServerUnderTest, step: CaseSteps) -> None:
    """A request of another type, path, method or header version is served or refused with a 4xx, never with a failure."""
    poll, right = get_eim_package(UNKNOWN_EID), dict(ESIPA_HEADERS)
    with step("a request as it should be", expect="BF4F03020102, eidNotFound") as seen:
        reply = esipa.send(poll)
        seen.observed(f"{reply.status} {reply.body.hex().upper()}")
        assert reply.status == OK
        assert reply.body == package_error(EID_NOT_FOUND)
    for name, method, path, headers, body in (
        ("the JSON type with an ASN.1 body", "POST", ESIPA_PATH, {**right, "Content-Type": "application/json"}, poll),
        ("no Content-Type", "POST", ESIPA_PATH, {"X-Admin-Protocol": "gsma/rsp/v2.1.0"}, poll),
        ("a path of no function", "POST", "/gsma/rsp2/esipa/getEverything", JSON_HEADERS, b"{}"),
        ("GET", "GET", ESIPA_PATH, right, b""),
        ("a body that is no ESipa message", "POST", ESIPA_PATH, right, b"\x30\x00"),
        ("a body that is no JSON", "POST", JSON_PATH, JSON_HEADERS, b"{"),
        ("JSON with a member twice", "POST", JSON_PATH, JSON_HEADERS, b'{"eidValue": "89", "eidValue": "89"}'),
    ):
        with step(name, expect="a 4xx without a word about the server's inside") as seen:
            reply = esipa.request(method, path, headers, body)
            seen.observed(f"{reply.status} {reply.body[:80]!r}")
            assert REFUSED <= reply.status < BROKEN
            assert b"Traceback" not in reply.body
    for name, change in (("no X-Admin-Protocol", None), ("a version of no release", "gsma/rsp/v99.0.0")):
        with step(name, expect="served, or a 4xx") as seen:
            headers = {key: value for key, value in right.items() if key != "X-Admin-Protocol"}
            reply = esipa.request("POST", ESIPA_PATH, headers | ({"X-Admin-Protocol": change} if change else {}), poll)
            seen.observed(f"{reply.status} {reply.body.hex().upper()}")
            assert SERVED <= reply.status < BROKEN


@case(
    "EI-033",
    clause="SGP.32 v1.2 §6.1",
    confidence="likely",
    area="eim",
    catches="fails-at-strange-requests",
)
def test_bodies_without_measure(esipa: ServerUnderTest, step: CaseSteps) -> None:
    """A body beyond all measure, compressed or nested without end, gets a 4xx, and the next poll its answer."""
    right = dict(ESIPA_HEADERS)
    for name, path, headers, body in (
        ("300,000 octets", ESIPA_PATH, right, get_eim_package(bytes(300_000))),
        ("a gzip body that unpacks to 16 MiB", ESIPA_PATH, {**right, "Content-Encoding": "gzip"}, _bomb()),
        ("100,000 JSON arrays within each other", JSON_PATH, JSON_HEADERS, b"[" * 100_000),
        ("TLVs within each other", ESIPA_PATH, right, _nested()),
    ):
        with step(name, expect="a 4xx, or the function's own error") as seen:
            reply = esipa.request("POST", path, headers, body)
            seen.observed(f"{reply.status} {reply.body[:40].hex().upper()}")
            assert reply.status < BROKEN
            assert reply.status >= REFUSED or len(reply.body) < len(body)
        with step("poll", expect="BF4F03020102, eidNotFound") as seen:
            reply = esipa.send(get_eim_package(UNKNOWN_EID))
            seen.observed(f"{reply.status} {reply.body.hex().upper()}")
            assert reply.status == OK
            assert reply.body == package_error(EID_NOT_FOUND)


def _bomb() -> bytes:
    return gzip.compress(bytes(16 * MEBIBYTE))


def _nested() -> bytes:
    body = b""
    while len(body) < 60_000:
        length = len(body).to_bytes(4, "big")
        body = b"\xbf\x4f\x84" + length + body
    return body
