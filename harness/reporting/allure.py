"""Result files for Allure, as allure-pytest writes them (allure-python-commons' model2). Allure needs not be installed.

Allure has five states. `fail` and `deviation` are failed; `inconclusive` and `error` are broken; `recorded`,
`not_applicable` and `not_run` are skipped. The verdict itself stands as a label, since Allure cannot say it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from harness.evidence.verdicts import Verdict
from harness.reporting.model import MEANINGS, Body, CaseView, Report, ResultView, StepView
from harness.reporting.plain import conversation_lines, result_lines

STATES: Mapping[Verdict, str] = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.DEVIATION: "failed",
    Verdict.INCONCLUSIVE: "broken",
    Verdict.ERROR: "broken",
    Verdict.RECORDED: "skipped",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.NOT_RUN: "skipped",
}


def write_allure(report: Report, folder: Path) -> None:
    """Writes the folder anew: a result file each, and the exchanges beside those that somebody has to look at."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    run = dict(report.facts).get("Run", "run")
    for case in report.cases:
        for result in case.results:
            name = str(uuid5(NAMESPACE_URL, f"{run}/{result.anchor}/{result.attempt}"))
            body = result.body(exchanges=result.is_trouble)
            attachments = []
            if result.is_trouble:
                source = f"{name}-attachment.txt"
                (folder / source).write_text("\n".join(conversation_lines(body)) + "\n", encoding="utf-8")
                attachments.append({"name": "exchanges", "source": source, "type": "text/plain"})
            document = json.dumps(_result(case, result, body, name, attachments), ensure_ascii=False)
            (folder / f"{name}-result.json").write_text(document, encoding="utf-8")
    facts = [*report.facts, *((f"{slot.name} {key}", value) for slot in report.slots for key, value in slot.facts)]
    lines = (f"{key.replace(' ', '_')}={value}" for key, value in facts)
    (folder / "environment.properties").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _result(
    case: CaseView, result: ResultView, body: Body, name: str, attachments: list[dict[str, str]]
) -> dict[str, Any]:
    start = _milliseconds(result.began)
    history = hashlib.md5(f"{case.case}/{result.way}".encode(), usedforsecurity=False).hexdigest()
    document: dict[str, Any] = {
        "uuid": name,
        "historyId": history,
        "testCaseId": hashlib.md5(case.case.encode(), usedforsecurity=False).hexdigest(),
        "fullName": f"{case.area}.{case.case}",
        "name": f"{case.case} {case.title}".strip(),
        "description": f"{case.clause}, {case.confidence}. {MEANINGS[result.verdict]}.",
        "status": STATES[result.verdict],
        "stage": "finished",
        "steps": [_step(step, start) for step in body.steps],
        "attachments": attachments,
        "parameters": [{"name": "slot", "value": result.slot}, {"name": "link", "value": result.link}],
        "labels": [
            {"name": "suite", "value": case.area or "other"},
            {"name": "subSuite", "value": result.way},
            {"name": "feature", "value": case.clause},
            {"name": "tag", "value": f"verdict:{result.verdict}"},
            {"name": "tag", "value": f"confidence:{case.confidence}"},
            {"name": "framework", "value": "sgp32-harness"},
            {"name": "language", "value": "python"},
        ],
        "start": start,
        "stop": start + round(1000 * result.duration_s),
    }
    if result.verdict is not Verdict.PASS:
        details = {"message": f"{result.verdict}: {result.reason or MEANINGS[result.verdict]}"}
        if result.is_trouble:
            details["trace"] = "\n".join(result_lines(case, result))
        document["statusDetails"] = details
    return document


def _step(step: StepView, start: int) -> dict[str, Any]:
    """A step without times of its own stands at the case's beginning."""
    document: dict[str, Any] = {
        "name": f"{step.number}. {step.text}",
        "status": STATES[step.verdict],
        "stage": "finished",
        "parameters": [
            {"name": name, "value": value}
            for name, value in (("expected", step.expect), ("observed", step.observed))
            if value
        ],
        "start": start,
        "stop": start,
    }
    if step.reason:
        document["statusDetails"] = {"message": step.reason}
    return document


def _milliseconds(began: str) -> int:
    if not began:
        return 0
    return round(datetime.fromisoformat(began).replace(tzinfo=UTC).timestamp() * 1000)
