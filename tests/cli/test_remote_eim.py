"""An eIM of somebody else in a lab file, by its address: without its queue only what polls it is judged, with it the most.

What cannot be done from outside of it says so.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from harness import resources
from tests.cli.conftest import Sgp32
from tests.cli.test_serve import Serve, serve

__all__ = ["serve"]

POLLS_ONLY = {"EI-001", "EI-002", "EI-032", "EI-033"}


REASONS = {
    "this eIM cannot be made to reach our SM-DP+": 11,
    "there is no way to start this eIM anew": 1,
    "this eIM has no second identity that the lab knows of": 1,
    "the lab's protocol has no operation for packages that an eIM brings to a device by itself": 1,
    "the lab's protocol has no operation that changes the key of an eIM": 1,
}
"""Why cases about eIMs are not run at one of somebody else that has our REST interface, and how many."""
PASSING = 27


def lab_file(folder: Path, address: str, ca: str) -> Path:
    file = folder / "lab.yaml"
    device = f"{{address: '{address}', ca: {ca}}}"
    file.write_text(
        f"lab: theirs\nstate: null\nslots:\n  their-eim: {{kind: eim, device: {device}, links: {{esipa: https}}}}\n",
        encoding="utf-8",
    )
    return file


def lines_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]


def verdicts_of(lines: list[dict[str, Any]]) -> dict[str, str]:
    return {line["case"]: line["verdict"] for line in lines}


def test_what_only_polls_is_judged(sgp32: Sgp32, serve: Serve, tmp_path: Path) -> None:
    about, *_, trust = serve("eim")
    address = about.rpartition("https://")[2].partition("/")[0]
    lab = lab_file(tmp_path, address, trust.partition(": ")[2])
    done = sgp32("run", "suites/eim", "--lab", lab, "--out", tmp_path / "run")
    lines = lines_of(tmp_path / "run")
    verdicts = verdicts_of(lines)
    assert {case for case, verdict in verdicts.items() if verdict == "pass"} == POLLS_ONLY, done.stdout
    others = [line for line in lines if line["case"] not in POLLS_ONLY]
    assert {line["verdict"] for line in others} == {"not_run"}, done.stdout
    assert all("this eIM" in line["reason"] for line in others)


@pytest.fixture
def same_ci(tmp_path: Path) -> Path:
    """The lab file of whoever serves the eIM; its PKI, and the token of its REST interface, are in the folder `state`."""
    file = tmp_path / "serve.yaml"
    slot = "our-eim: {kind: eim, device: {reference: {}}, links: {esipa: https}}"
    file.write_text(f"lab: bench\nstate: state\nslots:\n  {slot}\n")
    return file


def lab_with_queue(folder: Path, about: str, queue: str) -> Path:
    """A lab with that eIM; its cards are under the same CI as what the eIM trusts."""
    file = folder / "lab.yaml"
    address = about.rpartition("https://")[2].partition("/")[0]
    device = f"{{address: '{address}', queue: {queue}}}"
    file.write_text(
        f"lab: theirs\nstate: state\nslots:\n  their-eim: {{kind: eim, device: {device}, links: {{esipa: https}}}}\n",
        encoding="utf-8",
    )
    return file


def by_rest(rest: str) -> str:
    return f"{{rest: {{url: '{rest.split()[1].rstrip(',')}', token: {{file: state/rest-token}}}}}}"


def test_with_a_rest_interface_like_ours_the_most_is_judged(
    sgp32: Sgp32, serve: Serve, same_ci: Path, tmp_path: Path
) -> None:
    about, rest, _ = serve("eim", "--lab", str(same_ci))
    lab = lab_with_queue(tmp_path, about, by_rest(rest))
    done = sgp32("run", "suites/eim", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = lines_of(tmp_path / "run")
    assert Counter(verdicts_of(lines).values()) == {"pass": PASSING, "not_run": sum(REASONS.values())}, done.stdout
    withheld = [line["reason"] for line in lines if line["verdict"] == "not_run"]
    assert Counter(reason.rpartition("; ")[2].rpartition(": ")[2] for reason in withheld) == REASONS
    token = (tmp_path / "state/rest-token").read_text().strip()
    record = (tmp_path / "run/slots/their-eim/events.jsonl").read_text()
    assert '"interface": "operator"' in record or '"interface":"operator"' in record
    assert token not in record


def test_a_defect_of_somebody_elses_eim_is_caught(sgp32: Sgp32, serve: Serve, same_ci: Path, tmp_path: Path) -> None:
    about, rest, _ = serve("eim", "--lab", str(same_ci), "--defect", "accepts-unverified-results")
    lab = lab_with_queue(tmp_path, about, by_rest(rest))
    done = sgp32("run", "EI-009", "EI-010", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 1, done.stdout + done.stderr
    assert verdicts_of(lines_of(tmp_path / "run")) == {"EI-009": "pass", "EI-010": "fail"}


def test_a_program_of_the_lab_queues_with_curl(sgp32: Sgp32, serve: Serve, same_ci: Path, tmp_path: Path) -> None:
    about, rest, _ = serve("eim", "--lab", str(same_ci))
    shutil.copy(resources.path("lab-config/queue-by-curl.py"), tmp_path)
    words = f"[python3, queue-by-curl.py, '{rest.split()[1].rstrip(',')}', state/rest-token]"
    lab = lab_with_queue(tmp_path, about, f"{{command: {words}}}")
    cases = ("EI-004", "EI-008", "EI-022", "EI-035")
    done = sgp32("run", *cases, "--lab", lab, "--out", tmp_path / "run")
    assert verdicts_of(lines_of(tmp_path / "run")) == dict.fromkeys(cases, "pass"), done.stdout


def test_what_a_program_refuses_is_not_run(sgp32: Sgp32, serve: Serve, same_ci: Path, tmp_path: Path) -> None:
    about, *_ = serve("eim", "--lab", str(same_ci))
    lab = lab_with_queue(tmp_path, about, """{command: [echo, '{"refused": "not today"}']}""")
    done = sgp32("run", "EI-001", "EI-009", "--lab", lab, "--out", tmp_path / "run")
    lines = lines_of(tmp_path / "run")
    assert verdicts_of(lines) == {"EI-001": "pass", "EI-009": "not_run"}, done.stdout
    assert any("refuses 'eim': not today" in line["reason"] for line in lines)
    lab.write_text(lab.read_text().replace("[echo, ", "[sh, -c, 'echo no such tenant >&2; exit 3', "))
    done = sgp32("run", "EI-009", "--lab", lab, "--out", tmp_path / "again")
    (line,) = lines_of(tmp_path / "again")
    assert line["verdict"] == "inconclusive"
    assert "ended with 3: no such tenant" in line["reason"]


def test_another_ci_than_the_labs_is_told(sgp32: Sgp32, serve: Serve, tmp_path: Path) -> None:
    about, rest, trust = serve("eim")
    lab = lab_with_queue(tmp_path, about, by_rest(rest))
    token = rest.rpartition("token: ")[2]
    queue = (
        lab.read_text()
        .replace("state/rest-token", token)
        .replace("', queue", f"', ca: {trust.partition(': ')[2]}, queue")
    )
    lab.write_text(queue)
    sgp32("run", "EI-009", "--lab", lab, "--out", tmp_path / "run")
    (line,) = lines_of(tmp_path / "run")
    assert line["verdict"] == "not_run"
    assert "names the CI" in line["reason"]


def test_a_defect_that_nobody_knows(sgp32: Sgp32) -> None:
    done = sgp32("serve", "eim", "--defect", "accepts-unverified-result")
    assert done.returncode == 2
    assert "did you mean 'accepts-unverified-results'?" in done.stderr
    assert sgp32("serve", "smdp", "--defect", "x").returncode == 2


def test_nobody_there_is_no_fault_of_the_device(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_file(tmp_path, "127.0.0.1:9", "lab.yaml")
    done = sgp32("run", "EI-001", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 3, done.stdout + done.stderr
    lab.write_text(lab.read_text().replace(", ca: lab.yaml", ""))
    done = sgp32("run", "EI-001", "--lab", lab, "--out", tmp_path / "again")
    assert done.returncode == 3, done.stdout + done.stderr
    (line,) = [json.loads(line) for line in (tmp_path / "again/results.jsonl").read_text().splitlines()]
    assert line["verdict"] == "inconclusive"


def test_mistakes_are_told(sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_file(tmp_path, "https://eim.example/", "nowhere.pem")
    done = sgp32("run", "EI-001", "--lab", lab)
    assert done.returncode == 2
    assert "is no server address" in done.stderr
    lab = lab_file(tmp_path, "eim.example", "nowhere.pem")
    assert "is not a file" in sgp32("run", "EI-001", "--lab", lab).stderr
