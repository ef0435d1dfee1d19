"""Which renderer writes which file of a run directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.evidence.lines import write_pieces, write_whole
from harness.evidence.reader import load_run
from harness.reporting import FORMATS
from harness.reporting.build import build_report


def render_run(run_dir: Path, formats: Sequence[str], *, redact: bool) -> Path | None:
    """See `harness.reporting.render`."""
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ValueError(f"no report format is called {', '.join(unknown)}; known: {', '.join(FORMATS)}")
    report = build_report(load_run(run_dir), redact=redact)
    html: Path | None = None
    for name in formats:
        match name:
            case "html":
                from harness.reporting.html import html_pieces

                html = run_dir / "report.html"
                write_pieces(html, (piece.encode() for piece in html_pieces(report)))
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
