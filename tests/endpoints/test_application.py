"""The application server: plain sockets of this host are the device."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from harness.endpoints.application import ApplicationServer
from harness.endpoints.loop import LoopThread
from harness.errors import LabFault


@pytest.fixture
def server() -> Iterator[ApplicationServer]:
    with LoopThread() as loop:
        server = ApplicationServer(loop)
        server.start()
        yield server
        server.stop()


def test_what_is_sent_over_tcp_comes_back_and_is_counted(server: ApplicationServer) -> None:
    with socket.create_connection(server.address, timeout=5) as client:
        client.sendall(b"there and back")
        assert client.recv(100) == b"there and back"
    assert server.was_connected_to(0, within=5)
    assert server.seen == (1, 14)


def test_what_is_sent_over_udp_comes_back_and_is_no_connection(server: ApplicationServer) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.connect(server.address)
        client.send(b"datagram")
        assert client.recv(100) == b"datagram"
    assert server.seen == (0, 8)
    assert not server.was_connected_to(0, within=0)


def test_a_port_that_is_taken_is_a_lab_fault(server: ApplicationServer) -> None:
    with LoopThread() as loop, pytest.raises(LabFault, match="cannot listen on 127") as raised:
        ApplicationServer(loop).start(*server.address)
    assert "app_port" in raised.value.hint
