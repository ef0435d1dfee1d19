"""Simulated hardware as a child process, seen from inside: what every such process does before and after its life."""

from __future__ import annotations

import json
import socket
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Child(Protocol):
    """What lives in the process."""

    def run(self) -> None:
        """Serves until the parent is gone."""


def live(born: Callable[[socket.socket, dict[str, Any]], Child], ready: Mapping[str, Any]) -> int:
    """Reads from the parent what to be, says `ready`, and lives; returns the exit status.

    Standard input is the socket to the parent. A fault of the simulation is the last line that the parent hears.
    """
    control = socket.socket(fileno=0)
    try:
        first = b""
        while not first.endswith(b"\n"):
            part = control.recv(1 << 16)
            if not part:
                return 0
            first += part
        child = born(control, json.loads(first))
        control.sendall(json.dumps(ready).encode() + b"\n")
        child.run()
    except BrokenPipeError:
        return 0
    except Exception:
        control.sendall(json.dumps({"fault": traceback.format_exc()}).encode() + b"\n")
        return 1
    return 0
