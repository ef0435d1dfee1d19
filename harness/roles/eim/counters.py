"""The counter of packages: how far it goes, and how eIM and eUICC find together again (SGP.32 v1.2 §3.3.1).

Rules of this room:
- A counter is used once, rises, and never wraps. Its last few values are kept back for a package that gives the eUICC a
  new key: with one the counter may begin anew, without one the eIM would have lost the device.
- An eUICC that has seen a higher counter than its eIM knows refuses with replayError and does not say which. The commands
  are sent anew with a counter further up, each time by a bigger step, so that any gap is crossed in a few packages.
- A copy that is refused was executed before: its result is still on the card, so that is asked for and nothing is sent anew.
"""

from __future__ import annotations

from dataclasses import replace

from harness.roles.eim import data_requests
from harness.roles.eim.context import Context
from harness.roles.eim.events import CounterExhausted, CounterResynchronised, Event
from harness.roles.eim.state import DATA, PACKAGE, QUEUED, Device, EimState, Operation

GUARANTEED_COUNTER = 0x7FFFFF
"""The highest counter that every eUICC supports (SGP.32 v1.2 §3.3.1)."""
KEPT_BACK = 8
"""How many of the last counters only a new key may use."""
REPLAY_ERROR = 4
FIRST_STEP, GROWTH, MAX_RESYNCS = 16, 16, 6
STORED_RESULTS = (0xA2,)


def counter_may_be_used(counter: int, gives_new_key: bool) -> bool:
    """Whether a package may carry this counter."""
    return counter <= GUARANTEED_COUNTER - (0 if gives_new_key else KEPT_BACK)


def exhausted(device: Device, operation: Operation, now: float) -> Event:
    """The alarm for a package that cannot be signed any more."""
    return CounterExhausted(now, device.eid, operation.transaction_id, device.association.counter)


def after_replay_error(
    state: EimState, device: Device, operation: Operation, now: float, context: Context
) -> tuple[EimState, tuple[Event, ...]]:
    """What follows a replayError that the card signed for a package from the queue, which is closed by now."""
    if operation.deliveries > 1:
        return with_data_request(state, device.eid, STORED_RESULTS, context), ()
    if operation.resyncs >= MAX_RESYNCS:
        return state, ()
    before = device.association.counter
    counter = min(before + FIRST_STEP * GROWTH**operation.resyncs, GUARANTEED_COUNTER - KEPT_BACK - 1)
    if counter <= before:
        return state, (exhausted(device, operation, now),)
    again = Operation(
        context.new_transaction(),
        device.eid,
        PACKAGE,
        commands=operation.commands,
        commands_tag=operation.commands_tag,
        expires_at=operation.expires_at,
        resyncs=operation.resyncs + 1,
    )
    state = state.with_device(replace(device, association=replace(device.association, counter=counter)))
    state = state.with_operation(again)
    device = state.devices[device.eid]
    state = state.with_device(replace(device, queue=(again.transaction_id, *device.queue)))
    told = CounterResynchronised(now, device.eid, operation.transaction_id, again.transaction_id, before, counter)
    return state, (told,)


def with_data_request(state: EimState, eid: bytes, tags: tuple[int, ...], context: Context) -> EimState:
    """The state with a data request queued, where none is waiting that asks for as much."""
    version = context.rules["data-request-version"](state.devices[eid])
    wanted = data_requests.data_request(None, tags, version=version)
    for operation in state.named(state.devices[eid].queue):
        if operation.kind == DATA and operation.state == QUEUED and data_requests.asks_for(operation.message, wanted):
            return state
    transaction = context.new_transaction()
    message = data_requests.data_request(transaction, tags, version=version)
    return state.queued(Operation(transaction, eid, DATA, message=message))
