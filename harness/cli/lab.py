"""`sgp32 lab`: what is plugged in, and whether the lab file agrees with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from harness.cli.options import json_option, lab_option
from harness.errors import DeviceFault, HarnessError, LabFault
from harness.lab.configuration import read_lab


@click.group(name="lab")
def command() -> None:
    """Looks at what is plugged in."""


@command.command()
@lab_option
@json_option
def check(lab_file: Path, as_json: bool) -> int:
    """Opens every slot of a lab once and asks the device who it is. Exit status 3 if one that must be there is not."""
    from harness.lab.assembly import assemble
    from harness.lab.rack import Rack, prepare

    lab = read_lab(lab_file)
    prepare(lab, seed=1)
    found: dict[str, dict[str, Any]] = {}
    with Rack(lab, seed=1) as rack:
        for name, slot in lab.slots.items():
            bench = assemble(rack, slot, name, None, lambda link: lambda exchange: None)
            try:
                bench.open()
                found[name] = {"found": True, "identity": dict(bench.identity())}
            except (LabFault, DeviceFault) as fault:
                found[name] = {"found": False, "optional": slot.optional, "reason": str(fault), "hint": fault.hint}
            finally:
                bench.close()
    host = {"readers": readers(), "ports": ports()}
    if as_json:
        click.echo(json.dumps({"lab": lab.name, "slots": found, **host}, indent=1))
    else:
        click.echo("\n".join([*(line(name, said) for name, said in found.items()), *on_host(host)]))
    missing = [said for said in found.values() if not said["found"] and not said["optional"]]
    return 3 if missing else 0


def line(name: str, said: Mapping[str, Any]) -> str:
    """One slot for people."""
    if said["found"]:
        return f"{name}: " + ", ".join(f"{key} {value}" for key, value in said["identity"].items())
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
