"""`sgp32 plan`: the cases, and why each applies or not. Reads the suites without importing them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from harness.cli.options import json_option, lab_option
from harness.conformance.allowance import forbidden
from harness.conformance.applicability import applies, links_for, why
from harness.conformance.case import Case
from harness.conformance.catalogue import Entry
from harness.conformance.selection import chosen_entries
from harness.lab.file.configuration import Lab, Slot, read_lab


@click.command()
@click.argument("cases", nargs=-1, metavar="[CASE|PATH]...")
@click.option("--explain", metavar="CASE", help="Why this case applies to each slot of the lab, or not.")
@click.option(
    "--coverage",
    is_flag=False,
    flag_value="",
    metavar="[RUN]",
    help="What the cases cover of the eUICC's interface, in this run directory. Without one the cases are run for it.",
)
@lab_option
@json_option
def command(cases: Sequence[str], explain: str | None, coverage: str | None, lab_file: Path, as_json: bool) -> int:
    """Lists the cases with clause and applicability."""
    lab = read_lab(lab_file)
    if coverage is not None:
        from harness.cli.coverage import show

        return show(Path(coverage) if coverage else None, lab, cases, as_json=as_json)
    entries = chosen_entries([explain] if explain else cases)
    if as_json:
        click.echo(
            json.dumps({"cases": [as_plain(entry, lab, explained=bool(explain)) for entry in entries]}, indent=1)
        )
    elif explain:
        for entry in entries:
            click.echo(explanation(entry, lab))
    else:
        click.echo(table(entries, lab))
    return 0


def as_plain(entry: Entry, lab: Lab, *, explained: bool = False) -> dict[str, Any]:
    """One case as plain values, keys as documented."""
    case, slots = entry.case, lab.slots.values()
    links = dict.fromkeys(link for slot in slots for link in links_for(case, slot))
    plain: dict[str, Any] = {
        "case": case.identifier,
        "title": case.title,
        "clause": case.clause,
        "confidence": str(case.confidence),
        "area": case.area,
        "links": list(links),
        "catches": list(case.catches),
        "requires": list(case.requires),
        "without": list(case.without),
        "effects": list(case.effects),
        "applies": applies(case, slots),
    }
    if explained:
        plain["why"] = {slot.name: why_and_whether(case, slot) for slot in slots}
    return plain


def explanation(entry: Entry, lab: Lab) -> str:
    """One case, in full, for people."""
    case = entry.case
    lines = [
        f"{case.identifier}  {case.title}",
        f"  clause      {case.clause} ({case.confidence})",
        f"  written in  {entry.file}:{entry.line}",
        f"  catches     {', '.join(case.catches)}",
        f"  requires    {', '.join(case.requires) or 'nothing that a card may lack'}",
        f"  without     {', '.join(case.without) or 'nothing that a card may have'}",
        f"  effects     {', '.join(case.effects) or 'none that lasts, beside reaching its state'}",
        f"  starts from {case.needs.eims} eIM, profiles {', '.join(case.needs.profiles) or 'none'}"
        f", enabled {case.needs.enabled or 'none'}",
    ]
    return "\n".join(lines + [f"  {why_and_whether(case, slot)}" for slot in lab.slots.values()])


def why_and_whether(case: Case, slot: Slot) -> str:
    """Why the case applies to the slot or not, and what the lab file does not allow of it."""
    reason = forbidden(case, slot) if applies(case, [slot]) else ""
    return f"{why(case, slot)}; {reason}" if reason else why(case, slot)


def table(entries: Sequence[Entry], lab: Lab) -> str:
    """All cases, one a line."""
    rows = []
    for entry in entries:
        case = entry.case
        links = dict.fromkeys(link for slot in lab.slots.values() for link in links_for(case, slot))
        rows.append((case.identifier, case.area, str(case.confidence), ",".join(links) or "does not apply", case.title))
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows
    ]
    applying = sum(applies(entry.case, lab.slots.values()) for entry in entries)
    return "\n".join([*lines, f"{len(rows)} cases, {applying} apply to the lab {lab.name!r}"])
