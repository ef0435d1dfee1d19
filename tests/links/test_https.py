"""HTTPS links against each other and against openssl and curl."""

from __future__ import annotations

import asyncio
import errno
import random
import select
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.endpoints.https import HttpsEndpoint
from harness.endpoints.loop import LoopThread
from harness.errors import DeviceSilent, LabFault, MalformedAnswer
from harness.links.events import Direction, Exchange, Interface
from harness.links.http_messages import Delivery, Reply, Request
from harness.links.https_client import ConnectionLost, HttpsClient, TlsRefused
from harness.links.https_server import Handler, Limits
from harness.links.tls import BRAINPOOL_CURVE, ServerCertificate, TlsOptions, Trust
from tests.links.pki import HOST, Authority, certificates_of, openssl

URL = f"https://{HOST}/gsma/rsp2/asn1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("pki") / "good")


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> ServerCertificate:
    return authority.issue()


@pytest.fixture(scope="module")
def loop() -> Iterator[LoopThread]:
    with LoopThread() as thread:
        yield thread


Serve = Callable[..., HttpsEndpoint]


@pytest.fixture
def serve(loop: LoopThread, certificate: ServerCertificate) -> Iterator[Serve]:
    started: list[HttpsEndpoint] = []

    def start(handler: Handler = lambda request: Reply(body=request.body), **options: object) -> HttpsEndpoint:
        certificates = options.pop("certificates", (certificate,))
        endpoint = HttpsEndpoint(loop, handler, certificates, interface=Interface.ESIPA, **options)  # type: ignore[arg-type]
        endpoint.start()
        started.append(endpoint)
        return endpoint

    yield start
    for endpoint in started:
        endpoint.stop()


def client_of(endpoint: HttpsEndpoint, authority: Authority, **options: object) -> HttpsClient:
    trust = options.pop("trust", Trust(certificates_of(authority.pem)))
    return HttpsClient(trust, interface=Interface.ESIPA, addresses={HOST: endpoint.address}, **options)  # type: ignore[arg-type]


def plain_tls(endpoint: HttpsEndpoint, authority: Authority) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(authority.pem))
    return context.wrap_socket(socket.create_connection(endpoint.address, 10), server_hostname=HOST)


def everything(connection: ssl.SSLSocket) -> bytes:
    octets = b""
    while part := connection.recv(65536):
        octets += part
    return octets


def test_a_post_arrives_with_its_bytes_and_headers_and_is_told_on_both_sides(
    serve: Serve, authority: Authority
) -> None:
    seen: list[Request] = []
    server_told: list[Exchange] = []
    client_told: list[Exchange] = []

    def handler(request: Request) -> Reply:
        seen.append(request)
        return Reply(200, (("Content-Type", "application/x-gsma-rsp-asn1"),), b"\xbf\x4f\x00")

    endpoint = serve(handler, observers=[server_told.append])
    client = client_of(endpoint, authority, observers=[client_told.append])
    reply = client.post(
        URL, [("User-Agent", "gsma-rsp-ipad"), ("X-Admin-Protocol", "gsma/rsp/v2.1.0")], b"\xbf\x4f\x01"
    )

    assert (reply.status, reply.body, reply.header("content-type")) == (
        200, b"\xbf\x4f\x00", "application/x-gsma-rsp-asn1")  # fmt: skip
    assert (seen[0].method, seen[0].path, seen[0].body) == ("POST", "/gsma/rsp2/asn1", b"\xbf\x4f\x01")
    assert ("User-Agent", "gsma-rsp-ipad") in seen[0].headers
    assert seen[0].header("host") == HOST
    assert seen[0].tls.server_name == HOST
    assert seen[0].tls.version == "TLSv1.3"

    esipa = [(e.direction, e.octets) for e in server_told if e.interface is Interface.ESIPA]
    assert esipa == [(Direction.FROM_DEVICE, b"\xbf\x4f\x01"), (Direction.TO_DEVICE, b"\xbf\x4f\x00")]
    hello = next(e for e in server_told if e.interface is Interface.TLS)
    assert hello.note["sni"] == HOST
    assert "TLSv1.2" in hello.note["versions"]
    assert [(e.direction, e.octets) for e in client_told] == [
        (Direction.TO_DEVICE, b"\xbf\x4f\x01"), (Direction.FROM_DEVICE, b"\xbf\x4f\x00")]  # fmt: skip
    assert "X-Admin-Protocol: gsma/rsp/v2.1.0" in client_told[0].note["headers"]


def test_connections_are_kept_until_one_side_closes(serve: Serve, authority: Authority) -> None:
    connections: list[int] = []

    def handler(request: Request) -> Reply:
        connections.append(request.connection)
        return Reply(headers=(("Connection", "close"),) if len(connections) == 2 else ())

    client = client_of(serve(handler), authority)
    for _ in range(4):
        assert client.post(URL, (), b"x").status == 200
    assert connections == [1, 1, 2, 2]


def test_a_kept_connection_that_the_server_closed_is_replaced(serve: Serve, authority: Authority) -> None:
    connections: list[int] = []
    endpoint = serve(lambda r: connections.append(r.connection) or Reply(), limits=Limits(idle=0.05))
    client = client_of(endpoint, authority)
    client.post(URL, (), b"")
    kept = next(iter(client._kept.values()))
    assert select.select([kept.tls], [], [], 10)[0]
    client.post(URL, (), b"")
    assert connections == [1, 2]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_tls_versions(serve: Serve, authority: Authority, version: ssl.TLSVersion) -> None:
    client = client_of(serve(), authority, options=TlsOptions(version, version))
    assert client.post(URL, (), b"abc").body == b"abc"


def test_a_brainpool_certificate_is_picked_for_a_client_that_knows_only_brainpool(
    serve: Serve, certificate: ServerCertificate, tmp_path: Path
) -> None:
    brainpool = Authority.create(tmp_path / "brainpool", BRAINPOOL_CURVE)
    endpoint = serve(certificates=(certificate, brainpool.issue()))
    client = client_of(endpoint, brainpool, curve=BRAINPOOL_CURVE)
    reply = client.post(URL, (), b"abc")
    assert (reply.body, reply.tls.version) == (b"abc", "TLSv1.2")


def test_the_alert_of_an_untrusting_client_is_told(serve: Serve, authority: Authority, tmp_path: Path) -> None:
    told: list[Exchange] = []
    failed = threading.Event()

    def observe(exchange: Exchange) -> None:
        told.append(exchange)
        if exchange.note.get("event") == "tls-failed":
            failed.set()

    endpoint = serve(observers=[observe])
    other = Authority.create(tmp_path / "other")
    with pytest.raises(TlsRefused) as refusal:
        client_of(endpoint, other).post(URL, (), b"")
    assert refusal.value.reason == "certificate verify failed"
    assert failed.wait(10)
    assert "alert unknown ca" in told[-1].note["reason"]
    assert told[-1].octets[:1] == b"\x16"


def test_an_expired_certificate_and_a_wrong_name_are_refused(serve: Serve, authority: Authority) -> None:
    endpoint = serve(certificates=(authority.issue(expired=True),))
    with pytest.raises(TlsRefused, match="expired"):
        client_of(endpoint, authority).post(URL, (), b"")
    endpoint = serve(certificates=(authority.issue("other.harness.test"),))
    with pytest.raises(TlsRefused, match="Hostname mismatch"):
        client_of(endpoint, authority).post(URL, (), b"")


def test_a_pinned_key_is_enough_and_another_is_refused_before_any_byte(
    serve: Serve, authority: Authority, certificate: ServerCertificate
) -> None:
    seen: list[Request] = []
    endpoint = serve(lambda r: seen.append(r) or Reply())
    der = openssl("x509", "-inform", "DER", "-pubkey", "-noout", stdin=certificate.chain[0])
    key = openssl("pkey", "-pubin", "-outform", "DER", stdin=der)
    assert client_of(endpoint, authority, trust=Trust(pinned_keys=(key,))).post(URL, (), b"").status == 200
    other = replace(authority.issue("x.harness.test"))
    wrong = openssl(
        "pkey", "-pubin", "-outform", "DER",
        stdin=openssl("x509", "-inform", "DER", "-pubkey", "-noout", stdin=other.chain[0]),
    )  # fmt: skip
    with pytest.raises(TlsRefused, match="pinned"):
        client_of(endpoint, authority, trust=Trust(pinned_keys=(wrong,))).post(URL, (), b"EID")
    assert len(seen) == 1


def test_a_server_certificate_may_be_the_anchor_itself(
    serve: Serve, authority: Authority, certificate: ServerCertificate
) -> None:
    client = client_of(serve(), authority, trust=Trust(certificate.chain))
    assert client.post(URL, (), b"").status == 200


def test_openssl_sees_the_alert_for_a_version_we_do_not_serve(serve: Serve) -> None:
    endpoint = serve(options=TlsOptions(ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3))
    run = subprocess.run(
        ("openssl", "s_client", "-connect", f"127.0.0.1:{endpoint.port}", "-tls1_2"),
        input=b"", capture_output=True, timeout=20, check=False,
    )  # fmt: skip
    assert b"alert protocol version" in run.stderr + run.stdout


def test_openssl_s_client_speaks_with_us(serve: Serve, authority: Authority) -> None:
    endpoint = serve()
    request = f"POST /x HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    out = openssl(
        "s_client", "-connect", f"127.0.0.1:{endpoint.port}", "-servername", HOST, "-CAfile", str(authority.pem),
        "-verify_return_error", "-quiet", "-ign_eof", "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256",
        stdin=request.encode(),
    )  # fmt: skip
    assert out.startswith(b"HTTP/1.1 200 OK\r\n")
    assert out.endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize("size", [0, 1, 60_000, 900_000])
def test_curl_speaks_with_us(serve: Serve, authority: Authority, size: int, tmp_path: Path) -> None:
    endpoint = serve()
    (tmp_path / "body").write_bytes(bytes(size))
    run = subprocess.run(
        ("curl", "-sS", "--noproxy", "*", "--cacert", str(authority.pem), "--resolve", f"{HOST}:{endpoint.port}:127.0.0.1",
         "--data-binary", f"@{tmp_path / 'body'}", "-H", "Expect: 100-continue", "-o", str(tmp_path / "answer"),
         "-w", "%{http_code}", f"https://{HOST}:{endpoint.port}/x"),
        capture_output=True, timeout=20, check=True,
    )  # fmt: skip
    assert run.stdout == b"200"
    assert (tmp_path / "answer").read_bytes() == bytes(size)


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + bytes(5000), b"413"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + bytes(1024) + b"\r\n2\r\nxx\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", b"431"),
        (b"\x00" * 70_000, b"400"),
    ],
)  # fmt: skip
def test_malformed_and_oversized_requests_get_a_4xx(
    serve: Serve, authority: Authority, octets: bytes, status: bytes
) -> None:
    called: list[Request] = []
    endpoint = serve(lambda r: called.append(r) or Reply(), limits=Limits(body_octets=1024))
    connection = plain_tls(endpoint, authority)
    connection.sendall(octets)
    answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert not called
    assert client_of(endpoint, authority).post(URL, (), b"still alive").status == 200


def test_changed_requests_get_an_answer_or_a_close_and_never_a_fault(serve: Serve, authority: Authority) -> None:
    faults: list[BaseException] = []
    endpoint = serve(on_error=lambda fault, _: faults.append(fault), limits=Limits(request=0.05, idle=0.05))
    request = b"POST /gsma/rsp2/asn1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    chance = random.Random(32)
    for _ in range(200):
        changed = bytearray(request)
        changed[chance.randrange(len(changed))] = chance.randrange(256)
        connection = plain_tls(endpoint, authority)
        connection.sendall(changed)
        answer = everything(connection)
        assert answer[:9] in (b"HTTP/1.1 ", b"")
        connection.close()
    assert not faults
    assert client_of(endpoint, authority).post(URL, (), b"alive").body == b"alive"


def test_a_slow_body_is_given_up(serve: Serve, authority: Authority) -> None:
    endpoint = serve(limits=Limits(request=0.1))
    connection = plain_tls(endpoint, authority)
    connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    assert everything(connection).startswith(b"HTTP/1.1 408")


def test_a_peer_that_takes_no_answer_is_given_up(serve: Serve, authority: Authority) -> None:
    endpoint = serve(lambda r: Reply(body=bytes(16 << 20)), limits=Limits(reply=0.2))
    connection = plain_tls(endpoint, authority)
    connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    watch = select.poll()
    watch.register(connection, 0)  # nothing is read; only the reset is waited for
    assert watch.poll(10_000)
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET


def test_what_is_not_tls_is_told_and_closed(serve: Serve) -> None:
    told: list[Exchange] = []
    endpoint = serve(observers=[told.append], limits=Limits(handshake=0.2))
    with socket.create_connection(endpoint.address, 10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert connection.recv(100) == b""
    with socket.create_connection(endpoint.address, 10) as mute:
        assert mute.recv(100) == b""
    assert [e.note["reason"] for e in told] == [
        "not TLS: the record type is 71, not 22 (handshake)",
        "no handshake before the deadline",
    ]


def test_a_handler_that_raises_is_a_500_without_a_trace(serve: Serve, authority: Authority) -> None:
    faults: list[BaseException] = []

    def handler(request: Request) -> Reply:
        raise ValueError("secret")

    endpoint = serve(handler, on_error=lambda fault, request: faults.append(fault))
    reply = client_of(endpoint, authority).post(URL, (), b"")
    assert (reply.status, reply.body) == (500, b"")
    assert str(faults[0]) == "secret"


def test_a_handler_may_be_a_coroutine(serve: Serve, authority: Authority) -> None:
    async def handler(request: Request) -> Reply:
        await asyncio.sleep(0)
        return Reply(body=b"later")

    assert client_of(serve(handler, threaded=False), authority).post(URL, (), b"").body == b"later"


@pytest.mark.parametrize(
    ("delivery", "fault"),
    [
        (Delivery(truncate_at=0), ConnectionLost),
        (Delivery(truncate_at=20), ConnectionLost),
        (Delivery(truncate_at=60), ConnectionLost),
        (Delivery(reset=True), ConnectionLost),
        (Delivery(truncate_at=60, reset=True), ConnectionLost),
        (Delivery(delay=30), DeviceSilent),
        (Delivery(chunk=1, pause=0.05), DeviceSilent),
    ],
)
def test_answers_cut_short_or_late(serve: Serve, authority: Authority, delivery: Delivery, fault: type) -> None:
    told: list[Exchange] = []
    endpoint = serve(lambda r: Reply(body=bytes(100), delivery=delivery))
    client = client_of(endpoint, authority, deadline=0.5, observers=[told.append])
    begun = time.monotonic()
    with pytest.raises(fault):
        client.post(URL, (), b"")
    assert time.monotonic() - begun < 5
    assert told[-1].note["event"] == "exchange-failed"


def test_a_dripped_answer_arrives_whole(serve: Serve, authority: Authority) -> None:
    endpoint = serve(lambda r: Reply(body=b"0123456789" * 10, delivery=Delivery(chunk=7, pause=0.001)))
    assert client_of(endpoint, authority).post(URL, (), b"").body == b"0123456789" * 10


def test_204_has_no_body(serve: Serve, authority: Authority) -> None:
    reply = client_of(serve(lambda r: Reply(204)), authority).post(URL, (), b"x")
    assert (reply.status, reply.body, reply.header("content-length")) == (204, b"", None)


def test_nobody_listening_is_the_labs_fault(serve: Serve, authority: Authority) -> None:
    endpoint = serve()
    client = client_of(endpoint, authority)
    endpoint.stop()
    with pytest.raises(LabFault):
        client.post(URL, (), b"")


def test_an_answer_that_is_no_http_is_malformed(authority: Authority, certificate: ServerCertificate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        context = certificate.context(TlsOptions())

        def answer() -> None:
            with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
                connection.recv(65536)
                connection.sendall(b"SIP/2.0 200 OK\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        client = HttpsClient(
            Trust(certificates_of(authority.pem)),
            interface=Interface.ESIPA, addresses={HOST: ("127.0.0.1", listener.getsockname()[1])},
        )  # fmt: skip
        with pytest.raises(MalformedAnswer):
            client.post(URL, (), b"")
        thread.join(10)


def test_connections_beyond_the_bound_are_reset(serve: Serve, authority: Authority) -> None:
    endpoint = serve(limits=Limits(connections=1))
    first = plain_tls(endpoint, authority)
    with pytest.raises(ConnectionResetError), socket.create_connection(endpoint.address, 10) as second:
        second.recv(1)
    first.close()
