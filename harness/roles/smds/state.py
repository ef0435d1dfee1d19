"""All that an SM-DS remembers, as one value: events and the sessions of eUICCs that ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from harness.roles.smds.identity import Credentials
from harness.roles.smds.status import Refusal, Status

MAX_SESSIONS = 256
"""How many sessions are remembered; the oldest is forgotten for a new one."""
MAX_EVENTS = 4096
"""How many events are kept: an SM-DP+ that registers for ever is refused at some point."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event: a server has something for an eUICC."""

    eid: bytes
    event_id: str
    server_address: str
    """Of the SM-DP+ (or another SM-DS) that the eUICC is to turn to."""
    is_forwarded: bool = False
    """Whether its SM-DP+ wanted other SM-DSs to know of it."""


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """One common mutual authentication."""

    transaction_id: bytes
    euicc_challenge: bytes
    server_challenge: bytes
    ci_key_id: bytes
    """The CI that the eUICC was asked to prove itself under."""
    ci_certificate: bytes
    credentials: Credentials
    """Ours, under a CI that the eUICC can verify."""


@dataclass(frozen=True, slots=True)
class SmdsState:
    """Replaced as a whole by each function that succeeds."""

    events: tuple[EventRecord, ...] = ()
    """The oldest first, the order in which eUICCs are told of them."""
    sessions: Mapping[bytes, Session] = field(default_factory=lambda: MappingProxyType({}))
    """By transaction id, oldest first. A session ends with its first AuthenticateClient."""
    begun: int = 0
    """How many sessions there ever were."""

    def with_session(self, session: Session) -> SmdsState:
        """The state with this session added."""
        sessions = {**self.sessions, session.transaction_id: session}
        while len(sessions) > MAX_SESSIONS:
            del sessions[next(iter(sessions))]
        return replace(self, sessions=MappingProxyType(sessions), begun=self.begun + 1)

    def without_session(self, transaction_id: bytes) -> SmdsState:
        """The state with this session over."""
        left = {key: session for key, session in self.sessions.items() if key != transaction_id}
        return replace(self, sessions=MappingProxyType(left))

    def session(self, transaction_id: bytes) -> Session:
        """The session. Raises Refusal where there is none."""
        found = self.sessions.get(transaction_id)
        if found is None:
            raise Refusal(Status.UNKNOWN_TRANSACTION)
        return found

    def event(self, eid: bytes, event_id: str) -> EventRecord | None:
        """The event of this name for this eUICC."""
        return next((event for event in self.events if (event.eid, event.event_id) == (eid, event_id)), None)
