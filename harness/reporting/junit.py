"""JUnit XML for build servers. It knows four outcomes, we have eight; the mapping never makes anything look better:

pass                      a test case without more
fail, deviation           <failure>, the verdict as its type: the device is to blame
error                     <error type="error">: the harness is to blame
inconclusive              <error type="inconclusive">: the lab is to blame, and a build must not be green over it
recorded                  <skipped>: nothing was judged
not_applicable, not_run   <skipped>
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from harness.evidence.verdicts import Verdict
from harness.reporting.model import MEANINGS, CaseView, Report, ResultView
from harness.reporting.plain import result_lines

ELEMENTS = {
    Verdict.FAIL: "failure",
    Verdict.DEVIATION: "failure",
    Verdict.ERROR: "error",
    Verdict.INCONCLUSIVE: "error",
    Verdict.RECORDED: "skipped",
    Verdict.NOT_APPLICABLE: "skipped",
    Verdict.NOT_RUN: "skipped",
}
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: Report) -> bytes:
    """The document: one test suite a slot and link, one test case a result."""
    root = ElementTree.Element("testsuites", name=report.title)
    ways: dict[str, list[tuple[CaseView, ResultView]]] = {}
    for case in report.cases:
        for result in case.results:
            ways.setdefault(result.way, []).append((case, result))
    for way, found in ways.items():
        suite = ElementTree.SubElement(root, "testsuite", name=way)
        _count(suite, (result for _, result in found))
        for case, result in found:
            suite.append(_test_case(case, result))
    _count(root, report.results)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _test_case(case: CaseView, result: ResultView) -> ElementTree.Element:
    element = ElementTree.Element(
        "testcase",
        classname=f"{result.slot}.{result.link or 'none'}.{case.area or 'other'}",
        name=_clean(f"{case.case} {case.title}".strip()),
        time=f"{result.duration_s:.3f}",
    )
    properties = ElementTree.SubElement(element, "properties")
    facts = {"verdict": result.verdict, "clause": case.clause, "confidence": case.confidence}
    facts["disposition"] = result.disposition
    for name, value in facts.items():
        if value:
            ElementTree.SubElement(properties, "property", name=name, value=_clean(str(value)))
    kind = ELEMENTS.get(result.verdict)
    if kind is not None:
        message = result.reason or MEANINGS[result.verdict]
        outcome = ElementTree.SubElement(element, kind, message=_clean(f"{result.verdict}: {message}"))
        if kind != "skipped":
            outcome.set("type", str(result.verdict))
            outcome.text = _clean("\n".join(result_lines(case, result)))
    return element


def _count(element: ElementTree.Element, results: Iterable[ResultView]) -> None:
    found = list(results)
    kinds = [ELEMENTS.get(result.verdict) for result in found]
    element.set("tests", str(len(found)))
    element.set("failures", str(kinds.count("failure")))
    element.set("errors", str(kinds.count("error")))
    element.set("skipped", str(kinds.count("skipped")))
    element.set("time", f"{sum(result.duration_s for result in found):.3f}")


def _clean(text: str) -> str:
    """XML 1.0 has no way to write most control characters."""
    return _FORBIDDEN.sub("\ufffd", text)
