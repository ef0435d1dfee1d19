"""ES2+.ReleaseProfile: let eUICCs have a confirmed profile (SGP.22 v2.5 §5.3.4)."""

from __future__ import annotations

from dataclasses import replace

from harness.roles.smdp.es2plus.context import OrderContext, Ordered, stock_of
from harness.roles.smdp.es2plus.messages import Done, ReleaseProfile
from harness.roles.smdp.orders import Order, OrderState
from harness.roles.smdp.state import SmdpState
from harness.roles.smdp.status import Refusal, Status


def release_profile(state: SmdpState, request: ReleaseProfile, context: OrderContext) -> Ordered:
    """Releases the profile of a confirmed order, and has its SM-DS told. Raises Refusal."""
    stock = stock_of(state, request.iccid)
    order = state.orders.get(stock.order)
    if order is None or not context.rules["profile-is-releasable"](order):
        raise Refusal(Status.PROFILE_NOT_RELEASABLE)
    return Ordered(state.with_order(context.announce(replace(order, state=OrderState.RELEASED))), Done())


def profile_is_releasable(order: Order) -> bool:
    """Whether the operator confirmed the order and did not release it yet."""
    return order.state is OrderState.CONFIRMED
