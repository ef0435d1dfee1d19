"""Requests out of octets: the same however they are cut, and nothing beyond the bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.links.http_connection import encoded
from harness.links.http_messages import Reply
from harness.links.http_parser import Message, Refused, RequestParser

WIRE = (
    b"POST /gsma/rsp2/asn1?x=1 HTTP/1.1\r\nHost: eim.example\r\nX-Twice: a\r\nx-twice: b\r\nContent-Length: 5\r\n\r\n12345"
    b"POST /b HTTP/1.1\r\nHost: eim.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    b"GET /c HTTP/1.0\r\n\r\n"
)


def parsed(octets: bytes, cuts: list[int]) -> list[Message]:
    parser = RequestParser(4096, 4096)
    found: list[Message] = []
    begin = 0
    for end in [*sorted(cuts), len(octets)]:
        if end > begin:
            parser.feed(octets[begin:end])
            begin = end
        while (message := parser.take()) is not None:
            found.append(message)
    return found


@given(st.lists(st.integers(0, len(WIRE)), max_size=12))
def test_requests_are_the_same_however_they_are_cut(cuts: list[int]) -> None:
    first, second, third = parsed(WIRE, cuts)
    assert first.target == "/gsma/rsp2/asn1?x=1"
    assert first.headers[1:3] == (("X-Twice", "a"), ("x-twice", "b"))
    assert (first.body, first.keeps_alive) == (b"12345", True)
    assert (second.body, third.method, third.keeps_alive) == (b"abc", "GET", False)


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4097\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1001\r\n" + bytes(4097), 413),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 5000, 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 5000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", 400),
        (b"\x16\x03\x01\x00\x05hello", 400),
    ],
)  # fmt: skip
def test_what_breaks_grammar_or_bounds_is_refused(octets: bytes, status: int) -> None:
    for cuts in ([], list(range(7, len(octets), 7))):
        with pytest.raises(Refused) as refusal:
            parsed(octets, cuts)
        assert refusal.value.status == status


def test_a_peer_that_asks_before_its_body_is_told_to_go_on_once() -> None:
    parser = RequestParser(4096, 4096)
    parser.feed(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert parser.waits_for_continue
    assert not parser.waits_for_continue
    parser.feed(b"ok")
    message = parser.take()
    assert message is not None
    assert message.body == b"ok"


def test_answers_are_framed() -> None:
    assert encoded(Reply(204), keeps_alive=True) == b"HTTP/1.1 204 No Content\r\n\r\n"
    assert encoded(Reply(200, (), b"ab"), keeps_alive=False) == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab"
    )
    chunked = encoded(Reply(200, (("Transfer-Encoding", "chunked"),), b"ab"), keeps_alive=True)
    assert chunked.endswith(b"\r\n\r\n2\r\nab\r\n0\r\n\r\n")
    with pytest.raises(ValueError, match="line break"):
        encoded(Reply(200, (("X", "a\r\nSet-Cookie: b"),)), keeps_alive=True)
