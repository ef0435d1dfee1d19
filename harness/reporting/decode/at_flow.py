"""AT traffic joined into commands with their answers; an APDU inside is handed on as one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from harness.evidence.records import ExchangeRecord
from harness.reporting.decode import at
from harness.reporting.decode.apdu_flow import ApduFlow
from harness.reporting.decode.entry import Draft, Entry

FINAL = re.compile(r"^(OK|SEND OK|SEND FAIL|ERROR|NO CARRIER|ABORTED|\+CM[ES] ERROR:.*)$")
_PROMPT = b">"


@dataclass(slots=True)
class _Command:
    sent: ExchangeRecord
    records: list[ExchangeRecord] = field(default_factory=list)
    answer: bytes = b""
    final: str = ""
    lost: str = ""
    """Why the port went away under it."""


class AtFlow:
    """Takes serial traffic in order; gives entries when a command has its final result."""

    def __init__(self, apdus: ApduFlow) -> None:
        self._apdus = apdus
        self._open: _Command | None = None

    def take(self, record: ExchangeRecord) -> list[Entry]:
        """One piece of traffic. Returns the entries that it completes."""
        if record.to_device:
            done = self.flush()
            self._open = _Command(record, [record])
            return done
        if self._open is None:
            return [self._unsolicited(record)]
        if record.note.get("event"):
            self._open.records.append(record)
            self._open.lost = record.note.get("reason") or record.note["event"]
            return self.flush()
        self._open.records.append(record)
        self._open.answer += record.octets if record.octets.endswith(b"\n") else record.octets + b"\n"
        if record.octets.strip() == _PROMPT:
            self._open.final = "asks for data"
            return self.flush()
        finals = [line for line in at.lines(record.octets) if FINAL.match(line.strip())]
        if finals:
            self._open.final = finals[-1].strip()
            return self.flush()
        return []

    def flush(self) -> list[Entry]:
        """What is open, as it is."""
        command, self._open = self._open, None
        return self._entries(command) if command is not None else []

    def _entries(self, command: _Command) -> list[Entry]:
        fault = "" if command.final else command.lost or "no final result"
        sent = at.carried(command.sent.octets)
        if sent is not None:
            received = at.carried(command.answer)
            if not fault and received is None:
                fault = f"{command.final} and no APDU in the answer"
            return self._apdus.take(sent.apdu, received.apdu if received else None, command.records, fault)
        lines = at.lines(command.sent.octets)
        meaning = at.in_words(command.sent.octets)
        title = (lines[0] if lines else "empty line") + (f" ({meaning})" if meaning else "")
        draft = Draft(command.sent, "AT", title, command.records, command.final, fault)
        return [*self._apdus.flush(), draft.done()]

    def _unsolicited(self, record: ExchangeRecord) -> Entry:
        lines = at.lines(record.octets)
        event = record.note.get("event", "")
        title = lines[0] if lines else event or "empty line"
        outcome = "" if event else "unsolicited"
        return Draft(record, "AT", title, [record], outcome, record.note.get("reason", "")).done()
