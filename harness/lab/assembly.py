"""From a slot of the lab file to a bench: which kind of slot is assembled how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.lab.bench import Bench, ObserverOf
from harness.lab.card_bench import CardBench
from harness.lab.configuration import Slot
from harness.lab.module_bench import ModuleBench
from harness.lab.rack import Rack
from harness.lab.server_bench import ServerBench

BENCHES: Mapping[str, Callable[[Rack, Slot, str, Sequence[str] | None, ObserverOf], Bench]] = {
    "euicc": CardBench,
    "module": ModuleBench,
    "eim": ServerBench,
    "smdp": ServerBench,
}


def assemble(rack: Rack, slot: Slot, name: str, defects: Sequence[str] | None, observer_of: ObserverOf) -> Bench:
    """The bench of a slot, not yet open. `defects` replace those that the lab file names; None keeps them."""
    return BENCHES[slot.kind](rack, slot, name, defects, observer_of)
