"""The operator's side of an eIM as cases use it, whatever carries it there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.errors import HarnessError, LabFault, Withheld
from harness.links.events import Direction, Interface, Observers

MOST_OCTETS = 1 << 20
"""Of one answer."""
_HINT = "lab-config/README.md says what is asked and how it is answered"


class Refused(Withheld):
    """The operator's side of the eIM does not do this."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back."""

    octets: bytes
    refusal: str = ""
    """Why it was refused, where the carrier tells by other means than the document."""
    note: Mapping[str, str] = field(default_factory=dict)


class Carrier(Protocol):
    """Takes one operation to the eIM."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def link(self) -> str:
        """What it is called in the record."""

    def carry(self, document: Mapping[str, Any]) -> Heard:
        """Carries an operation out. `document` has its name as `operation`. Raises LabFault where that fails."""

    def close(self) -> None:
        """Gives back what it holds."""


class OperatorSide:
    """Asks, and tells the observers what was asked and answered."""

    def __init__(self, carrier: Carrier, observers: Observers) -> None:
        self._carrier = carrier
        self._observers = observers

    def ask(self, operation: str, **fields: Any) -> Any:
        """The decoded answer, an object or a list.

        Raises Refused where the eIM's operator cannot do it, LabFault where there is no answer that can be read.
        """
        document = {"operation": operation, **fields}
        note = {"link": self._carrier.link, "operation": operation}
        self._observers.tell(Interface.OPERATOR, Direction.TO_DEVICE, json.dumps(document).encode(), note)
        try:
            heard = self._carrier.carry(document)
        except HarnessError as fault:
            failed = {**note, "event": "exchange-failed", "reason": str(fault)}
            self._observers.tell(Interface.OPERATOR, Direction.FROM_DEVICE, b"", failed)
            raise
        self._observers.tell(Interface.OPERATOR, Direction.FROM_DEVICE, heard.octets, {**note, **heard.note})
        refusal, answer = heard.refusal, None
        if not refusal:
            answer = self._read(operation, heard.octets)
            refusal = _refusal(answer)
        if refusal:
            raise Refused(f"the operator's side of the eIM refuses {operation!r}: {refusal}", hint=_HINT)
        return answer

    def close(self) -> None:
        """Gives back what the carrier holds."""
        self._carrier.close()

    def _read(self, operation: str, octets: bytes) -> Any:
        try:
            answer = json.loads(octets)
        except (ValueError, RecursionError) as fault:
            said = octets[:60].decode(errors="replace")
            raise LabFault(
                f"{self._carrier.name} answers {operation!r} with {said!r}, which is no JSON document", hint=_HINT
            ) from fault
        if not isinstance(answer, dict | list):
            raise LabFault(f"{self._carrier.name} answers {operation!r} with {answer!r:.60}, no object", hint=_HINT)
        return answer


def _refusal(answer: Any) -> str:
    if not isinstance(answer, dict) or "refused" not in answer:
        return ""
    return str(answer["refused"])[:500] or "no reason given"
