"""`sgp32 serve`: a role or a device alone, reached by something that is not the harness, gone with Ctrl-C."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Serve = Callable[[str], list[str]]
EID_NOT_FOUND = bytes.fromhex("BF4F03020102")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts one and returns the lines that it printed; checks that Ctrl-C ends it without complaint."""
    started: list[subprocess.Popen[str]] = []

    def start(what: str) -> list[str]:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "harness.cli", "serve", what],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            if line.startswith("Ctrl-C"):
                return lines
            lines.append(line.strip())
        raise AssertionError(process.stderr.read() if process.stderr else "")

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGINT)
        _, complaint = process.communicate(timeout=20)
        assert complaint.strip() == "interrupted"


def test_the_eim_answers_a_stranger_over_tls(serve: Serve) -> None:
    about, trust = serve("eim")
    place, _, path = about.rpartition("https://")[2].partition("/")
    context = ssl.create_default_context(cafile=trust.partition(": ")[2])
    host, _, port = place.partition(":")
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)
    headers = {"Content-Type": "application/x-gsma-rsp-asn1", "X-Admin-Protocol": "gsma/rsp/v2.1.0"}
    connection.request("POST", f"/{path}", bytes.fromhex("BF4F125A10") + bytes(16), headers)
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, EID_NOT_FOUND)
    connection.close()


def test_the_smdp_offers_every_profile(serve: Serve) -> None:
    lines = serve("smdp")
    codes = dict(line.split(": ", 1) for line in lines if "$" in line)
    assert {"bootstrap", "operational-a", "operational-b", "test"} <= set(codes)
    assert all(code.startswith("1$smdp.harness.test$") for code in codes.values())


def test_curl_registers_an_event_at_the_sm_ds(serve: Serve) -> None:
    about, trust = serve("smds")
    place = about.rpartition("https://")[2].replace("127.0.0.1", "localhost")
    curl = ["curl", "--silent", "--show-error", "--fail", "--max-time", "20", "--cacert", trust.partition(": ")[2]]
    event = {
        "header": {"functionRequesterIdentifier": "2.999.10", "functionCallIdentifier": "1"},
        "eid": "89049032123451234512345678901235",
        "rspServerAddress": "smdp.example.com",
        "eventId": "EVENT-1",
    }
    statuses = []
    for function in ("registerEvent", "registerEvent", "deleteEvent", "deleteEvent"):
        done = subprocess.run(
            [*curl, "--json", json.dumps(event), f"https://{place}/gsma/rsp2/es12/{function}"],
            capture_output=True,
            timeout=30,
            check=True,
        )
        told = json.loads(done.stdout)["header"]["functionExecutionStatus"]
        statuses.append(told.get("statusCodeData", {}).get("reasonCode") or told["status"])
    assert statuses == ["Executed-Success", "3.3", "Executed-Success", "3.9"]


def test_the_module_answers_at_its_port(serve: Serve) -> None:
    (line,) = serve("module")
    port = os.open(Path(line.rpartition(" at ")[2]), os.O_RDWR | os.O_NOCTTY)
    os.write(port, b"AT\r")
    heard = b""
    while b"OK\r\n" not in heard and select.select([port], [], [], 10)[0]:
        heard += os.read(port, 4096)
    os.close(port)
    assert heard.endswith(b"OK\r\n")
