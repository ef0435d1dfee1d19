"""`sgp32 run` from end to end: the record it leaves, its exit status, its end by force."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Sgp32

LabFile = Callable[..., Path]

SLOW_SUITE = '''
import os, threading
from harness.conformance import case

@case("EU-990", clause="c", area="euicc", catches="x")
def test_first(euicc, step):
    """Passes."""
    with step("judge"):
        assert euicc.eid

@case("EU-991", clause="c", area="euicc", catches="x")
def test_second(euicc, step):
    """Takes its time."""
    with step("judge"):
        open(os.environ["SGP32_TEST_MARK"], "w").write(str(os.getpid()))
        threading.Event().wait(60)
        assert euicc.eid
'''


def results(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]


def test_a_run_leaves_a_whole_directory(sgp32: Sgp32, memory_lab: LabFile, tmp_path: Path) -> None:
    done = sgp32("run", "EU-007", "--lab", memory_lab(), "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    run = tmp_path / "run"
    (line,) = results(run)
    assert (line["case"], line["slot"], line["link"], line["verdict"]) == ("EU-007", "card", "memory", "pass")
    assert line["steps"]
    about = json.loads((run / "run.json").read_text())
    assert about["exit_status"] == 0
    assert about["slots"]["card"]["kind"] == "euicc"
    events = [json.loads(event) for event in (run / "slots/card/events.jsonl").read_text().splitlines()]
    assert any(event["event"] == "exchange" and "bf3e035c015a" in event["octets"] for event in events)
    for file in ("report.html", "junit.xml", "manifest.json"):
        assert (run / file).is_file()
    assert str(run / "report.html") in done.stdout.replace("\n", "")
    assert sgp32("verify", run).returncode == 0


def test_json_is_one_document(sgp32: Sgp32, memory_lab: LabFile) -> None:
    done = sgp32("run", "EU-007", "--lab", memory_lab(), "--json")
    said = json.loads(done.stdout)
    assert said["exit_status"] == 0
    assert said["counts"] == {"pass": 1}


def test_a_defective_device_fails_and_the_record_says_why(sgp32: Sgp32, memory_lab: LabFile, tmp_path: Path) -> None:
    lab = memory_lab("accepts-replayed-counter")
    done = sgp32("run", "EU-007", "EU-062", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 1
    failed = next(line for line in results(tmp_path / "run") if line["case"] == "EU-062")
    assert failed["verdict"] == "fail"
    step = next(step for step in failed["steps"] if step["verdict"] == "fail")
    assert step["expect"]
    assert step["reason"]


def test_the_same_seed_gives_the_same_messages(sgp32: Sgp32, memory_lab: LabFile, tmp_path: Path) -> None:
    lab = memory_lab()

    def exchanged(name: str, seed: int) -> list[str]:
        sgp32("run", "suites/euicc/test_enable.py", "EU-107", "--lab", lab, "--seed", seed, "--out", tmp_path / name)
        lines = (tmp_path / name / "slots/card/events.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        return [event["octets"] for event in events if event["event"] == "exchange"]

    first = exchanged("first", 7)
    assert first == exchanged("again", 7)
    assert first != exchanged("other", 8)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--slot", "nowhere"), "no slot is called 'nowhere'"),
        (("--link", "pigeon"), "no slot has a link 'pigeon'"),
        (("EU-999",), "no case has this identifier"),
        (("no/such/folder",), "neither a case nor a file"),
        (("EI-001",), "none of the chosen cases runs"),
        (("--no-such-option",), "No such option"),
    ],
)
def test_bad_usage_says_what_and_ends_with_2(
    sgp32: Sgp32, memory_lab: LabFile, arguments: tuple[str, ...], said: str
) -> None:
    done = sgp32("run", "--lab", memory_lab(), *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_wrong_lab_file_reports_every_fault(sgp32: Sgp32, tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text("lab: x\nclock: sun\nslots:\n  a: {kind: card, device: {simulated: {}}, links: {apdu: memory}}\n")
    done = sgp32("run", "--lab", file)
    assert done.returncode == 2
    assert f"{file}:2:" in done.stderr
    assert f"{file}:4:" in done.stderr


def test_a_record_is_never_written_over(sgp32: Sgp32, memory_lab: LabFile, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").touch()
    done = sgp32("run", "EU-007", "--lab", memory_lab(), "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "not empty" in done.stderr


@pytest.mark.parametrize(
    "slot",
    [
        '{kind: euicc, device: {eid: null}, links: {apdu: {pcsc: {reader: "No Such Reader"}}}}',
        "{kind: module, device: {eid: null}, links: {at: {port: /dev/no-such-port}, apdu: at-csim}}",
    ],
)
def test_hardware_that_is_not_there_is_a_lab_fault(sgp32: Sgp32, tmp_path: Path, slot: str) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(f"lab: desk\nslots:\n  desk: {slot}\n")
    done = sgp32("run", "EU-007", "EU-008", "--lab", file, "--out", tmp_path / "run")
    assert done.returncode == 3, done.stdout + done.stderr
    lines = results(tmp_path / "run")
    assert {line["verdict"] for line in lines} == {"inconclusive"}
    assert all(line["reason"].startswith("LabFault: ") for line in lines)
    assert "lab fault on desk" in done.stdout


@pytest.fixture
def slow_run(memory_lab: LabFile, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A run in the middle of its second case, and a descriptor of its slot's process."""
    suite = tmp_path / "suite" / "test_slow.py"
    suite.parent.mkdir()
    suite.write_text(SLOW_SUITE)
    mark = tmp_path / "mark"
    os.mkfifo(mark)
    begun = os.open(mark, os.O_RDWR)  # for writing too: it never reads as ended, whoever comes and goes
    arguments = ("run", suite, "--lab", memory_lab(), "--out", tmp_path / "run")
    run = subprocess.Popen(
        [sys.executable, "-m", "harness.cli", *map(str, arguments)],
        env={**os.environ, "SGP32_TEST_MARK": str(mark)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    ended = os.pidfd_open(run.pid)
    ready, _, _ = select.select([begun, ended], [], [], 30)
    assert ready == [begun], "the second case never began" if not ready else run.communicate()[1]
    slot = os.pidfd_open(int(os.read(begun, 20)))
    yield run, slot
    for descriptor in (begun, ended, slot):
        os.close(descriptor)
    run.kill()
    run.communicate()


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_run_that_is_ended_by_force_leaves_a_record_and_no_process(
    slow_run: tuple[subprocess.Popen[str], int], sgp32: Sgp32, tmp_path: Path, sent: signal.Signals, status: int
) -> None:
    run, slot = slow_run
    run.send_signal(sent)
    assert run.wait(20) == status
    assert select.select([slot], [], [], 15)[0], "the slot's process outlived the run"
    done = sgp32("report", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "run/slots/card/results.jsonl").read_text().splitlines()]
    assert [(line["case"], line["verdict"]) for line in lines] == [("EU-990", "pass")]
    assert results(tmp_path / "run") == lines
    assert "EU-991" in (tmp_path / "run" / "report.html").read_text()


SILENT_SUITE = '''
from harness.conformance import case
from harness.errors import DeviceSilent

@case("MO-990", clause="c", area="module", catches="x")
def test_falls_silent(scene, module, step):
    """A module that answers after a reset was silent by its own fault."""
    with step("judge", expect="an answer"):
        scene.bench.simulated.mute()
        assert module.at("AT", deadline=0.2).ok

@case("MO-991", clause="c", area="module", catches="x", confidence="likely")
def test_falls_silent_where_nothing_is_certain(scene, module, step):
    """The same of a rule that is only likely."""
    with step("judge", expect="an answer"):
        scene.bench.simulated.mute()
        assert module.at("AT", deadline=0.2).ok

@case("MO-992", clause="c", area="module", catches="x")
def test_is_there_again(module, step):
    """The run goes on."""
    with step("judge", expect="OK"):
        assert module.at("AT").ok
'''


def test_a_module_that_falls_silent_is_judged_and_the_run_goes_on(sgp32: Sgp32, tmp_path: Path) -> None:
    suite = tmp_path / "suite" / "test_silence.py"
    suite.parent.mkdir()
    suite.write_text(SILENT_SUITE)
    lab = tmp_path / "lab.yaml"
    lab.write_text("lab: x\nslots:\n  modem: {kind: module, device: {simulated: {}}, links: {at: pty}}\n")
    done = sgp32("run", suite, "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 1, done.stdout + done.stderr
    verdicts = {line["case"]: line["verdict"] for line in results(tmp_path / "run")}
    assert verdicts == {"MO-990": "fail", "MO-991": "deviation", "MO-992": "pass"}
