"""A stand-in for a slot's process: does what its order's first case is called."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from harness.conformance.children import Parent


def main() -> int:
    parent = Parent()
    order: Any = parent.order()
    ended = threading.Event()
    parent.watch(ended.set)
    given = order["assignments"][0]
    habit = given["cases"][0][0]
    print("printed words never disturb the progress")
    parent.tell({"begins": {"case": "EU-001", "slot": given["name"], "link": "memory"}})
    if habit == "crashes":
        os.kill(os.getpid(), signal.SIGSEGV)
    if habit == "waits":
        parent.tell({"pid": os.getpid()})
        ended.wait(30)
        parent.tell({"told": "to end"})
        return 130
    if habit == "hangs":
        parent.tell({"pid": os.getpid()})
        threading.Event().wait(60)
    if habit == "configuration":
        parent.tell({"configuration": ["lab.yaml:1: wrong"]})
        return 2
    verdict = {"case": "EU-001", "slot": given["name"], "link": "memory", "verdict": habit, "reason": ""}
    parent.tell({"result": verdict})
    return 0


if __name__ == "__main__":
    sys.exit(main())
