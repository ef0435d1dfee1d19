"""ES12: servers register events and delete them (SGP.22 v2.5 §5.9.1, §5.9.2)."""

from __future__ import annotations

from dataclasses import replace

from harness.roles.smds.context import Context, Outcome
from harness.roles.smds.messages import DeleteEvent, Done, RegisterEvent
from harness.roles.smds.state import MAX_EVENTS, EventRecord, SmdsState
from harness.roles.smds.status import Refusal, Status


def register_event(state: SmdsState, request: RegisterEvent, context: Context) -> Outcome:
    """Keeps an event for an eUICC. Raises Refusal where there is one of that name, or no room."""
    if not context.rules["event-is-new"](state, request.event):
        raise Refusal(Status.EVENT_EXISTS)
    if len(state.events) >= MAX_EVENTS:
        raise Refusal(Status.TOO_MANY_EVENTS)
    return Outcome(replace(state, events=context.rules["with-event"](state.events, request.event)), Done())


def delete_event(state: SmdsState, request: DeleteEvent, context: Context) -> Outcome:
    """Forgets an event. Raises Refusal where the eUICC has none of that name."""
    found = context.rules["event-to-delete"](state, request.eid, request.event_id)
    if found is None:
        raise Refusal(Status.UNKNOWN_EVENT)
    return Outcome(replace(state, events=context.rules["without-event"](state.events, found)), Done())


def event_is_new(state: SmdsState, event: EventRecord) -> bool:
    """Whether the eUICC has no event of that name yet."""
    return state.event(event.eid, event.event_id) is None


def with_event(events: tuple[EventRecord, ...], event: EventRecord) -> tuple[EventRecord, ...]:
    """The events with a new one behind them."""
    return (*events, event)


def event_to_delete(state: SmdsState, eid: bytes, event_id: str) -> EventRecord | None:
    """The event of this name for this eUICC."""
    return state.event(eid, event_id)


def without_event(events: tuple[EventRecord, ...], event: EventRecord) -> tuple[EventRecord, ...]:
    """The events without this one."""
    return tuple(other for other in events if other != event)
