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
from harness.lab.file.configuration import Lab
from harness.lab.rack import prepare
from harness.reporting.coverage import Coverage, Row, coverage_of, read_reasons

LINK = "memory"
"""Where cases are run for the table: the quickest way to a card."""
SEED = 1
MOST_CASES = 12
"""How many cases of one place the table for people names; the document for programs names all."""
_ARROWS = {"sent": "→", "received": "←"}
_LEGEND = "What the cases judge of the eUICC's interface: → is sent to the card, ← comes from it."


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
        "counts": counts(coverage.rows),
        "idle_reasons": [reason.pattern for reason in coverage.idle],
    }


def counts(rows: Sequence[Row]) -> dict[str, int]:
    """How much is covered, explained, and neither."""
    covered, holes = sum(bool(row.cases) for row in rows), sum(row.is_hole for row in rows)
    return {"covered": covered, "explained": len(rows) - covered - holes, "holes": holes}


def table(coverage: Coverage) -> str:
    """The table for people, a function after the other."""
    lines = [_LEGEND]
    for function, rows in groupby(coverage.rows, key=lambda row: row.function):
        found = list(rows)
        lines += ["", f"{function}: {_summary(found)}"]
        width = max(len(row.place.name) for row in found)
        lines += [
            f"  {_ARROWS[row.place.direction]} {row.place.kind:<8}  {row.place.name:<{width}}  {_said(row)}"
            for row in found
        ]
    lines += ["", *(f"explains nothing any more: {reason.pattern} ({reason.why})" for reason in coverage.idle)]
    lines.append(f"all in all: {_summary(coverage.rows)}")
    return "\n".join(lines)


def _summary(rows: Sequence[Row]) -> str:
    found = counts(rows)
    parts = [f"{found['covered']} of {len(rows)} covered"]
    parts += [f"{found['explained']} explained"] if found["explained"] else []
    parts += [f"{found['holes']} with neither case nor reason"] if found["holes"] else []
    return ", ".join(parts)


def _said(row: Row) -> str:
    if row.cases:
        return _named(row.cases)
    if row.why:
        return f"not covered: {row.why}"
    return f"NO CASE (only on the way, in {_named(row.on_the_way)})" if row.on_the_way else "NO CASE"


def _named(cases: Sequence[str]) -> str:
    left = len(cases) - MOST_CASES
    return " ".join(cases[:MOST_CASES]) + (f" and {left} more" if left > 0 else "")
