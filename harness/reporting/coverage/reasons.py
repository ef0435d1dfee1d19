"""Why something is not covered: patterns of places, each with a reason that a person wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness import resources
from harness.errors import ConfigurationError
from harness.nodes import Value, read
from harness.reporting.coverage.places import RECEIVED, SENT, Place

FILE = "fixtures/coverage/euicc.yaml"


@dataclass(frozen=True, slots=True)
class Reason:
    """One pattern, `*` for anything, and why the places that it names are not covered."""

    pattern: str
    why: str
    direction: str = ""
    """SENT or RECEIVED; empty: both."""

    def explains(self, place: Place) -> bool:
        """Whether this place is meant."""
        if self.direction not in ("", place.direction):
            return False
        return re.fullmatch(re.escape(self.pattern).replace(r"\*", ".*"), place.name) is not None


def read_reasons(path: Path | None = None) -> tuple[Reason, ...]:
    """The reasons of this file, those that are shipped where none is named. Raises ConfigurationError with all faults."""
    whole = read(path or resources.path(FILE))
    found = [reason for entry in whole.items() for reason in _reasons(entry)]
    if whole.faults:
        raise ConfigurationError(whole.faults)
    return tuple(found)


def _reasons(entry: Value) -> list[Reason]:
    keys = entry.mapping(("why", "where", "direction"))
    for key in ("why", "where"):
        if entry.is_mapping and key not in keys:
            entry.fault(f"{key!r} is missing")
    why = keys["why"].text() if "why" in keys else None
    direction = keys["direction"].choice(SENT, RECEIVED) if "direction" in keys else ""
    patterns = [item.text() for item in keys["where"].items()] if "where" in keys else []
    return [Reason(pattern, why or "", direction or "") for pattern in patterns if pattern]
