"""`sgp32 run`: runs the applicable cases on the slots of a lab and writes a run directory."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from harness import resources
from harness.cli.options import json_option, lab_option, made
from harness.cli.rendering import rendered_apart
from harness.conformance.assignment import Assignment, Order
from harness.conformance.catalogue import Entry
from harness.conformance.outcome import ExitStatus, RunOutcome
from harness.conformance.runner import Progress, orders_for, run_orders
from harness.conformance.selection import Wish, assignments_for, chosen_entries
from harness.evidence.run_directory import RunDirectory
from harness.lab.file.configuration import Lab, Slot, read_lab
from harness.lab.file.effects import EFFECTS, FUZZ
from harness.lab.rack import prepare
from harness.lab.reaching.shared_port import recorded_in, shared_port


@click.command()
@click.argument("cases", nargs=-1, metavar="[CASE|PATH]...")
@lab_option
@click.option("--slot", "slots", multiple=True, metavar="NAME", help="Only this slot. May be repeated.")
@click.option("--link", "links", multiple=True, metavar="NAME", help="Only over this link. May be repeated.")
@click.option("--seed", type=int, default=1, show_default=True, help="The seed of keys, challenges and identifiers.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="The run directory to write.")
@click.option("--allow-deviations", is_flag=True, help="Deviations do not change the exit status.")
@click.option("--require-all", is_flag=True, help="A slot that is optional in the lab file must be there too.")
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(list(EFFECTS)),
    metavar="EFFECT",
    help=f"Allow this lasting effect on real cards: {', '.join(EFFECTS)}. May be repeated.",
)
@click.option("--allow-fuzz", is_flag=True, help="Allow random mutations to be sent to real cards.")
@json_option
def command(
    cases: Sequence[str],
    lab_file: Path,
    slots: tuple[str, ...],
    links: tuple[str, ...],
    seed: int,
    out: Path | None,
    allow_deviations: bool,
    require_all: bool,
    allow: tuple[str, ...],
    allow_fuzz: bool,
    as_json: bool,
) -> int:
    """Runs the applicable cases on the slots of a lab.

    Names cases by identifier (EU-062) or by suite file or folder. Exit status: 0 all well, 1 a device failed or deviated,
    2 bad usage or configuration, 3 inconclusive or lab fault only, 4 harness error, 130 interrupted.
    """
    allow += (FUZZ,) if allow_fuzz else ()
    lab = read_lab(lab_file).allowing(allow)
    entries = chosen_entries(cases)
    assignments = assignments_for(lab, entries, Wish(tuple(cases), slots, links))
    prepare(lab, seed)
    directory = RunDirectory(new_directory(out))
    directory.begin(
        lab=lab.name,
        seed=seed,
        slots=described(lab, assignments),
        command=sys.argv,
        lab_file=str(lab_file),
        clock=lab.clock,
        pki=str(lab.pki or "minted"),
        cases=declared(entries),
    )
    view = Progress() if as_json else _terminal_view()
    used = [lab.slots[given.slot] for given in assignments]
    suites = str(resources.path("suites"))
    with shared_port(lab, used, recorded_in(directory.path)) as front:
        order = Order(str(lab_file), str(directory.path), suites, seed, assignments, allow, str(front or ""))
        outcome = run_orders(orders_for(order), view, at_once=side_by_side(lab))
    status = outcome.exit_status(allow_deviations=allow_deviations, require_all=require_all)
    directory.end(exit_status=int(status), lab_faults=outcome.lab_faults, absent=outcome.absent, errors=outcome.errors)
    report = rendered_apart(directory.path)
    directory.seal()
    if as_json:
        click.echo(json.dumps(as_plain(directory.path, outcome, status, report), indent=1))
    else:
        from harness.cli.view import summary

        summary(outcome, directory.path, report, troubles_told=view.tells_troubles)
    return int(status)


def new_directory(out: Path | None) -> Path:
    """The run directory to write, made and empty: `out`, or a new one under `runs` that is named for the moment.

    Raises click.UsageError where it cannot be made, or holds something already: a record is never written over.
    """
    if out is not None:
        if any(made(out).iterdir()):
            raise click.UsageError(
                f"{out} is not empty: a record is never written over; name another folder with --out"
            )
        return out
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    names = [moment, *(f"{moment}-{number}" for number in range(2, 100))]
    runs = made(Path("runs"))
    return made(next(runs / name for name in names if not (runs / name).exists()))


def declared(entries: Iterable[Entry]) -> dict[str, dict[str, str]]:
    """What the chosen cases are, for run.json: a case that never runs is then still known by its rule."""
    return {
        entry.case.identifier: {
            "title": entry.case.title,
            "clause": entry.case.clause,
            "confidence": str(entry.case.confidence),
            "area": entry.case.area,
        }
        for entry in entries
    }


def described(lab: Lab, assignments: Sequence[Assignment]) -> dict[str, dict[str, Any]]:
    """The slots that run, for run.json."""
    return {
        given.name: {
            "kind": lab.slots[given.slot].kind,
            "links": list(lab.slots[given.slot].ways.names),
            "device": {
                "form": type(lab.slots[given.slot].device).__name__.lower(),
                **_told(lab.slots[given.slot]),
                **({"allow": list(sparing.allow)} if (sparing := lab.slots[given.slot].sparing) is not None else {}),
                **({"trust": lab.slots[given.slot].trust.in_words} if lab.slots[given.slot].ways.apdu else {}),
            },
        }
        for given in assignments
    }


def _told(slot: Slot) -> dict[str, Any]:
    """What the lab file says of the device; of a card alone nothing that only a module has."""
    device = asdict(slot.device)
    if "habits" in device:
        device["habits"] = dict(device["habits"])
    of_module = ("ipa", "dialect", "meets") if slot.kind == "euicc" else ()
    return {name: value for name, value in device.items() if name not in of_module}


def side_by_side(lab: Lab) -> int | None:
    """How many slots run at once: all of them where hardware is waited for, or else as many as there are cores to compute."""
    return None if lab.is_hardware else max(2, len(os.sched_getaffinity(0)))


def as_plain(path: Path, outcome: RunOutcome, status: ExitStatus, report: Path | None) -> dict[str, Any]:
    """What a run came to, as plain values."""
    return {
        "run": str(path),
        "report": str(report) if report else None,
        "exit_status": int(status),
        "counts": dict(outcome.counts),
        "lab_faults": outcome.lab_faults,
        "absent": outcome.absent,
        "errors": outcome.errors + outcome.configuration,
        "results": [
            {key: result[key] for key in ("case", "slot", "link", "verdict", "reason")} for result in outcome.results
        ],
    }


def _terminal_view() -> Progress:
    from harness.cli.view import view_of

    return view_of()
