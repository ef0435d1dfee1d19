"""The journal of one slot: everything that crossed its links, and the cases and steps it happened in, as it happens.

`events.jsonl` has one object a line; `event` says which: `journal`, `device`, `plan`, `case`, `step`, `step-end`,
`exchange`, `note`, `case-end`. Every line has `at_ns`, the machine's monotonic clock; the `journal` line ties it to UTC. An
exchange belongs to the step and the case that are open where it stands in the file. `results.jsonl` has one finished case a
line. The record keeps every octet, identifiers and keys included: only what is rendered from it is masked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.evidence.lines import LineWriter
from harness.links.events import Exchange

FORMAT = 1


class Journal:
    """Writes `events.jsonl` and `results.jsonl` of one slot. One writer a slot; any thread of it may call.

    Raises LabFault where the disk refuses.
    """

    def __init__(self, slot_dir: Path, *, slot: str = "") -> None:
        self.slot = slot or slot_dir.name
        self._events = LineWriter(slot_dir / "events.jsonl")
        self._results = LineWriter(slot_dir / "results.jsonl")
        self._write("journal", format=FORMAT, slot=self.slot, utc=datetime.now(UTC).isoformat(timespec="microseconds"))

    def observer(self, link: str) -> Callable[[Exchange], None]:
        """What a link is given to tell its exchanges to; `link` names the way they came."""
        return lambda exchange: self.exchange(exchange, link=link)

    def exchange(self, exchange: Exchange, *, link: str = "") -> None:
        """One message that crossed a link, at the time that it carries."""
        line: dict[str, Any] = {
            "event": "exchange",
            "at_ns": exchange.at_ns,
            "link": link,
            "interface": exchange.interface,
            "direction": exchange.direction,
            "octets": exchange.octets.hex(),
        }
        if exchange.note:
            line["note"] = dict(exchange.note)
        self._events.write(line)

    def device(self, identity: Mapping[str, Any]) -> None:
        """What the device under test said about itself (EID, ATR, firmware, versions). A later one completes it."""
        self._write("device", identity=dict(identity))

    def plan(self, cases: Sequence[Mapping[str, Any]]) -> None:
        """What this slot is going to run, as far as known of each: case, link, title, clause, confidence, area.

        A planned case without a result is shown as not run.
        """
        self._write("plan", cases=[dict(case) for case in cases])

    def case_begins(self, case: str, *, link: str, attempt: int = 1, **about: object) -> None:
        """A case begins. `about` may carry title, clause, confidence and area for a case that never ends."""
        self._write("case", case=case, link=link, attempt=attempt, **about)

    def case_ends(self, result: Mapping[str, Any]) -> None:
        """A case ended: appends its result line. `result` has the fields of a result line; slot is added if absent."""
        line = {"slot": self.slot, **result}
        self._results.write(line)
        self._write("case-end", case=line.get("case"), link=line.get("link"), verdict=line.get("verdict"))

    def result(self, result: Mapping[str, Any]) -> None:
        """The result of a case that never began (not applicable, not run)."""
        self._results.write({"slot": self.slot, **result})

    def step_begins(self, number: int, text: str, *, expect: str = "", precondition: bool = False) -> None:
        """Step `number` of the open case, counted from 1, begins."""
        self._write("step", number=number, text=text, expect=expect, precondition=precondition)

    def step_ends(self, number: int, *, verdict: str, observed: str = "", reason: str = "") -> None:
        """Step `number` of the open case ended."""
        self._write("step-end", number=number, verdict=verdict, observed=observed, reason=reason)

    def note(self, text: str, **details: object) -> None:
        """Something worth knowing later: a gap in a link, a reset, a rung of the retry ladder."""
        self._write("note", text=text, **({"details": details} if details else {}))

    def close(self) -> None:
        self._events.close()
        self._results.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, event: str, **fields: object) -> None:
        self._events.write({"event": event, "at_ns": time.monotonic_ns(), **fields})
