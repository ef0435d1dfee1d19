"""Runs real cases against lying devices in one process, each a device of its own, and prints the results as JSON.

`python -m tests.hostile.session FOLDER SLOT LIARS [CASES]`: a slot of the simulated lab, comma-separated names of liars, and
case identifiers; none means all that the slot can observe. A case that does not end within LONGEST_CASE seconds ends the
process with every thread's traceback.
"""

from __future__ import annotations

import faulthandler
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness import resources
from harness.conformance.applicability import links_for
from harness.conformance.catalogue import read_suites
from harness.conformance.plugin.session import run_session
from harness.conformance.running import Way
from harness.conformance.scenes import card_scene, module_scene, server_scene  # noqa: F401  # each registers its stage
from harness.evidence.journal import Journal
from harness.lab.benches import card_bench, card_factory
from harness.lab.benches.assembly import assemble
from harness.lab.benches.module_bench import ModuleBench
from harness.lab.benches.server_bench import ServerBench
from harness.lab.file.configuration import read_lab
from harness.lab.rack import Rack
from tests.hostile.cards import Card, SpoilsMessages, liars, random_octets, random_structure
from tests.hostile.modems import LIARS as LINES
from tests.hostile.modems import LyingLine
from tests.hostile.servers import lie_named

LONGEST_CASE = 60
SLOW = 5.0


def lying_card(name: str) -> Callable[[Card], Card]:
    """A card of `liars`, or `octets-SEED` and `structure-SEED` for random changes."""
    kind, _, seed = name.partition("-")
    makers = {"octets": random_octets, "structure": random_structure}
    if kind in makers and seed.isdecimal():
        return lambda card: SpoilsMessages(card, makers[kind](int(seed), 0.2))
    return liars()[name]


def put_liars_into_cards() -> None:
    """Every simulated card in this process becomes the liar that its bench is named after."""
    conforming = card_bench.simulated_card

    def lying(rack: Rack, slot_name: str, config: Any, defects: Sequence[str], label: str) -> Any:
        return lying_card(label)(conforming(rack, slot_name, config, defects, label))

    card_bench.simulated_card = lying
    arguments_for = card_factory.arguments_for

    def with_a_liar(rack: Rack, config: Any, memory: Path, label: str) -> dict[str, Any]:
        return {**arguments_for(rack, config, memory, label), "liar": label}

    card_factory.arguments_for = with_a_liar
    card_factory.FACTORY = "tests.hostile.factory:make"


def put_liars_before_modules() -> None:
    """Every simulated module is reached over the lying line that its bench is named after."""
    honest = ModuleBench._start_simulated

    def lying(bench: ModuleBench) -> str:
        port = Path(tempfile.mkdtemp(prefix="hostile-")) / "modem"
        line = LyingLine(Path(honest(bench)), port, LINES[bench.name]())
        bench._closing.callback(line.stop)
        return str(port)

    ModuleBench._start_simulated = lying  # type: ignore[method-assign]


def put_liars_into_servers() -> None:
    """Every server under test answers as the lie that its bench is named after."""
    honest = ServerBench.open

    def lying(bench: ServerBench) -> None:
        honest(bench)
        truth, lie = bench.server._answer, lie_named(bench.name)
        bench.server._endpoint._server._handler = lambda request: lie(request, truth(request))

    ServerBench.open = lying  # type: ignore[method-assign]


PUT = {
    "euicc": put_liars_into_cards,
    "module": put_liars_before_modules,
    "eim": put_liars_into_servers,
    "smdp": put_liars_into_servers,
}


def main(folder: Path, slot_name: str, names: Sequence[str], cases: Sequence[str] = ()) -> None:
    told: list[Mapping[str, Any]] = []
    lab = read_lab(resources.path("lab-config/simulated.yaml"))
    slot = lab.slots[slot_name]
    entries = [entry for entry in read_suites(resources.path("suites")) if links_for(entry.case, slot)]
    if cases:
        entries = [entry for entry in entries if entry.case.identifier in cases]
    PUT[slot.kind]()
    began = time.monotonic()

    def tell(line: Mapping[str, Any]) -> None:
        nonlocal began
        faulthandler.dump_traceback_later(LONGEST_CASE, exit=True)
        told.append(line)
        if "result" in line:
            took = time.monotonic() - began
            result = line["result"]
            mark = "slow " if took > SLOW else ""
            print(f"{mark}{result['slot']} {result['case']} {result['verdict']} {took:.1f} s", file=sys.stderr)
        began = time.monotonic()

    with Rack(lab, 1) as rack:
        journals: dict[str, Journal] = {}
        wanted: dict[tuple[Path, str], list[Way]] = {}
        for name in names:
            journal = journals[name] = Journal(folder / "slots" / name, slot=name)
            bench = assemble(rack, slot, name, None, journal.observer)
            for entry in entries:
                ways = wanted.setdefault((entry.file, entry.function), [])
                ways += [Way(bench, link) for link in links_for(entry.case, slot)]
        status = run_session(resources.path("suites"), wanted, journals, tell)
        faulthandler.cancel_dump_traceback_later()
        for journal in journals.values():
            journal.close()
    print("\n" + json.dumps({"status": status, "told": told}))


if __name__ == "__main__":
    words = [word.split(",") for word in sys.argv[3:]]
    main(Path(sys.argv[1]), sys.argv[2], *words)
