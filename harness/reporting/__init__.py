"""What people see of a run: the decoded exchanges, the report model and its renderers. Reads the record, never writes it.

`render` and the renderers behind it are imported when they are called: no verb pays for a report it does not make.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

FORMATS = ("html", "junit", "allure", "csv")
DEFAULT_FORMATS = ("html", "junit", "allure")


def render(run_dir: Path, formats: Sequence[str] = DEFAULT_FORMATS, *, redact: bool = True) -> Path | None:
    """Writes reports into the run directory: report.html, junit.xml, allure-results/, results.csv.

    `redact=False` leaves identifiers and keys readable. Returns the path of the HTML report, None where it was not asked
    for. Raises ConfigurationError for a folder that is no run and ValueError for an unknown format.
    """
    from harness.reporting.rendering import render_run

    return render_run(run_dir, formats, redact=redact)
