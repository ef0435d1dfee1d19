"""The exchanges of a step as a conversation: what was asked, what was answered, in words.

Rules of this room:
- Order is that of the journal. Every record ends up in exactly one entry; what cannot be joined stands alone.
- An AT link may tell its APDUs too. AT traffic between an APDU command and its response is what carried it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from harness.evidence.records import ExchangeRecord
from harness.reporting.decode.annotate import Annotator
from harness.reporting.decode.apdu_flow import ApduFlow, joined
from harness.reporting.decode.at_flow import AtFlow
from harness.reporting.decode.entry import Draft, Entry, Part
from harness.reporting.decode.es10 import FUNCTIONS
from harness.reporting.decode.http_flow import HttpFlow, tls_entry
from harness.reporting.decode.operator_flow import OperatorFlow


def conversation(records: Iterable[ExchangeRecord]) -> tuple[Entry, ...]:
    """What these exchanges say, oldest first. Never raises, whatever the octets."""
    reading = _Reading(_annotator())
    entries = [entry for record in records for entry in reading.take(record)] + reading.flush()
    return tuple(joined(sorted(entries, key=lambda entry: entry.records[0].number)))


@cache
def _annotator() -> Annotator:
    return Annotator()


class _Reading:
    def __init__(self, annotator: Annotator) -> None:
        self._annotator = annotator
        self._apdus = ApduFlow(annotator)
        self._at = AtFlow(self._apdus)
        self._http = HttpFlow(annotator)
        self._operator = OperatorFlow(annotator)
        self._command: list[ExchangeRecord] = []
        self._request: ExchangeRecord | None = None

    def take(self, record: ExchangeRecord) -> list[Entry]:
        match record.interface:
            case "APDU":
                return self._apdu(record)
            case "AT" if self._command:
                self._command.append(record)
                return []
            case "AT":
                return self._at.take(record)
            case "ESipa" | "ES9+":
                return [*self._apdus.flush(), *self._http.take(record)]
            case "TLS":
                return [*self._apdus.flush(), tls_entry(record)]
            case "operator":
                return [*self._apdus.flush(), *self._operator.take(record)]
            case "power":
                return [*self._apdus.flush(), _event(record)]
            case _:
                return [*self._apdus.flush(), *self._plain(record)]

    def flush(self) -> list[Entry]:
        found = self._unanswered()
        if self._request is not None:
            found += self._function(self._request, None)
        return [*found, *self._at.flush(), *self._apdus.flush(), *self._http.flush(), *self._operator.flush()]

    def _apdu(self, record: ExchangeRecord) -> list[Entry]:
        if record.to_device:
            done = self._unanswered()
            self._command = [record]
            return done
        if record.note.get("event") or not self._command:
            return [*self._unanswered(), *self._apdus.flush(), _event(record)]
        records, self._command = [*self._command, record], []
        return self._apdus.take(records[0].octets, record.octets, records)

    def _unanswered(self) -> list[Entry]:
        records, self._command = self._command, []
        return self._apdus.take(records[0].octets, None, records, "no answer") if records else []

    def _plain(self, record: ExchangeRecord) -> list[Entry]:
        """An ES10 message told as a whole TLV."""
        if record.to_device:
            before, self._request = self._request, record
            return self._function(before, None) if before else []
        before, self._request = self._request, None
        return self._function(before or record, record if before else None)

    def _function(self, request: ExchangeRecord, answer: ExchangeRecord | None) -> list[Entry]:
        trees = self._annotator.message(request.octets)
        function = FUNCTIONS.get(int(trees[0].tag, 16)) if trees and trees[0].tag else None
        records = [request, answer] if answer else [request]
        draft = Draft(request, request.interface, function.name if function else "message", records)
        draft.parts = [Part("request", self._annotator.message(request.octets, function.request if function else ""))]
        if answer:
            expected = function.response if function else ""
            draft.parts.append(Part("answer", self._annotator.message(answer.octets, expected)))
        return [draft.done()]


def _event(record: ExchangeRecord) -> Entry:
    event = record.note.get("event", "")
    title = {"reset": "card reset"}.get(event, event or "octets from the device")
    is_atr = event == "reset" and record.octets
    return Draft(
        record,
        record.interface,
        title,
        [record],
        f"ATR {record.octets.hex().upper()}" if is_atr else "",
        record.note.get("reason", ""),
    ).done()
