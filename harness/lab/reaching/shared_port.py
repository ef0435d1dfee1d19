"""The shared port of a lab, opened for as long as its slots are in use, with a record of who came to it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from harness.endpoints.front import Arrival, Front
from harness.endpoints.loop import LoopThread
from harness.lab.file.configuration import Lab, Slot

ARRIVALS = "arrivals.jsonl"
"""In a run directory: every connection to the shared port, a line each."""


@contextmanager
def shared_port(lab: Lab, slots: Iterable[Slot], tell: Callable[[Arrival], None]) -> Iterator[Path | None]:
    """Opens the port where one of the slots holds a device that needs it. Gives where servers are registered, or None.

    `tell` is called, in another thread, for each connection. Raises LabFault where the port cannot be had.
    """
    if not any(slot.reach is not None for slot in slots):
        yield None
        return
    with LoopThread() as loop, tempfile.TemporaryDirectory(prefix="sgp32-front-") as folder:
        front = Front(loop, Path(folder) / "registry", tell)
        front.start(lab.listen.address, lab.listen.port)
        try:
            yield front.registry
        finally:
            front.stop()


def recorded_in(folder: Path) -> Callable[[Arrival], None]:
    """Appends each arrival to the record of a run as it happens."""
    file = folder / ARRIVALS

    def tell(arrival: Arrival) -> None:
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **asdict(arrival)}
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")

    return tell
