"""`sgp32 lab`: what is plugged in, and whether the lab file agrees with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.lab_kit import provisioning_kit
from harness.cli.lab_reach import reach
from harness.cli.lab_subscribers import subscribers
from harness.cli.options import json_option, known_slots, lab_option, written
from harness.errors import ConfigurationError, DeviceFault, Fault, HarnessError, LabFault
from harness.lab.file.configuration import Slot, read_lab
from harness.lab.file.trust import EXPORT

if TYPE_CHECKING:
    from harness.lab.benches.bench import Bench
    from harness.lab.rack import Rack


@click.group(name="lab")
def command() -> None:
    """Looks at what is plugged in."""


for each in (reach, provisioning_kit, subscribers):
    command.add_command(each)


@command.command()
@click.argument("slots", nargs=-1, metavar="[SLOT]...")
@lab_option
@json_option
def check(slots: tuple[str, ...], lab_file: Path, as_json: bool) -> int:
    """Opens the slots of a lab, all or those named, and asks each device who it is and what it is like.

    Nothing is changed in a device. For a card it says what the lab can be to it: verify what it signs, act as its SM-DP+,
    act as its eIM. For a named slot it drafts the ICS of its card. Exit status 3 if a device that must be there is not.
    """
    from harness.lab.rack import Rack, prepare

    lab = read_lab(lab_file)
    known_slots(lab, slots)
    prepare(lab, seed=1)
    with Rack(lab, seed=1) as rack:
        found = {name: looked_at(rack, slot) for name, slot in lab.slots.items() if not slots or name in slots}
    host = {"readers": readers(), "ports": ports()}
    if as_json:
        plain = {name: {key: said[key] for key in said if key != "lines"} for name, said in found.items()}
        click.echo(json.dumps({"lab": lab.name, "slots": plain, **host}, indent=1))
    else:
        lines = [text for name, said in found.items() for text in (line(name, said), *said.get("lines", ()))]
        lines += [said["ics"] for name, said in found.items() if name in slots and "ics" in said]
        click.echo("\n".join([*lines, *on_host(host)]))
    missing = [said for said in found.values() if not said["found"] and not said["optional"]]
    return 3 if missing else 0


@command.command("export-eim")
@click.argument("slot_name", metavar="SLOT")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it here; else on standard output.")
@lab_option
def export_eim(slot_name: str, out: Path | None, lab_file: Path) -> int:
    """Writes the addEim by which the owner of a card makes an eIM of this lab one of its eIMs.

    The slot says `trust: {eim: {join: export}}`. The lab keeps the key in its state: export and run in the same lab.
    """
    from harness.lab.joining import request_for_owner
    from harness.lab.rack import Rack, prepare

    lab = read_lab(lab_file)
    known_slots(lab, [slot_name])
    slot = lab.slots[slot_name]
    faults = []
    if slot.trust.eim.way != EXPORT:
        faults.append(Fault(str(lab_file), 0, f"{slot_name} is not joined by export", "write `eim: {join: export}`"))
    if lab.state is None and lab.pki is None:
        faults.append(Fault(str(lab_file), 0, "this lab forgets its keys after each run", "name a folder as `state`"))
    if faults:
        raise ConfigurationError(faults)
    prepare(lab, seed=1)
    with Rack(lab, seed=1) as rack:
        text = json.dumps(request_for_owner(rack, getattr(slot.device, "eid", ""), slot.trust.eim), indent=1)
    written(text, out)
    return 0


def looked_at(rack: Rack, slot: Slot) -> dict[str, Any]:
    """What is in one slot: who it says it is, and of a card all that it tells."""
    from harness.lab.benches.assembly import assemble

    bench = assemble(rack, slot, slot.name, None, lambda link: lambda exchange: None)
    try:
        bench.open()
        said: dict[str, Any] = {"found": True, "identity": dict(bench.identity())}
        return {**said, **_card(rack, bench)} if slot.ways.apdu else said
    except (LabFault, DeviceFault) as fault:
        return {"found": False, "optional": slot.optional, "reason": str(fault), "hint": fault.hint}
    finally:
        bench.close()


def _card(rack: Rack, bench: Bench) -> dict[str, Any]:
    from harness.cli.card_report import as_plain, draft_ics, in_words
    from harness.lab.benches.assembly import inspected
    from harness.lab.joining import EXPORTED_EIM_ID
    from harness.lab.ledger import ledger_of
    from harness.lab.parties import EIM_IDS
    from harness.lab.trusts import possible_trusts

    found = inspected(rack, bench)
    own = (*EIM_IDS, EXPORTED_EIM_ID, bench.slot.trust.eim.eim_id)
    trusts = possible_trusts(found, rack.pki, own)
    ledger = ledger_of(bench)
    written = [f"written by this lab: {ledger.in_words}"] if ledger is not None else []
    said = (*in_words(found, trusts), f"the lab file says: {bench.slot.trust.in_words}", *written)
    plain = as_plain(found, trusts) | {"ledger": None if ledger is None else dict(ledger.counts)}
    return {"card": plain, "ics": draft_ics(found), "lines": [f"  {text}" for text in said]}


def line(name: str, said: Mapping[str, Any]) -> str:
    """One slot for people."""
    if said["found"]:
        from harness.reporting.summary import in_words

        return f"{name}: " + ", ".join(f"{in_words(key)} {value}" for key, value in said["identity"].items())
    kind = "not here (optional)" if said["optional"] else "LAB FAULT"
    return f"{name}: {kind}: {said['reason']}" + (f"; try: {said['hint']}" if said["hint"] else "")


def on_host(host: Mapping[str, list[str]]) -> list[str]:
    """What this host has, for people who write a lab file."""
    return [f"{word} of this host: {', '.join(names) or 'none'}" for word, names in host.items()]


def readers() -> list[str]:
    """The PC/SC readers with their serial numbers; empty where PC/SC does not answer."""
    from harness.links import pcsc

    try:
        return [
            f"{reader.name}{f' (serial {reader.serial})' if reader.serial else ''}"
            f"{'' if reader.has_card else ', no card'}"
            for reader in pcsc.readers()
        ]
    except HarnessError:
        return []


def ports() -> list[str]:
    """The serial ports, by names that survive plugging them elsewhere."""
    by_id = Path("/dev/serial/by-id")
    return sorted(map(str, by_id.iterdir())) if by_id.is_dir() else []
