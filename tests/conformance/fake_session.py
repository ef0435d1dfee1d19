"""Runs one suite file in a process of its own on a device that is no device, and prints what was told as JSON.

`python -m tests.conformance.fake_session SUITE FOLDER [FAULT [optional]]`: the device cannot be found for this reason; `mute`
is one that is found and gives no answer to the probe.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.conformance.catalogue import read_suites
from harness.conformance.plugin.session import run_session
from harness.conformance.running import Way
from harness.errors import LabFault
from harness.evidence.journal import Journal
from harness.lab.file.configuration import Simulated, Slot, Ways


class FakeBench:
    """A bench whose device answers after a reset, or cannot be found."""

    def __init__(self, *, fault: str, optional: bool) -> None:
        self.name = "fake"
        self.slot = Slot("fake", "euicc", Simulated(), Ways(apdu=("memory",)), optional)
        self._mute = fault == "mute"
        self._fault = "" if self._mute else fault
        self.opened = 0
        self.lacks = {"fallback": "the lab file"}

    def open(self) -> None:
        self.opened += 1
        if self._fault:
            raise LabFault(self._fault, hint="plug it in")

    def leave(self) -> None: ...

    def close(self) -> None: ...

    def identity(self) -> Mapping[str, Any]:
        return {"opened": self.opened}

    def answers(self, link: str) -> bool:
        return not self._mute


def main(suite: Path, folder: Path, fault: str = "", optional: str = "") -> None:
    told: list[Mapping[str, Any]] = []
    bench = FakeBench(fault=fault, optional=bool(optional))
    wanted = {(entry.file, entry.function): [Way(bench, "memory")] for entry in read_suites(suite)}
    with Journal(folder / "slots" / "fake") as journal:
        status = run_session(suite.parent, wanted, {"fake": journal}, told.append)
    print("\n" + json.dumps({"status": status, "told": told}))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), *sys.argv[3:])
