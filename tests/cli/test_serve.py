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
from typing import Any

import pytest

Serve = Callable[..., list[str]]
HEADER = {"functionRequesterIdentifier": "2.999.10", "functionCallIdentifier": "1"}
EID_NOT_FOUND = bytes.fromhex("BF4F03020102")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts one and returns the lines that it printed; checks that Ctrl-C ends it without complaint."""
    started: list[subprocess.Popen[str]] = []

    def start(what: str, *options: str) -> list[str]:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "harness.cli", "serve", what, *options],
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
    about, *_, trust = serve("eim")
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
    codes = dict(line.split(": ", 1) for line in lines if "1$" in line)
    assert {"bootstrap", "operational-a", "operational-b", "test"} <= set(codes)
    assert all(code.startswith("1$smdp.harness.test$") for code in codes.values())


class Curl:
    """Posts JSON with curl to a server that `serve` started."""

    def __init__(self, lines: list[str]) -> None:
        about, trust = lines[0], lines[-1]
        self.place = about.rpartition("https://")[2].replace("127.0.0.1", "localhost")
        self.trust = trust.partition(": ")[2]

    def done(self, path: str, fields: dict[str, object]) -> subprocess.CompletedProcess[bytes]:
        command = ["curl", "--silent", "--show-error", "--fail", "--max-time", "20", "--cacert", self.trust]
        command += ["--json", json.dumps({"header": HEADER, **fields}), f"https://{self.place}/gsma/rsp2/{path}"]
        return subprocess.run(command, capture_output=True, timeout=30, check=False)

    def post(self, path: str, **fields: object) -> dict[str, Any]:
        """The fields of the answer, with its status, or the reason code of a failure, as `status`."""
        done = self.done(path, fields)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        told = answer["header"]["functionExecutionStatus"]
        return {**answer, "status": told.get("statusCodeData", {}).get("reasonCode") or told["status"]}


EID = "89049032123451234512345678901235"


def test_curl_registers_an_event_at_the_sm_ds(serve: Serve) -> None:
    curl = Curl(serve("smds"))
    event = {"eid": EID, "rspServerAddress": "smdp.example.com", "eventId": "EVENT-1"}
    functions = ("registerEvent", "registerEvent", "deleteEvent", "deleteEvent")
    statuses = [curl.post(f"es12/{function}", **event)["status"] for function in functions]
    assert statuses == ["Executed-Success", "3.3", "Executed-Success", "3.9"]


def test_an_operator_with_curl_has_an_sm_ds_tell_the_euicc(serve: Serve) -> None:
    smds = Curl(serve("smds"))
    smdp = Curl(serve("smdp", "--inject", "drop:releaseProfile"))
    iccid = smdp.post("es2plus/downloadOrder", profileType="operational-a", eid=EID)["iccid"]
    confirmed = smdp.post(
        "es2plus/confirmOrder", iccid=iccid, eid=EID, matchingId="BY-CURL", smdsAddress=smds.place, releaseFlag=False
    )
    assert (confirmed["status"], confirmed["matchingId"]) == ("Executed-Success", "BY-CURL")
    known = {"eid": EID, "eventId": "BY-CURL"}
    assert smds.post("es12/deleteEvent", **known)["status"] == "3.9"
    assert smdp.done("es2plus/releaseProfile", {"iccid": iccid}).returncode != 0, "the answer is dropped on purpose"
    assert smds.post("es12/registerEvent", **known, rspServerAddress="x")["status"] == "3.3", "but it was executed"
    cancelled = smdp.post("es2plus/cancelOrder", iccid=iccid, eid=EID, finalProfileStatusIndicator="Available")
    assert cancelled["status"] == "Executed-Success"
    assert smds.post("es12/deleteEvent", **known)["status"] == "3.9", "the SM-DP+ deleted it"


def test_the_module_answers_at_its_port(serve: Serve) -> None:
    (line,) = serve("module")
    port = os.open(Path(line.rpartition(" at ")[2]), os.O_RDWR | os.O_NOCTTY)
    os.write(port, b"AT\r")
    heard = b""
    while b"OK\r\n" not in heard and select.select([port], [], [], 10)[0]:
        heard += os.read(port, 4096)
    os.close(port)
    assert heard.endswith(b"OK\r\n")


EID = "89049032123451234512345678900071"


def rest_of(lines: list[str]) -> tuple[str, str]:
    """The address of the REST interface and its token, from what was printed."""
    about = next(line for line in lines if line.startswith("REST: "))
    return about.split()[1].rstrip(","), Path(about.rpartition("token: ")[2]).read_text().strip()


def curl(rest: tuple[str, str], method: str, path: str, body: object = None) -> Any:
    """One call by curl; the decoded answer."""
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "20", "--request", method]
    command += ["--header", f"Authorization: Bearer {rest[1]}", f"{rest[0]}{path}"]
    command += [] if body is None else ["--json", json.dumps(body)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_what_the_eim_accepted_survives_kill_9(serve: Serve, tmp_path: Path) -> None:
    options = ("--database", str(tmp_path / "eim.sqlite"))
    first = subprocess.Popen(
        [sys.executable, "-u", "-m", "harness.cli", "serve", "eim", *options], stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    lines: list[str] = []
    while not (lines and lines[-1].startswith("Ctrl-C")):
        lines.append(first.stdout.readline().strip())
    rest = rest_of(lines)
    curl(rest, "PUT", f"/devices/{EID}", {"counter": 41})
    order = {"kind": "package", "commands": [{"command": "getRAT"}]}
    numbers = [curl(rest, "POST", f"/devices/{EID}/operations", order)["number"] for _ in range(3)]
    first.kill()
    first.wait(20)
    again = rest_of(serve("eim", *options))
    assert curl(again, "GET", f"/devices/{EID}")["counter"] == 41
    assert [one["number"] for one in curl(again, "GET", f"/devices/{EID}/operations")] == numbers


def test_two_eims_do_not_share_a_database(serve: Serve, tmp_path: Path) -> None:
    options = ("--database", str(tmp_path / "eim.sqlite"))
    serve("eim", *options)
    second = subprocess.run(
        [sys.executable, "-m", "harness.cli", "serve", "eim", *options], capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 3
    assert "another process serves from it" in second.stderr


def test_a_script_orders_a_profile(serve: Serve) -> None:
    rest = rest_of(serve("smdp"))
    order = curl(rest, "POST", "/orders", {"profile": "operational-a"})
    assert curl(rest, "GET", f"/orders/{order['number']}")["activation_code"] == order["activation_code"]


def test_a_background_job_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    for asked in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(
            ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-u", "-m", "harness.cli", "serve", "smds"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        assert any(line.startswith("Ctrl-C") for line in process.stdout)
        process.send_signal(asked)
        assert process.wait(20) == 130
