"""What the operator's side of somebody else's server was asked and answered: JSON, one question at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from harness.evidence.records import ExchangeRecord
from harness.reporting.decode.annotate import Annotator
from harness.reporting.decode.entry import Draft, Entry, Part
from harness.reporting.decode.tree import Node

TYPES: Mapping[str, str] = {
    "configuration": "EimConfigurationData",
    "add_initial_eim": "AddInitialEimRequest",
    "answer": "EuiccPackageResult",
    "euicc_certificate": "Certificate",
    "eum_certificate": "Certificate",
}
"""Members that are DER in hexadecimal."""


class OperatorFlow:
    """Takes documents in order; each answer belongs to the question before it."""

    def __init__(self, annotator: Annotator) -> None:
        self._annotator = annotator
        self._open: Draft | None = None

    def take(self, record: ExchangeRecord) -> list[Entry]:
        """One document. Returns the entry that it completes."""
        if record.to_device:
            done, self._open = self.flush(), self._draft(record)
            self._open.parts.append(self._part("asked", record))
            return done
        draft, self._open = self._open or self._draft(record), None
        if record not in draft.records:
            draft.records.append(record)
        if "status" in record.note:
            draft.outcome = f"HTTP {record.note['status']}"
        if "event" in record.note:
            draft.fault = record.note.get("reason") or record.note["event"]
        if record.octets:
            draft.parts.append(self._part("answered", record))
        return [draft.done()]

    def flush(self) -> list[Entry]:
        """The question without an answer so far."""
        draft, self._open = self._open, None
        if draft is None:
            return []
        draft.fault = "no answer in this step"
        return [draft.done()]

    @staticmethod
    def _draft(record: ExchangeRecord) -> Draft:
        return Draft(record, record.interface, record.note.get("operation", "answer"), [record])

    def _part(self, heading: str, record: ExchangeRecord) -> Part:
        try:
            document = json.loads(record.octets)
        except (ValueError, RecursionError):
            return Part(heading, lines=(record.octets.decode(errors="replace"),))
        return Part(heading, self._member("", document).children)

    def _member(self, name: str, value: Any) -> Node:
        if isinstance(value, dict):
            return Node(name, children=tuple(self._member(key, inner) for key, inner in value.items()))
        if isinstance(value, list):
            inner = tuple(self._member(f"[{number}]", entry) for number, entry in enumerate(value, 1))
            return Node(name, children=inner, value="" if inner else "empty")
        if isinstance(value, str) and value and name in TYPES:
            try:
                octets = bytes.fromhex(value)
            except ValueError:
                return Node(name, value=value)
            return Node(name, children=self._annotator.message(octets, TYPES[name]))
        return Node(name, value=value if isinstance(value, str) else json.dumps(value))
