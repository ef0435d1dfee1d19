"""The results as a table for spreadsheets: one line a result."""

from __future__ import annotations

import csv
import io

from harness.reporting.model import Report

COLUMNS = (
    "case",
    "title",
    "clause",
    "confidence",
    "area",
    "slot",
    "link",
    "verdict",
    "disposition",
    "attempt",
    "duration_s",
    "reason",
)


def render_csv(report: Report) -> str:
    """RFC 4180 with a header line. Cells that a spreadsheet would take for a formula are quoted with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for case in report.cases:
        for result in case.results:
            values = {name: getattr(case if hasattr(case, name) else result, name) for name in COLUMNS}
            writer.writerow([_cell(value) for value in values.values()])
    return text.getvalue()


def _cell(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
