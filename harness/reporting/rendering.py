"""Which renderer writes which file of a run directory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from itertools import islice
from pathlib import Path

from harness.evidence.lines import write_pieces, write_whole
from harness.evidence.reader import load_run
from harness.evidence.records import Run
from harness.evidence.run_directory import merge_results
from harness.reporting import FORMATS
from harness.reporting.build import Cuts, build_report
from harness.reporting.masks import SHOW_ALL, RunMasker, masker_for
from harness.reporting.model import Report
from harness.reporting.views import BARE, OUTLINE, QUIET, TIGHT

MAX_PAGE = 12_000_000
"""Octets of a page that a browser still opens at once."""

SAMPLE, CLEARLY = 31, 1.5
"""One result of so many tells how long a page gets, a number prime to that of the ways that cases run over; a page is not
begun where that foresees this many times what it may have."""


def render_run(run_dir: Path, formats: Sequence[str], *, redact: bool) -> Path | None:
    """See `harness.reporting.render`."""
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ValueError(f"no report format is called {', '.join(unknown)}; known: {', '.join(FORMATS)}")
    run = load_run(run_dir)
    if not (run_dir / "results.jsonl").exists():  # the run was killed before it could join what its slots left
        merge_results(run_dir)
    masker = masker_for(run) if redact else SHOW_ALL
    report = build_report(run, redact=redact, masker=masker)
    html: Path | None = None
    for name in formats:
        match name:
            case "html":
                html = _write_html(run, masker, run_dir / "report.html", redact=redact)
            case "junit":
                from harness.reporting.junit import render_junit

                write_whole(run_dir / "junit.xml", render_junit(report))
            case "allure":
                from harness.reporting.allure import write_allure

                write_allure(report, run_dir / "allure-results")
            case "csv":
                from harness.reporting.table import render_csv

                write_whole(run_dir / "results.csv", render_csv(report).encode())
    return html


def _write_html(run: Run, masker: RunMasker, path: Path, *, redact: bool) -> Path:
    """Writes the page; of a run too long for it, less is shown of what went well. What failed is never cut further."""
    from harness.reporting.html import html_pieces

    for quiet in (QUIET, TIGHT, BARE, OUTLINE):
        report = build_report(run, redact=redact, cuts=Cuts(quiet=quiet), masker=masker)
        if quiet is not OUTLINE and _foreseen(report) > CLEARLY * MAX_PAGE:
            continue
        pieces = (piece.encode() for piece in html_pieces(report))
        try:
            write_pieces(path, pieces if quiet is OUTLINE else _within(MAX_PAGE, pieces))
        except _TooLong:
            continue
        break
    return path


def _foreseen(report: Report) -> int:
    """About how many octets the page of this report has at least, by a sample of what went well in it."""
    from harness.reporting.html import html_pieces

    def size(results: Set[str]) -> int:
        kept = replace(report, areas=tuple(area.only(results) for area in report.areas))
        return sum(len(piece.encode()) for piece in html_pieces(kept))

    quiet = (result.anchor for result in report.results if not result.is_trouble)
    sample = set(islice(quiet, 0, None, SAMPLE))
    frame = size(set())
    return frame + SAMPLE * (size(sample) - frame)


class _TooLong(Exception):
    """What was begun gets longer than a page should be."""


def _within(room: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces. Raises _TooLong as soon as they need more room, so that nothing more is rendered in vain."""
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise _TooLong
        yield piece
