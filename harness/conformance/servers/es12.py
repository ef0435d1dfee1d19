"""Registering and deleting events at an SM-DS under test, as an SM-DP+ does; written apart from the SM-DP+ role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.conformance.servers.es9 import Es9Answer
from harness.conformance.servers.server import ES12_PATH
from harness.errors import MalformedAnswer

if TYPE_CHECKING:
    from harness.conformance.servers.server import ServerUnderTest

_OK = 200


@dataclass(slots=True)
class Es12:
    """ES12 towards a server."""

    server: ServerUnderTest
    calls: int = 0

    def register(self, eid: bytes, event_id: str, address: str) -> Es9Answer:
        """RegisterEvent."""
        return self._called("registerEvent", eid, event_id, rspServerAddress=address, forwardingIndicator=False)

    def delete(self, eid: bytes, event_id: str) -> Es9Answer:
        """DeleteEvent."""
        return self._called("deleteEvent", eid, event_id)

    def _called(self, function: str, eid: bytes, event_id: str, **further: Any) -> Es9Answer:
        self.calls += 1
        header = {"functionRequesterIdentifier": "2.999.10", "functionCallIdentifier": f"call-{self.calls}"}
        fields = {"header": header, "eid": eid.hex(), "eventId": event_id, **further}
        reply = self.server.operate(ES12_PATH + function, fields)
        if reply.status != _OK:
            raise MalformedAnswer(f"{function}: HTTP status {reply.status} for a request that can be read")
        return Es9Answer.of(reply.body, reply.headers)


def entries(answer: Es9Answer) -> list[tuple[str, str]]:
    """Name and server address of each event in an answer of ES11. Raises MalformedAnswer where there is no list of them."""
    found = answer.fields.get("eventEntries")
    try:
        return [(str(entry["eventId"]), str(entry["rspServerAddress"])) for entry in found or ()]
    except (TypeError, LookupError) as error:
        raise MalformedAnswer(f"eventEntries is {found!r:.80}") from error
