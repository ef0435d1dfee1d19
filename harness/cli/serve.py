"""`sgp32 serve`: one simulated device or reference role alone, for bench work. Ctrl-C ends it."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import lab_option
from harness.lab.file.configuration import read_lab

if TYPE_CHECKING:
    from fastapi import FastAPI

    from harness.endpoints.eim_database import EimDatabase
    from harness.lab.rack import Rack
    from harness.lab.servers import Behind
    from harness.links.events import Interface
    from harness.links.http_messages import HttpReply, Request
    from harness.links.tls import Trust
    from harness.profiles import ProfilePackage
    from harness.roles.eim import Eim
    from harness.roles.smdp import Smdp

WORKERS = 32
"""How many downloads an eIM relays at a time."""
REMEMBERED = 1_000
"""Events and requests that a server holds on to."""


@dataclass(frozen=True, slots=True)
class Serving:
    """What is to be served, and with what."""

    rack: Rack
    stack: ExitStack
    folder: Path
    """Gone when it ends."""
    port: int
    rest_port: int
    database: Path | None
    faults: tuple[str, ...]
    """What an SM-DP+ is to do wrong on purpose."""
    defects: tuple[str, ...]
    """Rules that an eIM is to break."""

    @property
    def state(self) -> Path:
        """The folder of what outlives it; with a lab that keeps nothing, nothing does."""
        return self.rack.lab.state or self.folder


Starter = Callable[[Serving], list[str]]
_FAULT = re.compile(r"([a-z-]+)(?::([A-Za-z0-9]+))?(?::([0-9]{1,6}))?")


@click.command()
@click.argument("what", type=click.Choice(["eim", "smdp", "smds", "euicc", "module"]))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The TCP port of a server; 0: any free one.")
@click.option("--rest-port", type=click.IntRange(0, 65535), default=0, help="Of an eIM's or SM-DP+'s REST interface.")
@click.option(
    "--database",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file in which an eIM keeps its state; else with the lab's state, or for this time only.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="As for `sgp32 run`.")
@click.option(
    "--inject",
    "faults",
    multiple=True,
    metavar="FAULT[:FUNCTION][:TIMES]",
    help="Has an SM-DP+ spoil an answer on purpose: latency, drop, corrupt-signature, wrong-certificate, wrong-challenge.",
)
@click.option("--defect", "defects", multiple=True, help="A rule that an eIM is to break, as in `sgp32 selftest`.")
@lab_option
def command(
    what: str,
    port: int,
    rest_port: int,
    database: Path | None,
    seed: int,
    faults: tuple[str, ...],
    defects: tuple[str, ...],
    lab_file: Path,
) -> None:
    """Serves an eIM, an SM-DP+, an SM-DS, a simulated eUICC behind PC/SC or a simulated module on a pty.

    Keys come from the lab file; a lab with a state folder serves the same ones each time. eIM and SM-DP+ have a REST
    interface for scripts, described at /openapi.json; it needs `pip install 'sgp32-harness[rest]'`.
    """
    from harness.lab.rack import Rack

    if faults and what != "smdp":
        raise click.UsageError("only an SM-DP+ has faults to inject", click.get_current_context())
    if defects:
        _check_defects(what, defects)
    with ExitStack() as stack:
        rack = stack.enter_context(Rack(read_lab(lab_file), seed))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sgp32-serve-")))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # children inherit it: Ctrl-C is this process's to handle
        lines = STARTERS[what](Serving(rack, stack, folder, port, rest_port, database, faults, defects))
        for asked in (signal.SIGINT, signal.SIGTERM):  # a shell's background job inherits the first one ignored
            signal.signal(asked, signal.default_int_handler)
        click.echo("\n".join([*lines, "Ctrl-C ends it"]))
        while True:
            signal.pause()


def _check_defects(what: str, defects: tuple[str, ...]) -> None:
    from harness.nodes import meant
    from harness.simulators.defects import defects_for

    if what != "eim":
        raise click.UsageError("only an eIM is served with defects", click.get_current_context())
    known = sorted(defects_for("eim"))
    for name in defects:
        if name not in known:
            said = f"no defect of an eIM is called {name!r}; {meant(name, known)}".rstrip("; ")
            raise click.BadParameter(said, param_hint="'--defect'")


def start_eim(given: Serving) -> list[str]:
    """The reference eIM over HTTPS, on real time, its whole state in a database."""
    from harness.crypto.entropy import system_entropy
    from harness.endpoints.eim import PATH, EimEndpoint
    from harness.endpoints.eim_database import EimDatabase
    from harness.lab.file.device import qualified
    from harness.lab.parties import new_eim
    from harness.links.events import Interface
    from harness.links.tls import Trust

    rack, file = given.rack, given.database or given.state / "eim.sqlite"
    database = EimDatabase(file)
    given.stack.callback(database.close)
    # What it makes up must be new each time that it serves from the same database.
    entropy = system_entropy()
    defects = [qualified("eim", name) for name in given.defects]
    way = _ToServers(Trust(_roots(rack)))
    eim = new_eim(rack, entropy, store=database, http=way, remembers=REMEMBERED, defects=defects)
    endpoint = EimEndpoint(eim, time.time, keeps=REMEMBERED)
    listening = _serve(given, "eim-tls", Interface.ESIPA, endpoint, workers=WORKERS, waits=endpoint.waits)
    rest = _rest(given, lambda token: _eim_service(eim, database, token, _roots(rack)))
    return [f"eIM {eim.identity.eim_id} at https://{listening}{PATH}", *rest, *_trust(given)]


class _ToServers:
    """The eIM's way to SM-DP+s and SM-DSs, a connection a call: one that is slow is nobody else's."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> HttpReply:
        """One call."""
        from harness.links.events import Interface
        from harness.links.https_client import HttpsClient

        client = HttpsClient(self._trust, interface=Interface.ES9P)
        try:
            return client.post(url, headers, body)
        finally:
            client.close()


def _eim_service(eim: Eim, database: EimDatabase, token: str, roots: tuple[bytes, ...]) -> FastAPI:
    from harness.endpoints.rest.eim import eim_service

    return eim_service(eim, database, token, time.time, roots)


def start_smdp(given: Serving) -> list[str]:
    """The reference SM-DP+ over HTTPS, with every fixture profile ordered once, and in stock for ES2+.

    An smdsAddress of an order may name any SM-DS that shows a certificate of the lab: `localhost:PORT` for one beside it.
    """
    from harness.endpoints.smdp import SmdpEndpoint
    from harness.lab.parties import new_smdp
    from harness.links.events import Interface
    from harness.links.https_client import HttpsClient
    from harness.links.tls import Trust

    rack = given.rack
    to_smds = HttpsClient(Trust(_roots(rack)), interface=Interface.ES12)
    given.stack.callback(to_smds.close)
    smdp = new_smdp(rack, rack.entropy.child("serve"), http=to_smds)
    for profile in rack.profiles.values():
        smdp.put_in_stock(profile)
    for fault in given.faults:
        _inject(smdp, fault)
    listening = _serve(given, "dp-tls", Interface.ES9P, SmdpEndpoint(smdp, _utc))
    codes = [f"{name}: {smdp.order(profile).activation_code}" for name, profile in rack.profiles.items()]
    rest = _rest(given, lambda token: _smdp_service(smdp, rack.profiles, token))
    return [f"SM-DP+ {smdp.identity.address} at https://{listening}", *codes, *rest, *_trust(given)]


def _smdp_service(smdp: Smdp, profiles: Mapping[str, ProfilePackage], token: str) -> FastAPI:
    from harness.endpoints.rest.smdp import smdp_service

    return smdp_service(smdp, profiles, token)


def _inject(smdp: Smdp, asked: str) -> None:
    found = _FAULT.fullmatch(asked)
    try:
        if found is None:
            raise ValueError(f"{asked!r} is not FAULT[:FUNCTION][:TIMES]")
        smdp.inject(found[1], found[2] or "", int(found[3] or 1))
    except ValueError as wrong:
        raise click.BadParameter(str(wrong), param_hint="'--inject'") from wrong


def start_smds(given: Serving) -> list[str]:
    """The reference SM-DS over HTTPS, with no event in it."""
    from harness.endpoints.smds import SmdsEndpoint
    from harness.lab.parties import new_smds
    from harness.links.events import Interface

    smds = new_smds(given.rack, given.rack.entropy.child("serve"))
    listening = _serve(given, "ds-tls", Interface.ES11, SmdsEndpoint(smds, _utc))
    return [f"SM-DS {smds.identity.address} at https://{listening}", *_trust(given)]


def start_euicc(given: Serving) -> list[str]:
    """A simulated eUICC in the virtual reader of a PC/SC daemon of ours."""
    from harness.endpoints.card_process import CardProcess
    from harness.endpoints.pcscd import PrivatePcscd
    from harness.lab.benches.card_factory import FACTORY, arguments_for
    from harness.simulators.euicc import CardConfig

    daemon = PrivatePcscd()
    daemon.start()
    given.stack.callback(daemon.stop)
    config = CardConfig()
    card = CardProcess(daemon, FACTORY, arguments_for(given.rack, config, given.folder / "memory.card", "serve"))
    card.start()
    given.stack.callback(card.stop)
    return [
        f"eUICC {config.eid.hex()} in the reader {card.reader!r}",
        f"for other programs: export PCSCLITE_CSOCK_NAME={os.environ['PCSCLITE_CSOCK_NAME']}",
    ]


def start_module(given: Serving) -> list[str]:
    """A simulated module on a pty, its firmware on real time."""
    from harness.endpoints.module_process import ModuleProcess
    from harness.lab.benches.card_factory import FACTORY, arguments_for
    from harness.simulators.euicc import CardConfig

    config = CardConfig()
    arguments = arguments_for(given.rack, config, given.folder / "memory.card", "serve")
    module = ModuleProcess(FACTORY, arguments, given.folder, ci_certificates=_roots(given.rack), clock="real")
    module.start()
    given.stack.callback(module.stop)
    return [f"module with the eUICC {config.eid.hex()} at {module.port}"]


STARTERS: dict[str, Starter] = {
    "eim": start_eim,
    "smdp": start_smdp,
    "smds": start_smds,
    "euicc": start_euicc,
    "module": start_module,
}


def _serve(
    given: Serving,
    role: str,
    interface: Interface,
    behind: Behind,
    *,
    workers: int = 1,
    waits: Callable[[Request], bool] | None = None,
) -> str:
    from harness.lab.servers import Server

    server = Server(given.rack, role, interface, workers=workers, waits=waits)
    server.behind = behind
    server.start(given.port)
    given.stack.callback(server.stop)
    return f"{server.address[0]}:{server.port}"


def _rest(given: Serving, made: Callable[[str], FastAPI]) -> list[str]:
    """The REST interface, and the line that tells of it. It is left out where what it is made with is not installed."""
    try:
        from harness.endpoints.rest.service import RestServer, kept_token
    except ModuleNotFoundError as missing:
        return [f"no REST interface: {missing.name} is missing (pip install 'sgp32-harness[rest]')"]
    file = given.state / "rest-token"
    server = RestServer(given.rack.loop, made(kept_token(file)))
    port = server.start(given.rest_port)
    given.stack.callback(server.stop)
    return [f"REST: http://127.0.0.1:{port}/v1, described at /openapi.json; token: {file}"]


def _roots(rack: Rack) -> tuple[bytes, ...]:
    return tuple(rack.pki.trust(curve).ci.certificate for curve in rack.pki.curves)


def _utc() -> datetime:
    return datetime.now(UTC)


def _trust(given: Serving) -> list[str]:
    """The CI certificates as a file that curl and others take."""
    from harness.links.tls import pem

    file = given.folder / "ci.pem"
    file.write_bytes(b"".join(pem(root) for root in _roots(given.rack)))
    return [f"its CI: {file}"]
