"""`sgp32 selftest`: the kill matrix. Does each case catch the defect it claims, and does a conforming device pass?"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from harness import resources
from harness.cli.options import json_option, lab_option, made
from harness.conformance.assignment import Order
from harness.conformance.killmatrix import KillReport, kill_report, matrix
from harness.conformance.outcome import ExitStatus
from harness.conformance.runner import Progress, run_orders
from harness.conformance.selection import chosen_entries
from harness.lab.configuration import read_lab
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

    Exit status 1 if a claimed defect is not caught or a conforming device fails anything.
    """
    lab = read_lab(lab_file)
    wanted = matrix(lab, chosen_entries(cases), full=full)
    prepare(lab, seed)
    with ExitStack() as stack:
        folder = made(out) if out else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sgp32-selftest-")))
        template = Order(str(lab_file), str(folder), str(resources.path("suites")), seed, ())
        outcome = run_orders(wanted.orders(template), _view(as_json), at_once=os.cpu_count())
    if outcome.interrupted or outcome.configuration or outcome.errors:
        for said in outcome.configuration + outcome.errors:
            click.echo(f"error: {said}", err=True)
        return int(outcome.exit_status())
    report = kill_report(wanted, outcome)
    rows = [row for row in report.rows if row["claimed_by"] or not cases]
    report = KillReport(tuple(rows), report.false_alarms)
    click.echo(json.dumps(as_plain(report), indent=1) if as_json else table(report))
    return int(ExitStatus.WELL if report.holds else ExitStatus.DEVICE)


def as_plain(report: KillReport) -> dict[str, object]:
    """The report as documented for --json."""
    keys = ("defect", "device", "claimed_by", "caught_by")
    return {
        "defects": [{key: row[key] for key in keys} for row in report.rows],
        "false_alarms": [dict(alarm) for alarm in report.false_alarms],
    }


def table(report: KillReport) -> str:
    """The matrix for people: one defect a line, and what is wrong below it."""
    width = max((len(row["defect"]) for row in report.rows), default=0)
    lines = []
    for row in report.rows:
        state = "caught" if row["claimed_by"] and not row["missed"] else "MISSED"
        lines.append(f"{state}  {row['device']:<6}  {row['defect']:<{width}}  {' '.join(row['caught_by'])}".rstrip())
        lines += [f"        {case} claims it: {why}" for case, why in row["missed"].items()]
        if not row["claimed_by"]:
            lines.append("        no case claims it")
    for alarm in report.false_alarms:
        lines.append(f"FALSE ALARM  {alarm['case']} on {alarm['slot']} over {alarm['link']}: {alarm['reason']}")
    caught = sum(bool(row["claimed_by"]) and not row["missed"] for row in report.rows)
    lines.append(f"{caught} of {len(report.rows)} defects caught, {len(report.false_alarms)} false alarms")
    return "\n".join(lines)


def _view(as_json: bool) -> Progress:
    if as_json:
        return Progress()
    from harness.cli.view import LiveView

    return LiveView(quiet=True)
