"""The outcome in a sentence, what was run on what, and what a reader must know before trusting the numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from harness.evidence.records import Run
from harness.evidence.verdicts import Verdict
from harness.reporting.masks import RunMasker

FACTS: Mapping[str, str] = {
    "lab": "Lab",
    "lab_file": "Lab file",
    "operator": "Operator",
    "started_utc": "Began (UTC)",
    "ended_utc": "Ended (UTC)",
    "seed": "Seed",
    "clock": "Clock",
    "pki": "Certificates",
    "command": "Command",
    "run": "Run",
}


def headline_of(
    counts: Counter[Verdict],
    *,
    finished: bool = True,
    interrupted: bool = False,
    errors: int = 0,
    lab_faults: Collection[str] = (),
) -> tuple[str, str]:
    """The outcome in one sentence, and whose fault it is first of all.

    `errors` counts what went wrong in the harness outside any case; `lab_faults` names slots whose device was not found.
    """
    sentences = []
    blame = ""
    if counts[Verdict.FAIL]:
        sentences.append(f"The device broke a certain rule in {_results(counts[Verdict.FAIL])}.")
    if counts[Verdict.DEVIATION]:
        sentences.append(f"It differs from our reading in {_results(counts[Verdict.DEVIATION])}.")
    if sentences:
        blame = "device"
    if counts[Verdict.ERROR]:
        sentences.append(f"The harness itself was wrong in {_results(counts[Verdict.ERROR])}.")
        blame = blame or "harness"
    if errors:
        sentences.append(f"The harness failed outside the cases, {'once' if errors == 1 else f'{errors} times'}.")
        blame = blame or "harness"
    if counts[Verdict.INCONCLUSIVE]:
        sentences.append(f"The lab or a precondition failed in {_results(counts[Verdict.INCONCLUSIVE])}.")
        blame = blame or "lab"
    if lab_faults:
        sentences.append(f"The lab had no device in {', '.join(lab_faults)}.")
        blame = blame or "lab"
    if not counts[Verdict.FAIL] and not counts[Verdict.DEVIATION]:
        judged = counts[Verdict.PASS]
        sentences.insert(0, f"No rule was broken in {_results(judged)}." if judged else "Nothing was judged.")
    if counts[Verdict.NOT_RUN]:
        sentences.append(f"{_results(counts[Verdict.NOT_RUN])} not run.")
    if not finished:
        sentences.insert(0, "The run did not end by itself.")
    elif interrupted:
        sentences.insert(0, "The run was interrupted.")
    return " ".join(sentences), blame


def _results(count: int) -> str:
    return f"{count} result{'' if count == 1 else 's'}"


def facts_of(run: Run, masker: RunMasker) -> Iterator[tuple[str, str]]:
    """What the head of a report says of the run, label by label; what run.json does not tell is left out."""
    cited = cited_by(run)
    if cited:
        yield "Clauses are those of", cited
    for key, label in FACTS.items():
        value = run.about.get(key)
        if value not in (None, "", []):
            words = " ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield label, masker.text(words)
    environment = run.about.get("environment") or {}
    if environment:
        yield "Harness", f"sgp32-harness {environment.get('harness', '')}"
        yield "Host", f"Python {environment.get('python', '')}, {environment.get('platform', '')}"
        packages = environment.get("packages") or {}
        yield "Packages", ", ".join(f"{name} {version}" for name, version in packages.items())


def in_words(key: str) -> str:
    """The name of a fact about a device, as a person reads it."""
    return key.replace("_", " ").replace("sgp32", "SGP.32").replace(" ipa", " IPA")


def cited_by(run: Run) -> str:
    """The documents, with their versions, whose clauses the cases of a run name; a case is the same for devices of others."""
    clauses = [str(about.get("clause") or "") for about in (run.about.get("cases") or {}).values()]
    clauses += [result.clause for result in run.results]
    return ", ".join(sorted({found for clause in clauses for found in _DOCUMENT.findall(clause)}, key=_by_number))


def _by_number(document: str) -> tuple[bool, str]:
    return not document.startswith("SGP.32"), document


_DOCUMENT = re.compile(r"\b(?:SGP\.\d\d|TS \d{3} \d{3})(?: v\d[\d.]*)?")


def remarks_of(run: Run, masker: RunMasker) -> Iterator[str]:
    """What a reader must know before believing the numbers, one sentence each."""
    if not run.about:
        yield "run.json is missing or cannot be read: what was run on what is known from the slots' records only."
    if not run.finished:
        yield "The run was cut off or is still running: what it had not reached is shown as not run."
    for error in run.about.get("errors") or ():
        yield masker.text(f"Harness error: {error}")
