"""Ten thousand devices that poll hourly for a virtual day, one package each, in one process of their own.

`python -m tests.bench.fleet SIZE HOURS` prints seconds, megabytes and what was done.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

from harness import resources
from harness.lab.file.configuration import read_lab
from harness.lab.rack import Rack
from harness.roles.eim.commands import list_profile_info
from harness.roles.eim.state import DONE
from tests.bench.commands import ROOT
from tests.bench.devices import fleet
from tests.bench.figures import Figure

SIZE, HOURS = 10_000, 24
_DEADLINE = 3_600


def a_day() -> list[Figure]:
    """The whole day; raises RuntimeError where a device or a package went wrong."""
    command = [sys.executable, "-m", "tests.bench.fleet", str(SIZE), str(HOURS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_DEADLINE)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    told = json.loads(done.stdout)
    how = f"once; {told['wakes']} visits, {told['done']} packages done"
    return [
        Figure(f"{SIZE} devices, a virtual day", told["seconds"], 600, "s", how),
        Figure("the same, memory", told["megabytes"], 1500, "MB", how),
    ]


def main(size: int, hours: int) -> int:
    """Lives one fleet's life and prints it. Exit status 1 where not every device had its package and its polls."""
    begun = time.perf_counter()
    with Rack(read_lab(resources.path("lab-config/simulated.yaml")), 1) as rack:
        one = fleet(rack, size)
        for device in one.devices:
            one.eim.queue_package(device.eid, list_profile_info())
        wakes = one.run(hours * 3600)
        done = sum(operation.state == DONE for operation in one.eim.state.operations.values())
        incidents = sum(1 for _ in one.incidents)
    told = {
        "seconds": time.perf_counter() - begun,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "wakes": wakes,
        "done": done,
        "incidents": incidents,
    }
    print(json.dumps(told))
    return 0 if done == size and not incidents and wakes >= size * hours else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
