"""The port that all servers share: who is meant is told by the name in the ClientHello."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.crypto.pki import TestPki
from harness.endpoints.front import Arrival, Front, Registration
from harness.endpoints.https import HttpsEndpoint
from harness.endpoints.loop import LoopThread
from harness.errors import LabFault
from harness.links.events import Interface
from harness.links.http_messages import Reply, Request
from harness.links.https_client import HttpsClient
from harness.links.tls import Trust, pem
from tests.endpoints.module_bench import EIM, certificate, pki

DEADLINE = 10.0


class Arrivals:
    """What the front tells, waited for."""

    def __init__(self) -> None:
        self.seen: list[Arrival] = []
        self._came = threading.Condition()

    def __call__(self, arrival: Arrival) -> None:
        with self._came:
            self.seen.append(arrival)
            self._came.notify_all()

    def wait_for(self, found: Callable[[Arrival], bool]) -> Arrival:
        with self._came:
            assert self._came.wait_for(lambda: any(map(found, self.seen)), DEADLINE), self.seen
        return next(filter(found, self.seen))


@pytest.fixture(scope="module")
def keys() -> TestPki:
    return pki()


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as thread:
        yield thread


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals()


@pytest.fixture
def front(loop: LoopThread, tmp_path: Path, arrivals: Arrivals) -> Iterator[Front]:
    front = Front(loop, tmp_path / "registry", arrivals)
    front.start("127.0.0.1", 0)
    yield front
    front.stop()


@pytest.fixture
def server(loop: LoopThread, keys: TestPki) -> Iterator[HttpsEndpoint]:
    def answer(request: Request) -> Reply:
        return Reply(200, (), f"{request.tls.server_name} heard {len(request.body)}".encode())

    endpoint = HttpsEndpoint(loop, answer, [certificate(keys.trust("nist").eim_tls)], interface=Interface.ESIPA)
    endpoint.start()
    yield endpoint
    endpoint.stop()


def client(front: Front, keys: TestPki, name: str = EIM) -> HttpsClient:
    trust = Trust((keys.trust("nist").ci.certificate,))
    return HttpsClient(trust, interface=Interface.ESIPA, addresses={name: ("127.0.0.1", front.port)}, deadline=DEADLINE)


def test_a_connection_reaches_the_server_of_its_name(
    front: Front, server: HttpsEndpoint, keys: TestPki, arrivals: Arrivals
) -> None:
    registration = Registration(front.registry, {EIM: server.port})
    assert registration.port == front.port
    big = bytes(200_000)
    reply = client(front, keys).post(f"https://{EIM}/x", [], big)
    assert reply.body == f"{EIM} heard {len(big)}".encode()
    assert arrivals.wait_for(lambda one: one.name == EIM).trouble == ""
    registration.close()


def test_openssl_is_let_through_by_name_and_refused_without(
    front: Front, server: HttpsEndpoint, keys: TestPki, arrivals: Arrivals, tmp_path: Path
) -> None:
    root = tmp_path / "ci.pem"
    root.write_bytes(pem(keys.trust("nist").ci.certificate))
    registration = Registration(front.registry, {EIM: server.port})

    def openssl(*more: str) -> subprocess.CompletedProcess[str]:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{front.port}", "-CAfile", str(root), *more]
        return subprocess.run(command, input="", capture_output=True, text=True, timeout=DEADLINE)

    assert "Verify return code: 0 (ok)" in openssl("-servername", EIM).stdout
    stranger = openssl("-servername", "stranger.example")
    assert "unrecognized name" in stranger.stderr
    assert (
        arrivals.wait_for(lambda one: one.name == "stranger.example").trouble
        == "nobody here is called stranger.example"
    )
    assert "unrecognized name" in openssl("-noservername").stderr
    assert arrivals.wait_for(lambda one: "no SNI" in one.trouble).name == ""
    registration.close()


def test_names_are_gone_with_their_slot(front: Front, keys: TestPki, server: HttpsEndpoint) -> None:
    registration = Registration(front.registry, {EIM: server.port})
    with pytest.raises(LabFault, match=EIM):
        Registration(front.registry, {EIM: 1, "other.example": 2})
    registration.close()
    until = time.monotonic() + 5
    while True:  # the front hears of the closed connection when its loop comes to it
        try:
            again = Registration(front.registry, {EIM: server.port})
            break
        except LabFault:
            assert time.monotonic() < until
            front._loop.run(_turn())
    assert client(front, keys).post(f"https://{EIM}/x", [], b"1").status == 200
    again.close()


async def _turn() -> None:
    """One turn of the loop."""


def test_what_is_no_tls_is_told_and_ended(front: Front, arrivals: Arrivals) -> None:
    with socket.create_connection(("127.0.0.1", front.port), timeout=DEADLINE) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert plain.makefile("rb").read() == bytes.fromhex("15030300020270")
    assert "no TLS" in arrivals.wait_for(lambda one: bool(one.trouble)).trouble


def test_a_server_that_is_gone_ends_the_connection(front: Front, keys: TestPki, server: HttpsEndpoint) -> None:
    registration = Registration(front.registry, {EIM: server.port})
    server.stop()
    with pytest.raises(Exception, match=r"TLS|closed|reset|EOF"):
        client(front, keys).post(f"https://{EIM}/x", [], b"")
    registration.close()


def test_a_port_that_is_taken_is_a_lab_fault(front: Front, loop: LoopThread, tmp_path: Path) -> None:
    with pytest.raises(LabFault, match=str(front.port)) as caught:
        Front(loop, tmp_path / "second", lambda arrival: None).start("127.0.0.1", front.port)
    assert "another server" in caught.value.hint


def test_without_a_front_there_is_no_registration(tmp_path: Path) -> None:
    with pytest.raises(LabFault, match="not served"):
        Registration(tmp_path / "nothing", {EIM: 1})
