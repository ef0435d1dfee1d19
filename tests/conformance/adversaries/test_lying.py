"""Answers that are changed on their way, in either binding."""

from __future__ import annotations

import base64
import json

from harness.conformance.adversaries.lying import (
    GET_PACKAGE,
    Answers,
    answered,
    cut,
    member,
    mentions,
    status,
    without_header,
)
from harness.links.http_messages import Reply, Request, TlsFacts

ASN1, JSON = "/gsma/rsp2/asn1", "/gsma/rsp2/esipa/getEimPackage"
POLL = bytes.fromhex("BF4F02 5A00")
HONEST = Reply(200, (("X-Admin-Protocol", "gsma/rsp/v2.1.0"),), b"honest")


def request(path: str, body: bytes) -> Request:
    return Request("POST", path, (), body, TlsFacts("TLSv1.2", "", None), 1)


def answers() -> Answers:
    return Answers(lambda _: HONEST)


def test_a_change_is_for_one_function_and_so_many_times() -> None:
    server = answers()
    server.change(GET_PACKAGE, cut, times=2)
    assert server(request(ASN1, bytes.fromhex("BF5000"))) is HONEST
    assert [server(request(path, POLL)).body for path in (ASN1, JSON, ASN1)] == [b"hones", b"hones", b"honest"]
    server.change(GET_PACKAGE, status(503, retry_after="5"), times=None)
    assert [server(request(ASN1, POLL)).status for _ in range(3)] == [503] * 3
    server.be_honest()
    assert server(request(ASN1, POLL)) is HONEST


def test_a_message_is_answered_in_the_binding_of_the_request() -> None:
    server = answers()
    server.change(GET_PACKAGE, answered(bytes.fromhex("BF4F03020102")), times=None)
    assert server(request(ASN1, POLL)).body == bytes.fromhex("BF4F03020102")
    assert json.loads(server(request(JSON, b"{}")).body)["eimPackageError"] == 2


def test_a_request_is_picked_by_what_it_mentions() -> None:
    server = answers()
    server.change("handleNotification", status(403), times=None, wanted=mentions(b"\xbf\x37"))
    body = json.dumps({"pendingNotification": base64.b64encode(b"\xbf\x37\x00").decode()}).encode()
    assert server(request("/gsma/rsp2/es9plus/handleNotification", body)).status == 403
    assert server(request("/gsma/rsp2/es9plus/handleNotification", b"{}")) is HONEST


def test_headers_and_members() -> None:
    assert without_header("x-admin-protocol")(request(ASN1, b""), HONEST).headers == ()
    document = Reply(200, (), b'{"a": 1, "b": 2}')
    assert json.loads(member("a", lambda value: value + 1)(request(JSON, b""), document).body) == {"a": 2, "b": 2}
