"""`sgp32 trace`: the timeline of one case in a terminal, decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ConfigurationError, Fault
from harness.evidence.reader import load_run
from harness.evidence.records import Run
from harness.evidence.verdicts import Verdict
from harness.reporting.build import WHOLE, build_report
from harness.reporting.model import MEANINGS, CaseView, EntryView, ResultView, StepView
from harness.reporting.styles import STYLES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def trace(
    run_dir: Path,
    case_id: str,
    slot: str | None = None,
    link: str | None = None,
    console: Console | None = None,
    *,
    redact: bool = True,
) -> int:
    """Prints every result of this case in the run, or those of one slot or link; returns how many there were.

    Nothing is cut to length; `redact=False` shows identifiers and keys. Raises ConfigurationError for a folder that is no
    run, and for a case, slot or link that it has no result of, naming those it has.
    """
    from rich.console import Console as Terminal

    run = load_run(run_dir)
    report = build_report(_only(run, case_id, slot, link), redact=redact, cuts=WHOLE)
    out = console or Terminal()
    shown = 0
    for case in report.cases:
        for result in case.results:
            for line in _result(case, result):
                out.print(line, soft_wrap=True)
            shown += 1
    return shown


def _only(run: Run, case_id: str, slot: str | None, link: str | None) -> Run:
    """The run with nothing but these results; the rest of it stays, since identifiers are gathered from all of it."""

    def wanted(case: str, on: str, over: str) -> bool:
        return case.upper() == case_id.upper() and slot in (None, on) and link in (None, over)

    slots = tuple(
        replace(
            one,
            results=tuple(result for result in one.results if wanted(result.case, result.slot, result.link)),
            exchanges=(
                *one.exchanges,
                *(
                    exchange
                    for result in one.results
                    if not wanted(result.case, result.slot, result.link)
                    for exchange in result.all_exchanges
                ),
            ),
        )
        for one in run.slots
    )
    if not any(one.results for one in slots):
        have = sorted({f"{result.case} on {result.slot} over {result.link}" for result in run.results})
        near = [text for text in have if text.upper().startswith(case_id.upper())] or have
        hint = "it has " + ", ".join(near[:8]) + (f" and {len(near) - 8} more" if len(near) > 8 else "") if near else ""
        asked = " ".join(filter(None, (case_id, slot and f"on {slot}", link and f"over {link}")))
        raise ConfigurationError([Fault(str(run.directory), 0, f"has no result of {asked}", hint)])
    return replace(run, slots=slots)


def _result(case: CaseView, result: ResultView) -> Iterator[Text]:
    yield _line((case.case, "bold"), f"  {result.way}  ", _verdict(result.verdict), f"  {MEANINGS[result.verdict]}")
    yield _line(f"{case.title} ", (f"{case.clause}, {case.confidence}", "dim"))
    if result.reason:
        yield _line((result.reason, STYLES[result.verdict]))
    body = result.body()
    for note in body.notes:
        yield _line((note, "dim"))
    if body.setup:
        yield _line(("outside the steps", "dim"))
        for entry in body.setup:
            yield from _entry(entry)
    for step in body.steps:
        yield from _step(step)
    yield _line("")


def _step(step: StepView) -> Iterator[Text]:
    kind = " (precondition)" if step.precondition else ""
    yield _line(f"{step.number}. ", (step.text, "bold"), f"{kind}  ", _verdict(step.verdict))
    for name, text in (("expected", step.expect), ("observed", step.observed), ("came", step.reason)):
        if text:
            yield _line((f"   {name:<9}", "dim"), text.replace("\n", "\n            "))
    for note in step.notes:
        yield _line((f"   {note}", "dim"))
    for entry in step.entries:
        yield from _entry(entry)


def _entry(entry: EntryView) -> Iterator[Text]:
    head: list[str | tuple[str, str]] = [
        (f"{entry.at_ms:>10.1f} ms  {entry.interface:<8}", "dim"),
        (entry.title, "cyan"),
    ]
    if entry.outcome:
        head.append(f" → {entry.outcome}")
    if entry.gist:
        head.append((f" · {entry.gist}", "bold"))
    if entry.fault:
        head.append((f" {entry.fault}", "red"))
    yield _line(*head)
    for part in entry.parts:
        yield _line((f"               {part.heading}", "dim"))
        for text in part.lines:
            yield _line(f"                 {text}")
        for field in part.tree:
            indent = "                 " + "  " * field.depth
            styled = ((field.tag, "blue"), (field.label, "bold"), (field.value, ""), (field.octets, "dim"))
            said = [pair for pair in (*styled, (field.fault, "red")) if pair[0]]
            yield _line(indent, *(part for pair in said for part in (pair, " ")))
    for message in entry.wire:
        yield _line((f"               {'→' if message.to_device else '←'} {message.text}", "dim"))


def _verdict(verdict: Verdict) -> tuple[str, str]:
    return verdict.replace("_", " "), STYLES[verdict]


def _line(*parts: str | tuple[str, str]) -> Text:
    from rich.text import Text

    return Text.assemble(*parts)
