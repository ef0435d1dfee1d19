"""Telling an SM-DS of orders (SGP.22 v2.5 §3.6.1, §3.6.3): an event when one is released, none any more when it is over."""

from __future__ import annotations

from dataclasses import replace

from harness.roles.smdp import es12
from harness.roles.smdp.events import EventDeleted, EventRegistered
from harness.roles.smdp.identity import SmdpIdentity
from harness.roles.smdp.orders import Order
from harness.roles.smdp.ports import HttpPort
from harness.roles.smdp.state import SmdpState
from harness.roles.smdp.status import Refusal, StatusCode
from harness.rules import Rules


def announced(
    order: Order, http: HttpPort | None, identity: SmdpIdentity, rules: Rules
) -> tuple[Order, tuple[EventRegistered, ...]]:
    """The order with its event registered, where it is to have one. Raises Refusal where the SM-DS does not take it."""
    if not rules["event-is-wanted"](order):
        return order, ()
    es12.register_event(http, identity, order)
    assert order.eid is not None
    told = EventRegistered(order.smds_address, order.matching_id, order.eid)
    return replace(order, has_event=True), (told,)


def cleared(
    state: SmdpState, http: HttpPort | None, identity: SmdpIdentity, rules: Rules
) -> tuple[SmdpState, tuple[EventDeleted, ...]]:
    """The state without events of orders that are over. An SM-DS that fails keeps its event, and is not asked again."""
    told = []
    for order in state.orders.values():
        if not (order.has_event and rules["event-is-over"](order)):
            continue
        failure: StatusCode | None = None
        try:
            es12.delete_event(http, identity, order)
        except Refusal as refusal:
            failure = refusal.status
        state = state.with_order(replace(order, has_event=False))
        told.append(EventDeleted(order.smds_address, order.matching_id, failure))
    return state, tuple(told)


def event_is_wanted(order: Order) -> bool:
    """Whether an SM-DS is to know of a released order, and does not yet."""
    return bool(order.smds_address) and order.eid is not None and not order.has_event


def event_is_over(order: Order) -> bool:
    """Whether nothing can be downloaded by the order any more."""
    return not order.is_open
