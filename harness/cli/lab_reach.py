"""`sgp32 lab reach`: proves that a device reaches our servers, before any case depends on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option, known_slots, lab_option
from harness.errors import ConfigurationError, DeviceFault, Fault, LabFault
from harness.lab.file.configuration import Slot, read_lab

if TYPE_CHECKING:
    from harness.endpoints.front import Arrival
    from harness.lab.rack import Rack
    from harness.lab.reaching.proof import Proof

MOST_WAIT = 86_400


@click.command()
@click.argument("slot_name", metavar="SLOT")
@click.option(
    "--wait",
    type=click.IntRange(0, MOST_WAIT),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long the device gets to poll.",
)
@click.option(
    "--no-reboot", is_flag=True, help="Wait for a poll that comes by itself, instead of restarting the module."
)
@lab_option
@json_option
def reach(slot_name: str, wait: int, no_reboot: bool, lab_file: Path, as_json: bool) -> int:
    """Proves the way from the module in SLOT to our servers: name, route, trust, and a poll that is seen.

    Exit status 3 where a proof fails: the lab's fault, never the device's.
    """
    from harness.lab.rack import Rack, prepare
    from harness.lab.reaching.shared_port import shared_port

    lab = read_lab(lab_file)
    known_slots(lab, [slot_name])
    slot = lab.slots[slot_name]
    if slot.kind != "module" or not slot.ways.https:
        hint = "write `esipa: https` among the links of a module" + (
            " and `reach` beside them" if slot.is_hardware else ""
        )
        raise ConfigurationError([Fault(str(lab_file), 0, f"no device in {slot_name} is to reach our servers", hint)])
    prepare(lab, seed=1)
    arrivals: list[Arrival] = []
    with shared_port(lab, [slot], arrivals.append) as front, Rack(lab, 1, front) as rack:
        found = _proved(rack, slot, arrivals, wait, not no_reboot, quiet=as_json)
    holds = all(proof.holds for proof in found)
    if as_json:
        click.echo(
            json.dumps({"slot": slot_name, "holds": holds, "proofs": [asdict(proof) for proof in found]}, indent=1)
        )
    return 0 if holds else 3


def _proved(
    rack: Rack, slot: Slot, arrivals: Sequence[Arrival], wait: int, reboot: bool, *, quiet: bool
) -> list[Proof]:
    """Every proof, shown as it comes."""
    from harness.lab.benches.module_bench import ModuleBench
    from harness.lab.reaching.proof import Proof, proofs

    found: list[Proof] = []
    bench = ModuleBench(rack, slot, slot.name, None, lambda link: lambda exchange: None)
    try:
        bench.open()
        for proof in proofs(rack, bench, arrivals, wait=wait, reboot=reboot):
            found.append(proof)
            if not quiet:
                _show(proof)
    except (LabFault, DeviceFault) as fault:
        found.append(Proof("module", False, str(fault), fault.hint))
        if not quiet:
            _show(found[-1])
    finally:
        bench.close()
    return found


def _show(proof: Proof) -> None:
    click.echo(f"{'ok' if proof.holds else 'LAB FAULT':9} {proof.what:6} {proof.said}")
    if not proof.holds and proof.hint:
        click.echo(f"{'':16} try: {proof.hint}")
