"""The plugin as a whole: pytest runs a suite, and every row of the verdict table comes out as a result line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAD = """
import pytest
from harness.conformance import State, case
from harness.errors import DeviceFault, DeviceSilent, LabFault

"""

BODIES = {
    "pass": 'with step("judge"):\n    assert 1 == 1',
    "raises": 'with step("judge"), pytest.raises(DeviceFault):\n    raise DeviceFault("as it should")',
    "fail": 'with step("judge", expect="2") as seen:\n    seen.observed(1)\n    assert 1 == 2',
    "not-raised": 'with step("judge"), pytest.raises(DeviceFault):\n    pass',
    "device": 'with step("judge"):\n    raise DeviceFault("wrong")',
    "silent": 'with step("judge"):\n    raise DeviceSilent("nothing")',
    "lab": 'with step("judge"):\n    raise LabFault("gone", hint="plug it in")',
    "after-lab": 'with step("judge"):\n    assert True',
    "bug": 'with step("judge"):\n    {}["x"]',
    "precondition": 'with step("prepare", precondition=True):\n    assert 1 == 2',
    "outside": "assert 1 == 2",
    "nothing": 'with step("prepare", precondition=True):\n    assert True\nwith step("look"):\n    pass',
    "no-step": "assert True",
    "skip": 'with step("judge"):\n    assert True\npytest.skip("why")',
    "exit": 'with step("judge"):\n    assert True\nraise SystemExit(1)',
}
EXPECTED = {
    "pass": "pass",
    "raises": "pass",
    "fail": "fail",
    "not-raised": "fail",
    "device": "fail",
    "silent": "fail",
    "lab": "inconclusive",
    "after-lab": "pass",
    "bug": "error",
    "precondition": "inconclusive",
    "outside": "inconclusive",
    "nothing": "error",
    "no-step": "error",
    "skip": "error",
    "exit": "error",
}
UNSURE = {
    "unsure-pass": ("pass", "recorded"),
    "unsure-fail": ("fail", "recorded"),
    "likely-fail": ("fail", "deviation"),
}
LACKING = '''
@case("EU-900", clause="lacking", area="euicc", catches="x", requires=("ecall", "fallback"))
def test_of_a_feature_that_the_device_lacks(step):
    """The rule."""
    raise RuntimeError("must not run")
'''


def suite(folder: Path) -> Path:
    text = HEAD
    names = [*BODIES, *UNSURE]
    for number, name in enumerate(names, 1):
        confidence = {"unsure": "unsure", "likely": "likely"}.get(name.partition("-")[0], "certain")
        body = BODIES[UNSURE[name][0] if name in UNSURE else name]
        text += (
            f'@case("EU-{number:03}", clause="{name}", area="euicc", catches="x", confidence="{confidence}")\n'
            f"def test_{number}(step):\n"
            f'    """The rule."""\n    ' + body.replace("\n", "\n    ") + "\n\n\n"
        )
    text += LACKING
    file = folder / "suites" / "test_rows.py"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    return file


def session(file: Path, folder: Path, *more: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance.fake_session", str(file), str(folder), *more],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
    )
    assert done.stdout, done.stderr
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("run")
    return {"folder": folder, **session(suite(folder), folder)}


@pytest.fixture(scope="module")
def results(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {line["result"]["clause"]: line["result"] for line in run["told"] if "result" in line}


@pytest.mark.parametrize("name", [*BODIES, *UNSURE])
def test_each_row_of_the_table(results: dict[str, dict[str, Any]], name: str) -> None:
    assert results[name]["verdict"] == (UNSURE[name][1] if name in UNSURE else EXPECTED[name]), results[name]["reason"]


def test_the_session_itself_ended_well(run: dict[str, Any]) -> None:
    assert run["status"] == 0


def test_a_result_line_says_everything(results: dict[str, dict[str, Any]]) -> None:
    line = results["fail"]
    assert {
        key: line[key] for key in ("case", "slot", "link", "attempt", "title", "area", "seen_from", "confidence")
    } == {
        "case": "EU-003",
        "slot": "fake",
        "link": "memory",
        "attempt": 1,
        "title": "The rule.",
        "area": "euicc",
        "seen_from": [],
        "confidence": "certain",
    }
    (step,) = line["steps"]
    assert (step["text"], step["expect"], step["observed"], step["verdict"]) == ("judge", "2", "1", "fail")
    assert "1 == 2" in step["reason"]
    assert line["reason"].startswith("judge: ")


def test_a_case_about_what_the_device_lacks_does_not_apply(results: dict[str, dict[str, Any]]) -> None:
    assert results["lacking"]["verdict"] == "not_applicable"
    assert results["lacking"]["reason"] == "the card lacks a fallback profile, says the lab file"


def test_a_lab_fault_keeps_its_hint(results: dict[str, dict[str, Any]]) -> None:
    assert "plug it in" in results["lab"]["reason"]


def test_the_device_is_looked_for_again_after_a_lab_fault(run: dict[str, Any]) -> None:
    lines = [json.loads(line) for line in (run["folder"] / "slots/fake/events.jsonl").read_text().splitlines()]
    assert [line["identity"]["opened"] for line in lines if line["event"] == "device"] == [1, 2]


def test_the_record_has_every_case_and_step(run: dict[str, Any]) -> None:
    lines = [json.loads(line) for line in (run["folder"] / "slots/fake/events.jsonl").read_text().splitlines()]
    events = [line["event"] for line in lines]
    assert events.count("case") == events.count("case-end") == len(EXPECTED) + len(UNSURE)
    assert events.count("step") == events.count("step-end")
    recorded = (run["folder"] / "slots/fake/results.jsonl").read_text().splitlines()
    assert len(recorded) == len(EXPECTED) + len(UNSURE) + 1


def test_a_harness_error_leaves_its_traceback(run: dict[str, Any]) -> None:
    assert "KeyError: 'x'" in (run["folder"] / "slots/fake/events.jsonl").read_text()


@pytest.mark.parametrize(("optional", "verdict"), [("", "inconclusive"), ("optional", "not_run")])
def test_a_device_that_is_not_there_fails_nothing(tmp_path: Path, optional: str, verdict: str) -> None:
    said = session(suite(tmp_path), tmp_path, "no card in the reader", optional)
    results = [line["result"] for line in said["told"] if "result" in line]
    assert {line["verdict"] for line in results} == {verdict}
    assert {line["reason"] for line in results} == {"LabFault: no card in the reader (plug it in)"}
    faults = [line["fault"] for line in said["told"] if "fault" in line]
    assert faults == [{"slot": "fake", "reason": "no card in the reader (plug it in)", "optional": bool(optional)}]


def test_a_case_behind_one_that_does_not_apply_is_not_disturbed(tmp_path: Path) -> None:
    """The last case of a file does not apply, and the next file follows."""
    first = tmp_path / "suites" / "test_a.py"
    first.parent.mkdir()
    passing = '@case("EU-{}", clause="{}", area="euicc", catches="x")\ndef test_it(step):\n    """R."""\n    {}\n'
    body = 'with step("judge"):\n        assert True'
    first.write_text(HEAD + passing.format("901", "first", body) + LACKING, encoding="utf-8")
    first.with_name("test_b.py").write_text(HEAD + passing.format("902", "second", body), encoding="utf-8")
    said = session(first.parent, tmp_path)
    verdicts = {line["result"]["clause"]: line["result"]["verdict"] for line in said["told"] if "result" in line}
    assert verdicts == {"first": "pass", "lacking": "not_applicable", "second": "pass"}


def test_a_suite_that_does_not_load_is_a_harness_error(tmp_path: Path) -> None:
    file = suite(tmp_path)
    file.write_text(file.read_text() + "\nimport no_such_module\n")
    said = session(file, tmp_path)
    assert said["status"] == 4
    assert "no_such_module" in said["told"][-1]["error"]


def test_a_device_that_fell_silent_is_given_up(tmp_path: Path) -> None:
    told = session(suite(tmp_path), tmp_path, "mute", "optional")["told"]
    results = {line["result"]["clause"]: line["result"] for line in told if "result" in line}
    assert results["device"]["verdict"] == "fail"
    assert results["silent"]["verdict"] == "inconclusive"
    after = [line for name, line in results.items() if name in ("lab", "after-lab", "bug", "precondition", "exit")]
    assert {line["verdict"] for line in after} == {"inconclusive"}
    assert all("fell silent" in line["reason"] and not line["steps"] for line in after)
    assert [line["fault"]["optional"] for line in told if "fault" in line] == [False]
