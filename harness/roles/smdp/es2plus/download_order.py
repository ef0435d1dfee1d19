"""ES2+.DownloadOrder: reserve a profile (SGP.22 v2.5 §5.3.1)."""

from __future__ import annotations

from dataclasses import replace

from harness.roles.smdp.es2plus.context import OrderContext, Ordered, stock_of
from harness.roles.smdp.es2plus.messages import DownloadOrder, DownloadOrderOk
from harness.roles.smdp.orders import Order, OrderState
from harness.roles.smdp.state import SmdpState
from harness.roles.smdp.status import Refusal, Status
from harness.roles.smdp.stock import Stock


def download_order(state: SmdpState, request: DownloadOrder, context: OrderContext) -> Ordered:
    """Reserves the profile with this ICCID, or any of this type, for the eUICC where one is named. Raises Refusal."""
    wanted = _of_iccid(state, request.iccid, context) if request.iccid else _of_type(state, request.profile_type or "")
    if request.iccid and request.profile_type and request.profile_type != wanted.profile_type:
        raise Refusal(Status.OTHER_PROFILE_TYPE)
    order = Order(
        number=state.next_number,
        profile=wanted.profile,
        matching_id="",
        address=context.identity.address,
        eid=context.rules["eid-of-order"](request.eid),
        state=OrderState.LINKED if request.eid else OrderState.ALLOCATED,
    )
    following = state.with_order(order).with_stock(replace(wanted, order=order.number))
    return Ordered(following, DownloadOrderOk(wanted.iccid))


def profile_is_available(stock: Stock) -> bool:
    """Whether the profile can be ordered."""
    return stock.is_available


def eid_of_order(eid: bytes | None) -> bytes | None:
    """The eUICC that the order is for."""
    return eid


def _of_iccid(state: SmdpState, iccid: str, context: OrderContext) -> Stock:
    found = stock_of(state, iccid)
    if not context.rules["profile-is-available"](found):
        raise Refusal(Status.PROFILE_IN_USE)
    return found


def _of_type(state: SmdpState, profile_type: str) -> Stock:
    alike = [stock for stock in state.stock.values() if stock.profile_type == profile_type]
    if not alike:
        raise Refusal(Status.UNKNOWN_PROFILE_TYPE)
    available = [stock for stock in alike if stock.is_available]
    if not available:
        raise Refusal(Status.NO_PROFILE_OF_TYPE)
    return available[0]
