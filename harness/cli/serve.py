"""`sgp32 serve`: one simulated device or reference role alone, for bench work. Ctrl-C ends it."""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import lab_option
from harness.lab.configuration import read_lab

if TYPE_CHECKING:
    from harness.lab.rack import Rack
    from harness.lab.servers import Behind
    from harness.links.events import Interface
    from harness.roles.smdp import Smdp

Starter = Callable[["Rack", ExitStack, Path, int], list[str]]
_FAULT = re.compile(r"([a-z-]+)(?::([A-Za-z0-9]+))?(?::([0-9]{1,6}))?")


@click.command()
@click.argument("what", type=click.Choice(["eim", "smdp", "smds", "euicc", "module"]))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The TCP port of a server; 0: any free one.")
@click.option("--seed", type=int, default=1, show_default=True, help="As for `sgp32 run`.")
@click.option(
    "--inject",
    "faults",
    multiple=True,
    metavar="FAULT[:FUNCTION][:TIMES]",
    help="Has an SM-DP+ spoil an answer on purpose: latency, drop, corrupt-signature, wrong-certificate, wrong-challenge.",
)
@lab_option
def command(what: str, port: int, seed: int, faults: tuple[str, ...], lab_file: Path) -> None:
    """Serves an eIM, an SM-DP+, an SM-DS, a simulated eUICC behind PC/SC or a simulated module on a pty.

    Keys come from the lab file; a lab with a state folder serves the same ones each time.
    """
    from harness.lab.rack import Rack

    if faults and what != "smdp":
        raise click.UsageError("only an SM-DP+ has faults to inject", click.get_current_context())
    with ExitStack() as stack:
        rack = stack.enter_context(Rack(read_lab(lab_file), seed))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sgp32-serve-")))
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # children inherit it: Ctrl-C is this process's to handle
        starter = partial(start_smdp, faults=faults) if what == "smdp" else STARTERS[what]
        lines = starter(rack, stack, folder, port)
        signal.signal(signal.SIGINT, before)
        click.echo("\n".join([*lines, "Ctrl-C ends it"]))
        while True:
            signal.pause()


def start_eim(rack: Rack, stack: ExitStack, folder: Path, port: int) -> list[str]:
    """The reference eIM over HTTPS."""
    from harness.endpoints.eim import PATH, EimEndpoint
    from harness.lab.parties import new_eim
    from harness.links.events import Interface

    eim = new_eim(rack, rack.entropy.child("serve"))
    listening = _serve(rack, stack, "eim-tls", Interface.ESIPA, EimEndpoint(eim, rack.clock.now), port)
    return [f"eIM {eim.identity.eim_id} at https://{listening}{PATH}", *_trust(rack, folder)]


def start_smdp(rack: Rack, stack: ExitStack, folder: Path, port: int, faults: Sequence[str] = ()) -> list[str]:
    """The reference SM-DP+ over HTTPS, with every fixture profile ordered once, and in stock for ES2+.

    An smdsAddress of an order may name any SM-DS that shows a certificate of the lab: `localhost:PORT` for one beside it.
    """
    from harness.endpoints.smdp import SmdpEndpoint
    from harness.lab.parties import new_smdp
    from harness.links.events import Interface
    from harness.links.https_client import HttpsClient
    from harness.links.tls import Trust

    roots = tuple(rack.pki.trust(curve).ci.certificate for curve in rack.pki.curves)
    to_smds = HttpsClient(Trust(roots), interface=Interface.ES12)
    stack.callback(to_smds.close)
    smdp = new_smdp(rack, rack.entropy.child("serve"), http=to_smds)
    for profile in rack.profiles.values():
        smdp.put_in_stock(profile)
    for fault in faults:
        _inject(smdp, fault)
    listening = _serve(rack, stack, "dp-tls", Interface.ES9P, SmdpEndpoint(smdp, rack.clock.utc), port)
    codes = [f"{name}: {smdp.order(profile).activation_code}" for name, profile in rack.profiles.items()]
    return [f"SM-DP+ {smdp.identity.address} at https://{listening}", *codes, *_trust(rack, folder)]


def _inject(smdp: Smdp, asked: str) -> None:
    found = _FAULT.fullmatch(asked)
    try:
        if found is None:
            raise ValueError(f"{asked!r} is not FAULT[:FUNCTION][:TIMES]")
        smdp.inject(found[1], found[2] or "", int(found[3] or 1))
    except ValueError as wrong:
        raise click.BadParameter(str(wrong), param_hint="'--inject'") from wrong


def start_smds(rack: Rack, stack: ExitStack, folder: Path, port: int) -> list[str]:
    """The reference SM-DS over HTTPS, with no event in it."""
    from harness.endpoints.smds import SmdsEndpoint
    from harness.lab.parties import new_smds
    from harness.links.events import Interface

    smds = new_smds(rack, rack.entropy.child("serve"))
    listening = _serve(rack, stack, "ds-tls", Interface.ES11, SmdsEndpoint(smds, rack.clock.utc), port)
    return [f"SM-DS {smds.identity.address} at https://{listening}", *_trust(rack, folder)]


def start_euicc(rack: Rack, stack: ExitStack, folder: Path, port: int) -> list[str]:
    """A simulated eUICC in the virtual reader of a PC/SC daemon of ours."""
    from harness.endpoints.card_process import CardProcess
    from harness.endpoints.pcscd import PrivatePcscd
    from harness.lab.card_factory import FACTORY, arguments_for
    from harness.simulators.euicc import CardConfig

    daemon = PrivatePcscd()
    daemon.start()
    stack.callback(daemon.stop)
    config = CardConfig()
    card = CardProcess(daemon, FACTORY, arguments_for(rack, config, folder / "memory.card", "serve"))
    card.start()
    stack.callback(card.stop)
    return [
        f"eUICC {config.eid.hex()} in the reader {card.reader!r}",
        f"for other programs: export PCSCLITE_CSOCK_NAME={os.environ['PCSCLITE_CSOCK_NAME']}",
    ]


def start_module(rack: Rack, stack: ExitStack, folder: Path, port: int) -> list[str]:
    """A simulated module on a pty, its firmware on real time."""
    from harness.endpoints.module_process import ModuleProcess
    from harness.lab.card_factory import FACTORY, arguments_for
    from harness.simulators.euicc import CardConfig

    config = CardConfig()
    roots = [rack.pki.trust(curve).ci.certificate for curve in rack.pki.curves]
    arguments = arguments_for(rack, config, folder / "memory.card", "serve")
    module = ModuleProcess(FACTORY, arguments, folder, ci_certificates=roots, clock="real")
    module.start()
    stack.callback(module.stop)
    return [f"module with the eUICC {config.eid.hex()} at {module.port}"]


STARTERS: dict[str, Starter] = {
    "eim": start_eim,
    "smdp": start_smdp,
    "smds": start_smds,
    "euicc": start_euicc,
    "module": start_module,
}


def _serve(rack: Rack, stack: ExitStack, role: str, interface: Interface, behind: Behind, port: int) -> str:
    from harness.lab.servers import Server

    server = Server(rack, role, interface)
    server.behind = behind
    server.start(port)
    stack.callback(server.stop)
    return f"{server.address[0]}:{server.port}"


def _trust(rack: Rack, folder: Path) -> list[str]:
    """The CI certificates as a file that curl and others take."""
    from harness.links.tls import pem

    file = folder / "ci.pem"
    file.write_bytes(b"".join(pem(rack.pki.trust(curve).ci.certificate) for curve in rack.pki.curves))
    return [f"its CI: {file}"]
