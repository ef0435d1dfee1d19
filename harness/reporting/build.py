"""From a run as it was recorded to the report model."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from harness.evidence.records import CaseResult, Run, SlotRun, StepRecord
from harness.evidence.verdicts import Verdict
from harness.reporting.masks import SHOW_ALL, RunMasker, masker_for
from harness.reporting.model import (
    TROUBLE,
    AreaView,
    Body,
    CaseView,
    Report,
    ResultView,
    SlotView,
    StepView,
    Tally,
)
from harness.reporting.summary import facts_of, headline_of, in_words, remarks_of
from harness.reporting.views import FULL, QUIET, TROUBLED, Limits, Viewer

AREAS = (
    "euicc",
    "fallback",
    "ipa",
    "module",
    "eim",
    "smdp",
    "smds",
    "lifecycle",
    "polling",
    "resilience",
    "security",
)
"""The order of the catalogue; others follow by name."""

BETWEEN = 200
"""So many exchanges outside the cases are shown a slot."""

HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f]{2}){48,}")


@dataclass(frozen=True, slots=True)
class Cuts:
    """How much is shown of what somebody has to look at, and of what went well."""

    troubled: Limits = TROUBLED
    quiet: Limits = QUIET


WHOLE = Cuts(FULL, FULL)


INTERRUPTED = 130
"""The exit status of a run that somebody stopped."""


def build_report(run: Run, *, redact: bool = True, cuts: Cuts | None = None, masker: RunMasker | None = None) -> Report:
    """The report of this run. `redact=False` shows identifiers and keys; `masker` is the run's own, if it is made already."""
    cuts = cuts or Cuts()
    masker = (masker or masker_for(run)) if redact else SHOW_ALL
    results = _named(run)
    counts = Counter(result.verdict for result in results)
    areas = tuple(_areas(results, masker, cuts))
    headline, blame = headline_of(
        counts,
        finished=run.finished,
        interrupted=run.about.get("exit_status") == INTERRUPTED,
        errors=len(run.about.get("errors") or ()),
        lab_faults=tuple(run.about.get("lab_faults") or ()),
    )
    return Report(
        title="SGP.32 conformance run",
        headline=headline,
        blame=blame,
        facts=tuple(facts_of(run, masker)),
        slots=tuple(_slot(slot, run, masker) for slot in run.slots),
        areas=areas,
        counts=counts,
        by_area=tuple(_tally(area.name, (result for case in area.cases for result in case.results)) for area in areas),
        by_way=tuple(_by_way(results)),
        remarks=tuple(remarks_of(run, masker)),
        masked=redact,
        used=tuple(verdict for verdict in Verdict if counts[verdict]),
    )


def _named(run: Run) -> list[CaseResult]:
    """The results; one that never began takes what run.json or another result says about its case."""
    about: dict[str, Mapping[str, Any]] = dict(run.about.get("cases") or {})
    for result in run.results:
        if result.title and result.case not in about:
            about[result.case] = {name: getattr(result, name) for name in ("title", "clause", "confidence", "area")}
    return [_completed(result, about.get(result.case) or {}) for result in run.results]


def _completed(result: CaseResult, about: Mapping[str, Any]) -> CaseResult:
    if result.title:
        return result
    return replace(
        result,
        title=str(about.get("title") or ""),
        clause=str(about.get("clause") or ""),
        confidence=str(about.get("confidence") or ""),
        area=str(about.get("area") or ""),
    )


def _areas(results: list[CaseResult], masker: RunMasker, cuts: Cuts) -> Iterator[AreaView]:
    by_case: defaultdict[tuple[str, str], list[CaseResult]] = defaultdict(list)
    for result in results:
        by_case[result.area or "other", result.case].append(result)
    names = {area for area, _ in by_case}
    order = [*(area for area in AREAS if area in names), *sorted(names - set(AREAS))]
    anchors: Counter[str] = Counter()
    for area in order:
        cases = sorted(case for name, case in by_case if name == area)
        yield AreaView(area, tuple(_case(by_case[area, case], masker, cuts, anchors) for case in cases))


def _case(results: list[CaseResult], masker: RunMasker, cuts: Cuts, anchors: Counter[str]) -> CaseView:
    first = results[0]
    return CaseView(
        first.case,
        masker.text(first.title),
        first.clause,
        first.confidence,
        first.area,
        tuple(_result(result, masker, cuts, anchors) for result in results),
    )


def _result(result: CaseResult, masker: RunMasker, cuts: Cuts, anchors: Counter[str]) -> ResultView:
    anchor = f"{result.case}-{result.slot}-{result.link}".strip("-").replace(" ", "_")
    anchors[anchor] += 1
    if anchors[anchor] > 1:
        anchor = f"{anchor}-{anchors[anchor]}"
    return ResultView(
        anchor=anchor,
        case=result.case,
        slot=result.slot,
        link=result.link,
        verdict=result.verdict,
        disposition=result.disposition,
        reason=masker.text(result.reason),
        attempt=result.attempt,
        duration_s=result.duration_s,
        began=f"{result.began:%Y-%m-%d %H:%M:%S.%f}"[:-3] if result.began else "",
        seen_from=result.seen_from,
        opened=partial(_body, result, masker, cuts),
    )


def _body(result: CaseResult, masker: RunMasker, cuts: Cuts, exchanges: bool) -> Body:
    if not exchanges:
        steps = tuple(replace(step, exchanges=()) for step in result.steps)
        result = replace(result, exchanges=(), steps=steps)
    viewer = Viewer(result.slot, masker)
    since = min((exchange.at_ns for exchange in result.all_exchanges), default=0)
    trouble = result.verdict in TROUBLE
    around = cuts.troubled if trouble and not result.steps else cuts.quiet
    return Body(
        verdict=result.verdict,
        steps=tuple(
            _step(step, viewer, cuts.troubled if trouble and step.verdict is not Verdict.PASS else cuts.quiet, since)
            for step in result.steps
        ),
        setup=viewer.entries(result.exchanges, around, since),
        notes=viewer.notes(result.notes),
    )


def _step(step: StepRecord, viewer: Viewer, limits: Limits, since_ns: int) -> StepView:
    text = viewer.masker.text
    unseen = max(0, len(step.exchanges) - limits.messages)
    where = f"{unseen} messages before these are in slots/{viewer.slot}/events.jsonl" if unseen else ""
    return StepView(
        number=step.number,
        text=text(step.text),
        expect=text(step.expect),
        observed=_observed(text(step.observed), is_message=_is_message(step)),
        observed_is_message=_is_message(step),
        reason=text(step.reason),
        verdict=step.verdict,
        precondition=step.precondition,
        confidence=step.confidence,
        entries=viewer.entries(step.exchanges[unseen:], limits, since_ns),
        notes=(*([where] if where else ()), *viewer.notes(step.notes)),
    )


def _is_message(step: StepRecord) -> bool:
    return bool(step.exchanges) and HEXADECIMAL.fullmatch(step.observed) is not None


def _observed(text: str, *, is_message: bool) -> str:
    return f"{text[:64]}… ({len(text) // 2} octets, in the exchanges below)" if is_message else text


def _slot(slot: SlotRun, run: Run, masker: RunMasker) -> SlotView:
    remarks = [str((run.about.get(key) or {}).get(slot.name) or "") for key in ("lab_faults", "absent")]
    if not slot.results and not any(remarks):
        remarks.append("nothing was run on it")
    if slot.torn_lines:
        remarks.append(f"{slot.torn_lines} line{'s' if slot.torn_lines > 1 else ''} of its record could not be read")
    facts = tuple((in_words(name), masker.text(value)) for name, value in _plain(slot.device))
    viewer = Viewer(slot.name, masker)
    since = slot.exchanges[0].at_ns if slot.exchanges else 0
    shown = slot.exchanges[:BETWEEN]
    return SlotView(
        slot.name,
        slot.kind,
        slot.links,
        facts,
        masker.text("; ".join(filter(None, remarks))),
        between=viewer.entries(shown, QUIET, since),
        unseen=len(slot.exchanges) - len(shown),
        where=f"slots/{slot.name}/events.jsonl",
        notes=viewer.notes(slot.notes),
    )


def _plain(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _plain(value, f"{prefix}{name} ")
        elif isinstance(value, list | tuple):
            if value:
                yield f"{prefix}{name}", ", ".join(map(str, value))
        elif isinstance(value, bool):
            yield f"{prefix}{name}", "yes" if value else "no"
        elif value not in (None, ""):
            yield f"{prefix}{name}", f"{value:g}" if isinstance(value, float) else str(value)


def _by_way(results: Iterable[CaseResult]) -> Iterator[Tally]:
    ways: defaultdict[str, list[CaseResult]] = defaultdict(list)
    for result in results:
        ways[f"{result.slot} · {result.link}" if result.link else result.slot].append(result)
    for name, found in ways.items():
        yield Tally(name, Counter(result.verdict for result in found))


def _tally(name: str, results: Iterable[ResultView]) -> Tally:
    return Tally(name, Counter(result.verdict for result in results))
