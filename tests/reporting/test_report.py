"""The report counts honestly, stands alone, and puts what somebody must look at in front."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.evidence.reader import load_run
from harness.evidence.verdicts import Verdict
from harness.reporting import render
from harness.reporting.build import WHOLE, Cuts, build_report
from harness.reporting.html import render_html
from harness.reporting.model import Report
from harness.reporting.summary import headline_of
from harness.reporting.trace import trace
from harness.reporting.views import QUIET, TROUBLED
from tests.reporting.synthetic import make_run


@pytest.fixture(scope="module")
def report(defective_run: Path) -> Report:
    return build_report(load_run(defective_run))


def test_every_verdict_is_counted_as_itself(report: Report) -> None:
    assert {verdict: report.counts[verdict] for verdict in Verdict} == {
        Verdict.PASS: 12,
        Verdict.FAIL: 1,
        Verdict.DEVIATION: 1,
        Verdict.RECORDED: 1,
        Verdict.INCONCLUSIVE: 1,
        Verdict.ERROR: 1,
        Verdict.NOT_APPLICABLE: 1,
        Verdict.NOT_RUN: 1,
    }
    for tallies in (report.by_area, report.by_way):
        assert sum((tally.counts for tally in tallies), start=type(report.counts)()) == report.counts
    assert sum(1 for _ in report.results) == report.counts.total()


def test_a_case_that_never_began_is_known_by_its_rule(report: Report) -> None:
    (case,) = [case for case in report.cases if case.case == "MO-006"]
    assert (case.title, case.area, case.verdicts) == (
        "A module that is reset comes back.",
        "module",
        (Verdict.NOT_RUN,),
    )


def test_the_documents_that_its_cases_cite_are_named_with_their_versions(report: Report) -> None:
    said = dict(report.facts)["Clauses are those of"]
    assert said.startswith("SGP.32 v1.2")
    assert "Specification" not in dict(report.facts)


def test_trouble_is_listed_gravest_first_with_whose_fault_it_is(report: Report) -> None:
    assert [(case.case, result.verdict, result.blame) for case, result in report.troubled] == [
        ("EU-062", "fail", "device"),
        ("EU-048", "deviation", "device"),
        ("EU-032", "error", "harness"),
        ("EU-022", "inconclusive", "lab"),
    ]
    assert report.blame == "device"
    assert report.headline.startswith("The device broke a certain rule in 1 result.")


def test_the_decisive_step_comes_with_its_exchange(report: Report) -> None:
    _, result = report.troubled[0]
    body = result.body()
    assert body.decisive is not None
    assert body.decisive.text == "the same bytes again"
    assert body.evidence is not None
    assert (body.evidence.title, body.evidence.gist) == (
        "ES10b.LoadEuiccPackage",
        "euiccPackageResultSigned, enableResult ok (0)",
    )


@pytest.mark.parametrize(
    ("counts", "sentence", "blame"),
    [
        ({}, "Nothing was judged.", ""),
        ({Verdict.NOT_RUN: 2}, "Nothing was judged. 2 results not run.", ""),
        ({Verdict.PASS: 1}, "No rule was broken in 1 result.", ""),
        (
            {Verdict.PASS: 3, Verdict.INCONCLUSIVE: 1},
            "No rule was broken in 3 results. The lab or a precondition failed in 1 result.",
            "lab",
        ),
        (
            {Verdict.ERROR: 2, Verdict.INCONCLUSIVE: 1},
            "Nothing was judged. The harness itself was wrong in 2 results.",
            "harness",
        ),
        ({Verdict.FAIL: 1, Verdict.PASS: 9}, "The device broke a certain rule in 1 result.", "device"),
    ],
)
def test_the_headline_never_promises_what_was_not_judged(counts: dict[Verdict, int], sentence: str, blame: str) -> None:
    from collections import Counter

    headline, fault = headline_of(Counter(counts))
    assert headline.startswith(sentence)
    assert fault == blame


def test_faults_outside_the_cases_are_in_the_headline() -> None:
    from collections import Counter

    headline, blame = headline_of(Counter({Verdict.PASS: 2}), errors=1, lab_faults=["desk-card"])
    assert headline == (
        "No rule was broken in 2 results. The harness failed outside the cases, once. The lab had no device in desk-card."
    )
    assert blame == "harness"


def test_a_run_that_somebody_stopped_says_so_first() -> None:
    from collections import Counter

    headline, _ = headline_of(Counter({Verdict.PASS: 2, Verdict.NOT_RUN: 3}), interrupted=True)
    assert headline == "The run was interrupted. No rule was broken in 2 results. 3 results not run."


def test_a_run_that_was_cut_off_says_so(tmp_path: Path) -> None:
    report = build_report(load_run(make_run(tmp_path, finished=False)))
    assert report.headline.startswith("The run did not end by itself.")
    assert any("cut off" in remark for remark in report.remarks)


class Page(HTMLParser):
    """What a browser would fetch, and whether tags close."""

    VOID = frozenset({"meta", "input", "br", "link", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.open_results: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "srcset", "data", "poster")]
        if tag == "link" or (found.get("href") or "#")[0] != "#":
            self.fetched.append(str(found.get("href")))
        if "id" in found:
            self.ids.append(str(found["id"]))
        if tag == "details" and "open" in found and "res" in str(found.get("class")):
            self.open_results.append(str(found.get("data-v")))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else_and_is_well_formed(report: Report) -> None:
    document = render_html(report)
    page = Page()
    page.feed(document)
    assert page.fetched == []
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert not re.search(r"url\(|@import|https?://", document)
    assert sorted(page.open_results) == ["deviation", "error", "fail", "inconclusive"]
    for anchor in re.findall(r'href="#([^"]+)"', document):
        assert anchor in page.ids


def test_the_page_says_what_a_failure_is_made_of_and_what_the_paper_is_not(report: Report) -> None:
    document = render_html(report)
    front = document[document.index('<div class="front v-fail">') :]
    front = front[: front.index("</dl></div>")]
    for words in (
        "A package whose counter is not above the stored one is refused with replayError, signed.",
        "SGP.32 v1.2 §3.3.1",
        "the same bytes again",
        "euiccPackageErrorSigned, replayError(4)",
        "assert None == 4",
        "enableResult",
        "BF5176A074",
    ):
        assert words in front
    assert "not a certificate" in document
    assert "no pcscd on this host" in document


def test_markup_in_what_a_device_says_stays_text(tmp_path: Path) -> None:
    from harness.evidence.journal import Journal
    from harness.evidence.run_directory import RunDirectory

    run = RunDirectory(tmp_path)
    run.begin(
        lab="<b>lab</b>", seed=1, slots={"s": {"kind": "module", "links": ["at"], "device": {"model": "<img src=x>"}}}
    )
    with Journal(run.slot("s")) as journal:
        journal.case_begins("MO-001", link="at", title="<script>alert(1)</script>", area="module")
        reason = "came </pre><script>alert(2)</script>"
        journal.case_ends({"case": "MO-001", "link": "at", "verdict": "fail", "reason": reason, "steps": []})
    document = render_html(build_report(load_run(tmp_path)))
    assert "<script>alert" not in document
    assert "<img" not in document
    assert "<b>lab" not in document


def test_long_messages_are_cut_and_say_where_the_rest_is(defective_run: Path) -> None:
    document = render_html(build_report(load_run(defective_run)))
    assert re.search(r"… \d+ more octets: slots/[a-z-]+/events.jsonl line \d+", document)


def test_an_empty_or_broken_run_still_renders(tmp_path: Path) -> None:
    (tmp_path / "slots" / "card").mkdir(parents=True)
    (tmp_path / "run.json").write_text("{")
    path = render(tmp_path, ["html", "junit", "allure", "csv"])
    assert path == tmp_path / "report.html"
    assert "run.json is missing or cannot be read" in path.read_text()


def test_unknown_formats_and_cases_are_refused(defective_run: Path) -> None:
    with pytest.raises(ValueError, match="no report format is called docx"):
        render(defective_run, ["docx"])
    with pytest.raises(ConfigurationError, match="has no result of EU-999") as raised:
        trace(defective_run, "EU-999")
    assert "EU-007 on card-memory over memory" in str(raised.value)


def test_a_long_run_keeps_the_page_small_and_its_failures_whole(
    defective_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    from harness.reporting import rendering

    run = shutil.copytree(defective_run, tmp_path / "run")
    render(run, ["html"])
    usual = (run / "report.html").stat().st_size
    monkeypatch.setattr(rendering, "MAX_PAGE", usual // 2)
    render(run, ["html"])
    document = (run / "report.html").read_text()
    assert len(document) < 0.8 * usual
    assert "BF5176A074302F801065696D2E6861726E6573732E74657374810104821000112233445566778899AABBCCDDEE01" in document


def test_of_a_step_with_thousands_of_messages_its_end_is_shown(defective_run: Path) -> None:
    few = Cuts(replace(TROUBLED, messages=3), replace(QUIET, messages=3))
    whole, report = build_report(load_run(defective_run), cuts=WHOLE), build_report(load_run(defective_run), cuts=few)
    pairs = [
        (long, short)
        for result, other in zip(whole.results, report.results, strict=True)
        for long, short in zip(result.body().steps, other.body().steps, strict=True)
    ]
    cut = [(long, short) for long, short in pairs if short.notes != long.notes]
    assert cut
    for long, short in cut:
        assert "messages before these are in slots/" in short.notes[0]
        assert short.entries[-1].wire[-1].where == long.entries[-1].wire[-1].where
