"""`sgp32 lab provisioning-kit`: writes what a module has to be given before it can work with our servers."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import known_slots, lab_option, made
from harness.errors import ConfigurationError, Fault
from harness.lab.file.configuration import read_lab


@click.command("provisioning-kit")
@click.argument("slot_name", metavar="SLOT")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write into."
)
@lab_option
def provisioning_kit(slot_name: str, out: Path, lab_file: Path) -> int:
    """Writes the CI root, the TLS anchors and the eIM configuration for the module in SLOT, with a README.

    The lab must keep its keys: `state`, or a `pki` folder. Nothing secret is written.
    """
    from harness.lab.file.reach import OUR_NAMES
    from harness.lab.rack import Rack, prepare
    from harness.lab.reaching.provisioning import kit

    lab = read_lab(lab_file)
    known_slots(lab, [slot_name])
    slot = lab.slots[slot_name]
    faults = []
    if slot.kind not in ("module", "euicc"):
        faults.append(Fault(str(lab_file), 0, f"{slot_name} holds a server, not a device", "name a module or a card"))
    if lab.state is None and lab.pki is None:
        faults.append(Fault(str(lab_file), 0, "this lab forgets its keys after each run", "name a folder as `state`"))
    if faults:
        raise ConfigurationError(faults)
    prepare(lab, seed=1)
    with Rack(lab, seed=1) as rack:
        files = kit(rack, slot, OUR_NAMES if slot.reach is None else slot.reach.names)
    made(out)
    try:
        for name, octets in files.items():
            (out / name).write_bytes(octets)
    except OSError as fault:
        raise click.UsageError(f"{out} cannot be written: {fault.strerror}; name another folder with --out") from fault
    click.echo(f"{len(files)} files in {out}; {out / 'README.txt'} says what each is for")
    return 0
