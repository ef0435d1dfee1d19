"""The operator's side of an eIM by a program of the lab: one document on its standard input, one on its standard output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.lab.programs import converse
from harness.lab.queueing.side import MOST_OCTETS, Heard
from harness.lab.queueing.wiring import ByProgram

_HINT = """try it by hand: echo '{"operation": "eim"}' | PROGRAM has to end by itself, and well"""


class ProgramCarrier:
    """Starts the program for each operation."""

    link = "program"

    def __init__(self, wiring: ByProgram) -> None:
        self._wiring = wiring

    @property
    def name(self) -> str:
        """The program."""
        return self._wiring.words[0]

    def carry(self, document: Mapping[str, Any]) -> Heard:
        """Raises LabFault where it does not end well, and in time."""
        wiring = self._wiring
        said = json.dumps(document).encode() + b"\n"
        return Heard(converse(wiring.words, said, wiring.deadline, _HINT, folder=wiring.folder, most=MOST_OCTETS))

    def close(self) -> None:
        """Nothing is held."""
