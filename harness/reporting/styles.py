"""Verdicts as a terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping

from harness.evidence.verdicts import Verdict

STYLES: Mapping[Verdict, str] = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.DEVIATION: "yellow",
    Verdict.RECORDED: "cyan",
    Verdict.INCONCLUSIVE: "magenta",
    Verdict.ERROR: "bold white on red",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.NOT_RUN: "dim",
}
"""A style of rich for each."""
