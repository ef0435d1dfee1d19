"""`sgp32 plan --coverage`: what the cases cover of the eUICC's interface, and why not the rest."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from harness import resources
from harness.conformance.assignment import Order
from harness.conformance.runner import Progress, orders_for, run_orders
from harness.conformance.selection import Wish, assignments_for, chosen_entries
from harness.errors import HarnessError
from harness.evidence.reader import load_run
from harness.lab.configuration import Lab
from harness.lab.rack import prepare
from harness.reporting.coverage import Coverage, Row, coverage_of, read_reasons

LINK = "memory"
"""Where cases are run for the table: the quickest way to a card."""
SEED = 1
_ARROWS = {"sent": "→", "received": "←"}


def show(run_dir: Path | None, lab: Lab, cases: Sequence[str], *, as_json: bool) -> int:
    """Prints the coverage table of a run; of one that is made for it in passing where none is named."""
    reasons = read_reasons()
    with ExitStack() as stack:
        folder = run_dir or stack.enter_context(_passing_run(lab, cases))
        found = coverage_of(load_run(Path(folder)), reasons)
    click.echo(json.dumps(as_plain(found), indent=1) if as_json else table(found))
    return 0


class _passing_run(tempfile.TemporaryDirectory[str]):
    """A folder with the record of these cases on every card in memory that the lab has; gone when it is left."""

    def __init__(self, lab: Lab, cases: Sequence[str]) -> None:
        super().__init__(prefix="sgp32-coverage-")
        self._lab = lab
        self._cases = tuple(cases)

    def __enter__(self) -> str:
        folder = super().__enter__()
        assignments = assignments_for(self._lab, chosen_entries(self._cases), Wish(self._cases, links=(LINK,)))
        prepare(self._lab, SEED)
        order = Order(str(self._lab.file), folder, str(resources.path("suites")), SEED, assignments)
        outcome = run_orders(orders_for(order), Progress())
        if outcome.errors or outcome.configuration:
            raise HarnessError("; ".join(outcome.configuration + outcome.errors), hint="`sgp32 run --link memory`")
        return folder


def as_plain(coverage: Coverage) -> dict[str, Any]:
    """The table as documented for --json."""
    return {
        "coverage": [
            {
                "function": row.function,
                "direction": row.place.direction,
                "kind": str(row.place.kind),
                "name": row.place.name,
                "cases": list(row.cases),
                "on_the_way": list(row.on_the_way),
                "why": row.why,
            }
            for row in coverage.rows
        ],
        "counts": counts(coverage),
        "idle_reasons": [reason.pattern for reason in coverage.idle],
    }


def counts(coverage: Coverage) -> dict[str, int]:
    """How much is covered, explained, and neither."""
    covered = sum(bool(row.cases) for row in coverage.rows)
    holes = len(coverage.holes)
    return {"covered": covered, "explained": len(coverage.rows) - covered - holes, "holes": holes}


def table(coverage: Coverage) -> str:
    """The table for people, a function after the other."""
    lines = []
    for function, rows in groupby(coverage.rows, key=lambda row: row.function):
        found = list(rows)
        lines.append(f"{function}: {sum(bool(row.cases) for row in found)} of {len(found)} covered")
        width = max(len(row.place.name) for row in found)
        lines += [
            f"  {_ARROWS[row.place.direction]} {row.place.kind:<8}  {row.place.name:<{width}}  {_said(row)}"
            for row in found
        ]
    lines += [f"explains nothing any more: {reason.pattern} ({reason.why})" for reason in coverage.idle]
    found_counts = counts(coverage)
    total = len(coverage.rows)
    lines.append(
        f"{found_counts['covered']} of {total} covered, {found_counts['explained']} explained,"
        f" {found_counts['holes']} without a case and without a reason"
    )
    return "\n".join(lines)


def _said(row: Row) -> str:
    if row.cases:
        return " ".join(row.cases)
    return f"not covered: {row.why}" if row.why else "NO CASE" + (" (only on the way)" if row.on_the_way else "")
