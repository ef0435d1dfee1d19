"""ES2+.CancelOrder: take back an order that no eUICC has used (SGP.22 v2.5 §5.3.3)."""

from __future__ import annotations

from dataclasses import replace

from harness.roles.smdp.es2plus.context import OrderContext, Ordered, order_of, stock_of
from harness.roles.smdp.es2plus.messages import CancelOrder, Done
from harness.roles.smdp.orders import Order, OrderState
from harness.roles.smdp.state import SmdpState
from harness.roles.smdp.status import Refusal, Status

_TAKEN = frozenset({OrderState.DOWNLOADED, OrderState.INSTALLED})


def cancel_order(state: SmdpState, request: CancelOrder, context: OrderContext) -> Ordered:
    """Ends the order; its profile is available again, or never more. Raises Refusal."""
    stock = stock_of(state, request.iccid)
    order = order_of(state, stock)
    context.rules["cancellation-names-the-order"](order, request.eid, request.matching_id)
    if not context.rules["order-is-cancellable"](order):
        raise Refusal(Status.PROFILE_IN_USE)
    freed = replace(stock, order=0, is_withdrawn=not request.is_available_again)
    return Ordered(state.with_order(order.ended(OrderState.CANCELLED)).with_stock(freed), Done())


def cancellation_names_the_order(order: Order, eid: bytes | None, matching_id: str | None) -> None:
    """Raises Refusal where the EID that the order is linked to is missing, or one of its identifiers is another one."""
    if order.eid is not None and eid is None:
        raise Refusal(Status.EID_MISSING)
    if eid is not None and order.eid != eid:
        raise Refusal(Status.PROFILE_OF_OTHER_EID)
    if matching_id is not None and order.matching_id != matching_id:
        raise Refusal(Status.OTHER_MATCHING_ID)


def order_is_cancellable(order: Order) -> bool:
    """Whether no eUICC has the profile, or may have it."""
    return order.state not in _TAKEN
