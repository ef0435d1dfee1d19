"""Reading ClientHellos: real ones from openssl, cut ones, and anything at all."""

from __future__ import annotations

import random
import ssl
from contextlib import suppress

import pytest

from harness.links.client_hello import NotAClientHello, read_client_hello


def hello_of(context: ssl.SSLContext, name: str | None) -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


@pytest.fixture(scope="module")
def octets() -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    context.set_ecdh_curve("prime256v1")
    return hello_of(context, "eim.harness.test")


def test_the_facts_of_a_hello(octets: bytes) -> None:
    hello = read_client_hello(octets)
    assert hello is not None
    assert hello.octets == octets
    assert hello.server_name == "eim.harness.test"
    assert hello.versions == (0x0304, 0x0303)
    assert {0x1301, 0xC02B} <= set(hello.suites)  # TLS_AES_128_GCM_SHA256, ECDHE-ECDSA-AES128-GCM-SHA256
    assert hello.groups == (23,)
    assert 0x0403 in hello.signatures  # ecdsa_secp256r1_sha256
    assert hello.protocols == ("http/1.1",)
    assert hello.note()["versions"] == "TLSv1.3 TLSv1.2"


def test_a_tls_1_2_client_lists_its_versions_by_the_legacy_field() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    hello = read_client_hello(hello_of(context, None))
    assert hello is not None
    assert hello.versions[0] == 0x0303
    assert hello.server_name is None


def test_every_beginning_needs_more(octets: bytes) -> None:
    assert all(read_client_hello(octets[:length]) is None for length in range(len(octets)))


def test_a_hello_in_many_records_is_one_hello(octets: bytes) -> None:
    body = octets[5:]
    parts = [body[at : at + 7] for at in range(0, len(body), 7)]
    split = b"".join(octets[:3] + len(part).to_bytes(2, "big") + part for part in parts)
    hello = read_client_hello(split + b"rest")
    assert hello is not None
    assert hello.server_name == "eim.harness.test"
    assert hello.octets == split


@pytest.mark.parametrize(
    "octets", [b"GET / HTTP/1.1", b"\x15\x03\x01\x00\x02\x02\x28", b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
               b"\x16\x03\x01\x00\x00", b"\x16\x02\x00\x00\x05", b"\x16\x03\x01\x00\x04\x01\xff\xff\xff"],
)  # fmt: skip
def test_what_is_no_hello_is_refused_at_once(octets: bytes) -> None:
    with pytest.raises(NotAClientHello):
        read_client_hello(octets)


def test_changed_and_random_octets_never_do_anything_else(octets: bytes) -> None:
    chance = random.Random(32)
    for _ in range(5000):
        changed = bytearray(octets)
        for _ in range(chance.randrange(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        with suppress(NotAClientHello):
            read_client_hello(bytes(changed))
