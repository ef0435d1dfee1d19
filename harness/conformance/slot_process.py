"""`python -m harness.conformance.slot_process`: runs the cases of one slot, with pytest in the main thread.

Exit status: 0 the cases were run, whatever they came to; 2 the lab cannot be used as configured; 4 the harness is wrong;
130 interrupted.
"""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from contextlib import ExitStack
from pathlib import Path

from harness.conformance.assignment import Order
from harness.conformance.children import CUT_SHORT, Parent
from harness.conformance.plugin.session import run_session
from harness.conformance.running import Way
from harness.conformance.scenes import card_scene, module_scene, server_scene  # noqa: F401  # each registers its stage
from harness.errors import ConfigurationError
from harness.evidence.journal import Journal
from harness.lab.benches.assembly import assemble
from harness.lab.benches.bench import Bench
from harness.lab.file.configuration import read_lab
from harness.lab.rack import Rack


def main() -> int:
    """Runs what the parent orders."""
    parent = Parent()
    order = Order.of(parent.order())
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits it ignored
    main_thread = threading.main_thread().ident or 0
    parent.watch(lambda: signal.pthread_kill(main_thread, signal.SIGINT))
    try:
        return run(order, parent)
    except ConfigurationError as problem:
        parent.tell({"configuration": [str(fault) for fault in problem.faults]})
        return 2
    except KeyboardInterrupt:
        return CUT_SHORT
    except Exception as problem:
        traceback.print_exc()
        parent.tell({"error": f"{type(problem).__name__}: {problem}"})
        return 4


def run(order: Order, parent: Parent) -> int:
    """Runs the cases of all assignments in one pytest session."""
    lab = read_lab(Path(order.lab_file)).allowing(order.allow)
    with ExitStack() as stack:
        rack = stack.enter_context(Rack(lab, order.seed, Path(order.front) if order.front else None))
        journals: dict[str, Journal] = {}
        benches: dict[str, Bench] = {}
        for given in order.assignments:
            journal = journals[given.name] = stack.enter_context(Journal(order.slot_dir(given.name), slot=given.name))
            benches[given.name] = assemble(rack, lab.slots[given.slot], given.name, given.defects, journal.observer)
        wanted: dict[tuple[Path, str], list[Way]] = {}
        for given in order.assignments:
            journals[given.name].plan(given.plan)
            for planned in given.cases:
                ways = wanted.setdefault((Path(planned.file), planned.function), [])
                ways += [Way(benches[given.name], link) for link in planned.links]
        shuffle_seed = order.seed if lab.is_hardware else None
        return run_session(Path(order.suites), wanted, journals, parent.tell, shuffle_seed=shuffle_seed)


if __name__ == "__main__":
    sys.exit(main())
