"""`sgp32 selftest`: the kill matrix. Does each case catch the defect it claims, and does a conforming device pass?"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from harness import resources
from harness.cli.options import json_option, lab_option, made
from harness.conformance.assignment import Order
from harness.conformance.killmatrix import KillReport, kill_report, matrix
from harness.conformance.outcome import ExitStatus
from harness.conformance.runner import Progress, run_orders
from harness.conformance.selection import chosen_entries
from harness.lab.file.configuration import read_lab
from harness.lab.rack import prepare


@click.command()
@click.argument("cases", nargs=-1, metavar="[CASE|PATH]...")
@click.option("--full", is_flag=True, help="Every case on every broken device, not only the claimed pairs.")
@click.option("--seed", type=int, default=1, show_default=True, help="As for `sgp32 run`.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Keep the record of the self-test here.")
@lab_option
@json_option
def command(cases: Sequence[str], full: bool, seed: int, out: Path | None, lab_file: Path, as_json: bool) -> int:
    """Shows that each case catches the defect it claims.

    With --full it also shows what each case catches without claiming it, and which defects one case alone catches.
    Exit status 1 if a claimed defect is not caught or a conforming device fails anything.
    """
    lab = read_lab(lab_file)
    wanted = matrix(lab, chosen_entries(cases), full=full)
    prepare(lab, seed)
    with ExitStack() as stack:
        folder = made(out) if out else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sgp32-selftest-")))
        template = Order(str(lab_file), str(folder), str(resources.path("suites")), seed, ())
        cores = os.cpu_count() or 1
        orders = wanted.orders(template, processes=cores if lab.state is None else 1)
        outcome = run_orders(orders, _view(as_json), at_once=cores)
    if outcome.interrupted or outcome.configuration or outcome.errors:
        for said in outcome.configuration + outcome.errors:
            click.echo(f"error: {said}", err=True)
        return int(outcome.exit_status())
    report = kill_report(wanted, outcome)
    rows = [row for row in report.rows if row["claimed_by"] or not cases]
    report = KillReport(tuple(rows), report.false_alarms)
    click.echo(json.dumps(as_plain(report, full=full), indent=1) if as_json else table(report, full=full))
    return int(ExitStatus.WELL if report.holds else ExitStatus.DEVICE)


def as_plain(report: KillReport, *, full: bool = False) -> dict[str, object]:
    """The report as documented for --json; `caught_by_one_case` only of a full one, which has asked every case."""
    keys = ("defect", "device", "claimed_by", "caught_by")
    alone = {"caught_by_one_case": [f"{row['device']}.{row['defect']}" for row in alone_in(report)]} if full else {}
    return {
        "defects": [{key: row[key] for key in keys} for row in report.rows],
        "false_alarms": [dict(alarm) for alarm in report.false_alarms],
        **alone,
    }


def alone_in(report: KillReport) -> list[Mapping[str, Any]]:
    """The defects that hang on one case: if that case is not run, or is wrong, nobody sees them."""
    return [row for row in report.rows if len(row["caught_by"]) == 1]


def table(report: KillReport, *, full: bool = False) -> str:
    """The matrix for people: one defect a line, and what is wrong below it."""
    width = max((len(row["defect"]) for row in report.rows), default=0)
    lines = []
    for row in report.rows:
        state = "caught" if row["claimed_by"] and not row["missed"] else "MISSED"
        claimed = [case for case in row["caught_by"] if case in row["claimed_by"]]
        lines.append(f"{state}  {row['device']:<6}  {row['defect']:<{width}}  {' '.join(claimed)}".rstrip())
        unclaimed = [case for case in row["caught_by"] if case not in row["claimed_by"]]
        if unclaimed:
            lines.append(f"        caught without claiming it: {' '.join(unclaimed)}")
        lines += [f"        {case} claims it: {why}" for case, why in row["missed"].items()]
        if not row["claimed_by"]:
            lines.append("        no case claims it")
    for alarm in report.false_alarms:
        lines.append(f"FALSE ALARM  {alarm['case']} on {alarm['slot']} over {alarm['link']}: {alarm['reason']}")
    if full:
        lines += [f"ONE CASE ALONE  {row['device']}.{row['defect']}: {row['caught_by'][0]}" for row in alone_in(report)]
    caught = sum(bool(row["claimed_by"]) and not row["missed"] for row in report.rows)
    lines.append(f"{caught} of {len(report.rows)} defects caught, {len(report.false_alarms)} false alarms")
    return "\n".join(lines)


def _view(as_json: bool) -> Progress:
    if as_json:
        return Progress()
    from harness.cli.view import view_of

    return view_of(quiet=True)
