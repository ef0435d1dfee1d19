"""How a run looks in a terminal: live while it goes, a verdict table when it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from harness.cli.plain_view import PlainView
from harness.conformance.outcome import RunOutcome
from harness.conformance.runner import Progress
from harness.evidence.verdicts import Verdict
from harness.reporting.styles import STYLES

_SHOWN = 40
"""More cases than this are left to the report."""


def view_of(*, quiet: bool = False) -> Progress:
    """What shows how a run goes on: live in a terminal, in plain lines elsewhere. `quiet` as for either."""
    return LiveView(quiet=quiet) if Console(stderr=True).is_terminal else PlainView(quiet=quiet)


class LiveView(Progress):
    """A bar with the cases that run now, and a line for each case that did not pass as soon as it ended."""

    def __init__(self, *, quiet: bool = False) -> None:
        """`quiet`: the bar alone, for runs whose failures are wanted."""
        self._console = Console(stderr=True)
        self.tells_troubles = self._console.is_terminal and not quiet
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._now: dict[str, str] = {}
        self._done = 0

    def planned(self, total: int) -> None:
        """The bar begins."""
        self._task = self._bar.add_task("starting", total=total)
        self._bar.start()

    def begins(self, case: str, slot: str, link: str) -> None:
        """Shows the case beside those of the other slots."""
        self._now[slot] = f"{case} {link}"
        self._show()

    def waits(self, slot: str, said: str) -> None:
        """Shows beside the case what it waits for."""
        self._now[slot] = f"{self._now.get(slot, '').partition(':')[0]}: {said}"
        self._show()

    def result(self, line: Mapping[str, Any]) -> None:
        """Counts the case; one that did not pass gets a line of its own."""
        self._done += 1
        if self.tells_troubles and _is_trouble(line):
            self._console.print(_line(line))
        self._show()

    def fault(self, slot: str, reason: str, *, optional: bool) -> None:
        """Said at once where somebody watches; the summary says it in any case."""
        if self._console.is_terminal:
            said = f"{slot}: {'not here' if optional else 'lab fault'}: {reason}"
            self._console.print(said, style="magenta", markup=False)

    def ended(self) -> None:
        """The bar goes away."""
        self._bar.stop()

    def _show(self) -> None:
        if self._task is not None:
            self._bar.update(self._task, completed=self._done, description="  ".join(self._now.values())[:60])


def _is_trouble(line: Mapping[str, Any]) -> bool:
    return line["verdict"] not in (Verdict.PASS, Verdict.RECORDED, Verdict.NOT_RUN, Verdict.NOT_APPLICABLE)


def summary(outcome: RunOutcome, run_dir: Path, report: Path | None, *, troubles_told: bool = False) -> None:
    """The verdict table, what did not pass unless that was told live, and where the report is."""
    console = Console()
    if outcome.results:
        console.print(verdict_table(outcome))
    troubled = [line for line in outcome.results if _is_trouble(line) and not troubles_told]
    for line in troubled[:_SHOWN]:
        console.print(_line(line))
    if len(troubled) > _SHOWN:
        console.print(f"… and {len(troubled) - _SHOWN} more, in the report")
    for slot, reason in outcome.absent.items():
        console.print(f"not run on {slot}: {reason}", markup=False, soft_wrap=True)
    for slot, reason in outcome.lab_faults.items():
        console.print(f"lab fault on {slot}: {reason}", style="magenta", markup=False, soft_wrap=True)
    if outcome.interrupted:
        console.print("interrupted: cases that had not ended by then were not run", style="bold red", markup=False)
    for error in outcome.errors + outcome.configuration:
        console.print(f"error: {error}", style="bold red", markup=False)
    console.print(f"run directory  {run_dir}", markup=False, soft_wrap=True)
    if report is not None:
        console.print(f"report         {report}", markup=False, soft_wrap=True)


def verdict_table(outcome: RunOutcome) -> Table:
    """How many cases have each verdict, by slot and link."""
    by_way: dict[tuple[str, str], Counter[str]] = {}
    for line in outcome.results:
        by_way.setdefault((line["slot"], line["link"]), Counter())[line["verdict"]] += 1
    used = [verdict for verdict in Verdict if any(counts[verdict] for counts in by_way.values())]
    table = Table("slot", "link", title="Verdicts", title_justify="left")
    for verdict in used:
        table.add_column(verdict.replace("_", " "), justify="right", style=STYLES[verdict])
    for (slot, link), counts in sorted(by_way.items()):
        table.add_row(slot, link, *(str(counts[verdict] or "") for verdict in used))
    table.add_section()
    table.add_row("all", "", *(str(outcome.counts[verdict]) for verdict in used))
    return table


def _line(line: Mapping[str, Any]) -> Text:
    verdict = Verdict(line["verdict"])
    reason = str(line["reason"]).strip().splitlines()
    said = f"  {line['case']} on {line['slot']} over {line['link']}: {reason[0] if reason else line['title']}"
    return Text.assemble((f"{verdict.replace('_', ' '):>12}", STYLES[verdict]), said)
