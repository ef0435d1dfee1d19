"""Results in plain lines, for documents that are no page: JUnit, Allure attachments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.reporting.model import Body, CaseView, EntryView, ResultView, StepView, TreeLine


def result_lines(case: CaseView, result: ResultView) -> Iterator[str]:
    """The rule, the decisive step, what was expected, what came and the bytes."""
    yield f"{case.case} on {result.way}: {result.verdict}"
    yield f"rule: {case.title} ({case.clause}, {case.confidence})"
    body = result.body()
    step = body.decisive
    if step is None:
        yield f"came: {result.reason}"
        return
    yield f"step {step.number}: {step.text}"
    if step.expect:
        yield f"expected: {step.expect}"
    if step.observed:
        yield f"observed: {step.observed}"
    yield f"came: {step.reason or result.reason}"
    if body.evidence is not None:
        yield from entry_lines(body.evidence)


def conversation_lines(body: Body) -> Iterator[str]:
    """Every exchange of a result, step by step."""
    if body.setup:
        yield "outside the steps"
        for entry in body.setup:
            yield from _indented(entry_lines(entry))
    for step in body.steps:
        yield f"{step.number}. {step.text}: {step.verdict}"
        yield from _indented(_step_lines(step))


def entry_lines(entry: EntryView) -> Iterator[str]:
    """One exchange: its title, its messages decoded, its bytes."""
    head = f"{entry.interface} {entry.title}"
    yield " ".join(filter(None, (head, f"→ {entry.outcome}" if entry.outcome else "", entry.gist, entry.fault)))
    for part in entry.parts:
        yield f"  {part.heading}:"
        yield from (f"    {line}" for line in part.lines)
        yield from (f"    {tree_line(line)}" for line in part.tree)
    for message in entry.wire:
        cut = f" … {message.cut} more octets: {message.where}" if message.cut else ""
        yield f"  {'→' if message.to_device else '←'} {message.text}{cut}"


def tree_line(line: TreeLine) -> str:
    """One field of a decoded message."""
    words = filter(None, (line.tag, line.label, line.value, line.octets, line.fault and f"!! {line.fault}"))
    return "  " * line.depth + " ".join(words)


def _step_lines(step: StepView) -> Iterator[str]:
    for name in ("expect", "observed", "reason"):
        text = getattr(step, name)
        if text:
            yield f"{name}: {text}"
    for entry in step.entries:
        yield from entry_lines(entry)


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
