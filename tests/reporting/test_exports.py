"""What other tools read: JUnit XML, Allure results, CSV."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from harness.evidence.reader import load_run
from harness.evidence.verdicts import Verdict
from harness.reporting.allure import write_allure
from harness.reporting.build import build_report
from harness.reporting.junit import render_junit
from harness.reporting.model import Report
from harness.reporting.table import render_csv


@pytest.fixture(scope="module")
def report(defective_run: Path) -> Report:
    return build_report(load_run(defective_run))


def test_junit_counts_agree_and_nothing_unjudged_passes(report: Report) -> None:
    root = ElementTree.fromstring(render_junit(report))
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "19",
        "failures": "2",
        "errors": "2",
        "skipped": "3",
    }
    verdicts = {}
    for case in root.iter("testcase"):
        verdict = next(entry.get("value") for entry in case.iter("property") if entry.get("name") == "verdict")
        kinds = [child.tag for child in case if child.tag != "properties"]
        verdicts.setdefault(verdict, set()).update(kinds or ["nothing"])
    assert verdicts == {
        "pass": {"nothing"},
        "fail": {"failure"},
        "deviation": {"failure"},
        "recorded": {"skipped"},
        "inconclusive": {"error"},
        "error": {"error"},
        "not_applicable": {"skipped"},
        "not_run": {"skipped"},
    }
    failure = next(root.iter("failure"))
    assert failure.text is not None
    assert "expected:" in failure.text


def test_junit_survives_octets_that_xml_cannot_say(tmp_path: Path) -> None:
    from harness.evidence.journal import Journal
    from harness.evidence.run_directory import RunDirectory

    run = RunDirectory(tmp_path)
    run.begin(lab="x", seed=1, slots={"s": {}})
    with Journal(run.slot("s")) as journal:
        journal.result({"case": "MO-001", "verdict": "fail", "reason": "came \x00\x1b[31m\ud800 ]]>"})
    (failure,) = ElementTree.fromstring(render_junit(build_report(load_run(tmp_path)))).iter("failure")
    assert "came " in str(failure.get("message"))


def test_allure_results_are_what_its_own_model_holds(report: Report, tmp_path: Path) -> None:
    model = pytest.importorskip("allure_commons.model2", reason="allure-python-commons is not installed")
    write_allure(report, tmp_path / "allure-results")
    results = [json.loads(path.read_text()) for path in (tmp_path / "allure-results").glob("*-result.json")]
    assert len(results) == report.counts.total()

    def fields(kind: Any) -> set[str]:
        return {attribute.name for attribute in kind.__attrs_attrs__}

    statuses = {value for name, value in vars(model.Status).items() if name.isupper()}
    for result in results:
        assert set(result) <= fields(model.TestResult)
        assert {"uuid", "historyId", "name", "status", "stage", "start", "stop"} <= set(result)
        assert result["status"] in statuses
        assert result["start"] <= result["stop"]
        for step in result["steps"]:
            assert set(step) <= fields(model.TestStepResult)
            assert step["status"] in statuses
        for label in result["labels"]:
            assert set(label) == fields(model.Label)
        for attachment in result["attachments"]:
            assert set(attachment) <= fields(model.Attachment)
            assert (tmp_path / "allure-results" / attachment["source"]).is_file()
        if "statusDetails" in result:
            assert set(result["statusDetails"]) <= fields(model.StatusDetails)
    by_verdict = {
        next(label["value"] for label in result["labels"] if label["value"].startswith("verdict:")): result["status"]
        for result in results
    }
    assert by_verdict["verdict:not_run"] == "skipped"
    assert by_verdict["verdict:inconclusive"] == "broken"
    assert by_verdict["verdict:deviation"] == "failed"
    assert by_verdict["verdict:pass"] == "passed"
    assert len({result["historyId"] for result in results}) == len(results)


def test_the_table_has_one_line_a_result_and_no_formulas(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv(report))))
    assert len(rows) == report.counts.total()
    assert {row["verdict"] for row in rows} == {str(verdict) for verdict in Verdict}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "@", "+", "-")]
