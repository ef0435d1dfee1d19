"""The operator's side that a lab file names, ready to be asked."""

from __future__ import annotations

from harness.lab.queueing.program import ProgramCarrier
from harness.lab.queueing.rest import RestCarrier
from harness.lab.queueing.side import OperatorSide
from harness.lab.queueing.wiring import ByProgram, Queueing
from harness.links.events import Observers


def operator_side(wiring: Queueing, observers: Observers) -> OperatorSide:
    """Raises LabFault where its token or CA certificate cannot be used."""
    return OperatorSide(ProgramCarrier(wiring) if isinstance(wiring, ByProgram) else RestCarrier(wiring), observers)
