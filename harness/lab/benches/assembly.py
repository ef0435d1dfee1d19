"""From a slot of the lab file to a bench: which kind of slot is assembled how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.errors import LabFault
from harness.lab.benches.bench import Bench, ObserverOf
from harness.lab.benches.card_bench import CardBench
from harness.lab.benches.cards import port_of
from harness.lab.benches.module_bench import ModuleBench
from harness.lab.benches.server_bench import ServerBench
from harness.lab.file.configuration import Slot
from harness.lab.inspection import Inspection, inspect
from harness.lab.rack import Rack
from harness.links.apdu import CardLink
from harness.roles.es10 import Es10

BENCHES: Mapping[str, Callable[[Rack, Slot, str, Sequence[str] | None, ObserverOf], Bench]] = {
    "euicc": CardBench,
    "module": ModuleBench,
    "eim": ServerBench,
    "smdp": ServerBench,
    "smds": ServerBench,
}


def assemble(rack: Rack, slot: Slot, name: str, defects: Sequence[str] | None, observer_of: ObserverOf) -> Bench:
    """The bench of a slot, not yet open. `defects` replace those that the lab file names; None keeps them."""
    return BENCHES[slot.kind](rack, slot, name, defects, observer_of)


def card_link(bench: Bench) -> CardLink:
    """The first way to the card of an open slot. Raises LabFault where the slot holds none."""
    if isinstance(bench, CardBench):
        return bench.link
    if isinstance(bench, ModuleBench):
        return bench.link("")
    raise LabFault(f"the slot {bench.name} holds no card", hint="name a slot of kind `euicc` or `module`")


def inspected(rack: Rack, bench: Bench) -> Inspection:
    """What the card of an open slot says of itself. A module is not reset for it, so its card's ATR stays unseen."""
    link = card_link(bench)
    es10 = Es10(port_of(link))
    atr = es10.reset() if link.is_terminal else b""
    try:
        return inspect(es10, rack.pki, atr=atr)
    finally:
        es10.close()
