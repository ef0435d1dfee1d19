"""The operator's side of an eIM: what goes wrong on the way is the lab's, a refusal is a refusal, and all of it is told."""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.errors import LabFault
from harness.lab.queueing.opening import operator_side
from harness.lab.queueing.side import MOST_OCTETS, OperatorSide, Refused
from harness.lab.queueing.wiring import ByProgram, ByRest
from harness.links.events import Direction, Exchange, Interface, Observers


def by_program(folder: Path, text: str, told: list[Exchange] | None = None, deadline: int = 10) -> OperatorSide:
    words = sys.executable, "-ISc", text
    return operator_side(ByProgram(words, folder, deadline), Observers([[].append if told is None else told.append]))


def test_a_program_hears_one_document_and_answers_one(tmp_path: Path) -> None:
    told: list[Exchange] = []
    echo = "import json, os, sys; print(json.dumps([json.load(sys.stdin), os.getcwd()]))"
    asked = {"operation": "queue", "eid": "89", "order": {"kind": "data"}}
    assert by_program(tmp_path, echo, told).ask("queue", eid="89", order={"kind": "data"}) == [asked, str(tmp_path)]
    assert [one.interface for one in told] == [Interface.OPERATOR] * 2
    assert json.loads(told[0].octets) == asked
    assert (told[1].direction, told[1].note["operation"]) == (Direction.FROM_DEVICE, "queue")


def test_a_program_refuses_with_a_reason(tmp_path: Path) -> None:
    side = by_program(tmp_path, """print('{"refused": "no such command here"}')""")
    with pytest.raises(Refused, match="refuses 'queue': no such command here"):
        side.ask("queue")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("import sys; sys.exit('no way in')", "ended with 1: no way in"),
        ("import sys; sys.exit('x' * 600_000)", "ended with 1: x{500}$"),
        ("print('hello')", "'hello\\\\n', which is no JSON document"),
        ("print('7')", "answers 'eim' with 7, no object"),
        ("print('[' * 100_000)", "which is no JSON document"),
        (f"print('a' * {MOST_OCTETS + 1})", "writes more than"),
        ("import sys; sys.stdin.close(); print('{')", "which is no JSON document"),
    ],
)
def test_what_a_program_does_wrong_is_the_labs(tmp_path: Path, text: str, complaint: str) -> None:
    told: list[Exchange] = []
    with pytest.raises(LabFault, match=complaint):
        by_program(tmp_path, text, told).ask("eim", filling="x" * 200_000)
    assert len(told) == 2


def test_a_program_that_never_ends_is_killed_with_its_children(tmp_path: Path) -> None:
    text = "import os, signal; child = os.fork(); child and open('pid', 'w').write(str(child)); signal.pause()"
    with pytest.raises(LabFault, match="did not end within 3 s"):
        by_program(tmp_path, text, deadline=3).ask("eim")
    assert has_ended(int((tmp_path / "pid").read_text()))


def has_ended(process: int) -> bool:
    """Whether that process, which is nobody's child here, is gone or goes within ten seconds."""
    try:
        watched = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], 10)[0])
    finally:
        os.close(watched)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    side = operator_side(ByProgram(("./queue.sh",), tmp_path), Observers())
    with pytest.raises(LabFault, match=r"'./queue.sh' cannot be started: No such file"):
        side.ask("eim")


class _Answers(BaseHTTPRequestHandler):
    seen: list[tuple[str, str, str, bytes]]
    answer: tuple[int, bytes]

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((self.command, self.path, self.headers["Authorization"], body))
        status, octets = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    do_GET = do_PUT = do_POST = do_DELETE = _any

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is said."""


@contextmanager
def server(status: int, octets: bytes) -> Iterator[tuple[str, list[tuple[str, str, str, bytes]]]]:
    seen: list[tuple[str, str, str, bytes]] = []
    handler = type("Handler", (_Answers,), {"seen": seen, "answer": (status, octets)})
    with HTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/v1", seen
        http.shutdown()
        thread.join(10)


def by_rest(url: str, folder: Path, told: list[Exchange] | None = None, deadline: int = 10) -> OperatorSide:
    (folder / "token").write_text("s3cret\n")
    observers = Observers([[].append if told is None else told.append])
    return operator_side(ByRest(url, folder / "token", deadline=deadline), observers)


def test_an_operation_is_a_call_of_our_rest_interface(tmp_path: Path) -> None:
    told: list[Exchange] = []
    with server(201, b'{"number": "0A"}') as (url, seen):
        side = by_rest(url, tmp_path, told)
        assert side.ask("queue", eid="89", order={"kind": "data"}) == {"number": "0A"}
        side.ask("operation", number="0A")
        side.close()
    assert seen == [
        ("POST", "/v1/devices/89/operations", "Bearer s3cret", b'{"kind": "data"}'),
        ("GET", "/v1/operations/0A", "Bearer s3cret", b""),
    ]
    assert not any(b"s3cret" in one.octets or "s3cret" in str(one.note) for one in told)


@pytest.mark.parametrize(
    ("status", "octets", "kind", "complaint"),
    [
        (204, b"", None, ""),
        (404, b'{"detail": "nothing is known"}', Refused, "refuses 'forget': nothing is known"),
        (422, b'{"detail": [{"loc": "eid"}]}', Refused, "loc"),
        (401, b"", LabFault, "does not take the token"),
        (503, b'{"detail": "disk full"}', LabFault, "HTTP status 503: disk full"),
        (302, b"", LabFault, "HTTP status 302"),
        (200, b"<html>", LabFault, "which is no JSON document"),
        (200, b" " * (MOST_OCTETS + 1), LabFault, "more than"),
    ],
)
def test_what_an_interface_answers(
    tmp_path: Path, status: int, octets: bytes, kind: type[Exception] | None, complaint: str
) -> None:
    with server(status, octets) as (url, _):
        side = by_rest(url, tmp_path)
        if kind is None:
            assert side.ask("forget", eid="89") == {}
        else:
            with pytest.raises(kind, match=complaint):
                side.ask("forget", eid="89")
        side.close()


def test_an_interface_that_says_nothing_is_cut_off(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        side = by_rest(f"http://127.0.0.1:{silent.getsockname()[1]}/v1", tmp_path, deadline=1)
        with pytest.raises(LabFault, match="gave no answer within 1 s"):
            side.ask("eim")
        side.close()
    with pytest.raises(LabFault, match="cannot be asked"):
        side.ask("eim")


def test_a_token_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LabFault, match="cannot be read"):
        operator_side(ByRest("https://a/v1", tmp_path / "gone"), Observers())
    monkeypatch.delenv("EIM_TOKEN", raising=False)
    with pytest.raises(LabFault, match="EIM_TOKEN holds no token"):
        operator_side(ByRest("https://a/v1", token_variable="EIM_TOKEN"), Observers())
