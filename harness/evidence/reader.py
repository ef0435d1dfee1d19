"""Reading a run directory into records: finished, killed in the middle, or still being written.

Rules of this room:
- Result lines decide what a case came to. The events add the exchanges; a case that began and has no result line was cut
  off and is shown as not run, with the steps that it got to.
- Nothing is written. Torn lines are counted, never fatal.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import ConfigurationError, Fault
from harness.evidence.lines import Line, read_lines
from harness.evidence.records import CaseResult, Run, SlotRun, StepRecord
from harness.evidence.timeline import CaseEvents, Timeline, read_timeline
from harness.evidence.verdicts import Verdict

CUT_OFF = "the run ended inside this case"
NEVER_BEGAN = "planned, but the run ended before it began"


def load_run(run_dir: Path) -> Run:
    """The run in this folder. Raises ConfigurationError where the folder is no run directory at all."""
    if not (run_dir / "run.json").is_file() and not (run_dir / "slots").is_dir():
        hint = "give the folder that `sgp32 run` printed; it holds run.json"
        raise ConfigurationError([Fault(str(run_dir), 0, "is no run directory", hint)])
    about = _about(run_dir / "run.json")
    described: Mapping[str, Any] = about.get("slots") or {}
    folders = {folder.name for folder in (run_dir / "slots").glob("*") if folder.is_dir()}
    names = [*described, *sorted(folders - set(described))]
    slots = tuple(_slot(run_dir / "slots" / name, described.get(name) or {}) for name in names)
    return Run(run_dir, about, slots, finished=bool(about.get("ended_utc")))


def _about(path: Path) -> Mapping[str, Any]:
    try:
        about = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _slot(folder: Path, described: Mapping[str, Any]) -> SlotRun:
    timeline = read_timeline(folder / "events.jsonl")
    results: list[CaseResult] = []
    torn = timeline.torn_lines
    unclaimed: defaultdict[tuple[str, str], list[CaseEvents]] = defaultdict(list)
    for events in timeline.cases:
        unclaimed[events.case, events.link].append(events)
    for line in read_lines(folder / "results.jsonl"):
        if not isinstance(line, Line):
            torn += 1
            continue
        result = result_of(line.fields, slot=folder.name)
        waiting = unclaimed[result.case, result.link]
        attempts = [events for events in waiting if events.attempt == result.attempt]
        if attempts:
            # A resumed run begins a cut-off case again: the result speaks of the one that ended, the last.
            result = _with_events(result, next((events for events in attempts if events.ended), attempts[-1]))
            unclaimed[result.case, result.link] = [events for events in waiting if events not in attempts]
        results.append(result)
    results += [_cut_off(events, folder.name) for waiting in unclaimed.values() for events in waiting]
    results += _never_began(timeline, results, folder.name)
    device = {**_mapping(described.get("device")), **timeline.device}
    links = described.get("links") or tuple(dict.fromkeys(result.link for result in results if result.link))
    return SlotRun(
        folder.name,
        kind=str(described.get("kind", "")),
        links=(links,) if isinstance(links, str) else tuple(map(str, links)),
        device=device,
        results=tuple(results),
        exchanges=tuple(timeline.exchanges),
        notes=tuple(timeline.notes),
        torn_lines=torn,
    )


def result_of(fields: Mapping[str, Any], *, slot: str = "") -> CaseResult:
    """One result line as a value. A verdict that is no verdict reads as `error`: it is the harness that wrote it."""
    return CaseResult(
        case=str(fields.get("case", "")),
        slot=str(fields.get("slot") or slot),
        link=str(fields.get("link") or ""),
        verdict=_verdict(fields.get("verdict")),
        title=str(fields.get("title") or ""),
        clause=str(fields.get("clause") or ""),
        confidence=str(fields.get("confidence") or ""),
        area=str(fields.get("area") or ""),
        seen_from=tuple(str(view) for view in fields.get("seen_from") or ()),
        reason=str(fields.get("reason") or ""),
        disposition=str(fields.get("disposition") or ""),
        attempt=_whole(fields.get("attempt"), 1),
        duration_s=_number(fields.get("duration_s")),
        steps=tuple(_step(number, step) for number, step in enumerate(fields.get("steps") or (), 1)),
        line=fields,
    )


def _step(number: int, fields: Mapping[str, Any]) -> StepRecord:
    return StepRecord(
        number=number,
        text=str(fields.get("text", "")),
        expect=str(fields.get("expect") or ""),
        observed=str(fields.get("observed") or ""),
        reason=str(fields.get("reason") or ""),
        verdict=_verdict(fields.get("verdict")),
        precondition=bool(fields.get("precondition")),
        confidence=str(fields.get("confidence") or ""),
        duration_s=_number(fields.get("duration_s")),
    )


def _with_events(result: CaseResult, events: CaseEvents) -> CaseResult:
    """The result with its exchanges; what the result line does not say is taken from the case's first event."""
    steps = list(result.steps) or [_step(number, fields) for number, fields in sorted(events.steps.items())]
    steps = [
        replace(step, exchanges=tuple(events.step_exchanges[step.number]), notes=tuple(events.step_notes[step.number]))
        for step in steps
    ]
    known = {step.number for step in steps}
    stray = [exchange for number, found in events.step_exchanges.items() if number not in known for exchange in found]
    return replace(
        result,
        title=result.title or str(events.about.get("title") or ""),
        clause=result.clause or str(events.about.get("clause") or ""),
        confidence=result.confidence or str(events.about.get("confidence") or ""),
        area=result.area or str(events.about.get("area") or ""),
        began=events.began,
        steps=tuple(steps),
        exchanges=tuple(sorted([*events.exchanges, *stray], key=lambda exchange: exchange.number)),
        notes=tuple(events.notes),
    )


def _cut_off(events: CaseEvents, slot: str) -> CaseResult:
    bare = CaseResult(
        events.case, slot, events.link, Verdict.NOT_RUN, reason=CUT_OFF, attempt=events.attempt, began=events.began
    )
    return _with_events(bare, events)


def _never_began(timeline: Timeline, results: Iterable[CaseResult], slot: str) -> list[CaseResult]:
    done = {(result.case, result.link) for result in results}
    missing = [case for case in timeline.plan if (str(case.get("case")), str(case.get("link") or "")) not in done]
    return [result_of({**case, "verdict": Verdict.NOT_RUN, "reason": NEVER_BEGAN}, slot=slot) for case in missing]


def _verdict(word: object) -> Verdict:
    try:
        return Verdict(str(word))
    except ValueError:
        return Verdict.ERROR


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _whole(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
