"""What one message changed, put onto a state that others changed meanwhile.

A relayed message waits for an SM-DP+ or an SM-DS, and nobody else may have to wait for that. So it is handled on the state
of its beginning, and only what it changed is carried over, field by field: what it left alone stays as others made it.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from harness.roles.eim.state import Device, EimState

Value = TypeVar("Value")


def merged(current: EimState, base: EimState, after: EimState) -> EimState:
    """`current` with the changes that led from `base` to `after`. Nothing of `base` was still to be kept."""
    if current is base:
        return after
    state = current
    for number in after.touched.operations:
        was, now = base.operations.get(number), state.operations.get(number)
        state = state.with_operation(_changed(was, after.operations[number], now))
    for eid in after.touched.devices:
        state = _device(state, eid, base.devices.get(eid), after.devices.get(eid))
    for number in after.touched.sessions:
        session = after.sessions.get(number)
        if session is not None:
            state = state.with_session(_changed(base.sessions.get(number), session, state.sessions.get(number)))
    return state


def _device(state: EimState, eid: bytes, was: Device | None, after: Device | None) -> EimState:
    now = state.devices.get(eid)
    if after is None:
        return state if now is None else state.without_device(eid)
    if now is None and was is not None:
        return state  # somebody forgot it meanwhile
    changed = _changed(was, after, now)
    if was is not None and now is not None:
        changed = replace(changed, queue=_queue(was.queue, after.queue, now.queue))
    return state.with_device(changed)


def _queue(was: tuple[bytes, ...], after: tuple[bytes, ...], now: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The queue of now, without what was taken out and with what was added."""
    gone = set(was) - set(after)
    added = (one for one in after if one not in was and one not in now)
    return (*(one for one in now if one not in gone), *added)


def _changed(was: Value | None, after: Value, now: Value | None) -> Value:
    """`now` with the fields that differ between `was` and `after`, as in `after`."""
    if was is None or now is None or now == was:
        return after
    assert is_dataclass(now)
    assert not isinstance(now, type)
    found: dict[str, Any] = {}
    for one in fields(now):
        before, then, present = getattr(was, one.name), getattr(after, one.name), getattr(now, one.name)
        if then == before:
            continue
        nested = is_dataclass(then) and type(then) is type(before) is type(present)
        found[one.name] = _changed(before, then, present) if nested else then
    merged_value: Any = replace(now, **found)
    return merged_value  # type: ignore[no-any-return]
