"""ES2+.ConfirmOrder: settle for whom an order is and by which codes it is found (SGP.22 v2.5 §5.3.2)."""

from __future__ import annotations

import re
from dataclasses import replace

from harness.roles.smdp.es2plus.context import OrderContext, Ordered, order_of, stock_of
from harness.roles.smdp.es2plus.messages import ConfirmOrder, ConfirmOrderOk
from harness.roles.smdp.orders import Order, OrderState
from harness.roles.smdp.state import SmdpState
from harness.roles.smdp.status import Refusal, Status

_MATCHING_ID = re.compile(r"[0-9A-Z-]{0,255}")
"""What an activation code can carry (SGP.22 v2.5 §4.1)."""


def confirm_order(state: SmdpState, request: ConfirmOrder, context: OrderContext) -> Ordered:
    """Confirms the order of a profile, and releases it where that is asked for. Raises Refusal."""
    rules = context.rules
    order = order_of(state, stock_of(state, request.iccid))
    if order.is_confirmed:
        raise Refusal(Status.PROFILE_IN_USE)
    eid = rules["confirmed-eid"](order, request.eid)
    if eid is None and rules["needs-an-eid"](request.matching_id, request.smds_address):
        raise Refusal(Status.EID_MISSING)
    matching_id = _matching_id(state, order, request, context)
    order = replace(
        order,
        eid=eid,
        matching_id=matching_id,
        confirmation_code=request.confirmation_code,
        smds_address=request.smds_address,
        state=rules["after-a-confirmation"](request.release),
    )
    if order.state is OrderState.RELEASED:
        order = context.announce(order)
    return Ordered(state.with_order(order), ConfirmOrderOk(eid, matching_id, context.identity.address))


def _matching_id(state: SmdpState, order: Order, request: ConfirmOrder, context: OrderContext) -> str:
    wanted = request.matching_id
    if wanted is None:
        return context.new_matching_id(order.number)
    if not _MATCHING_ID.fullmatch(wanted) or (request.smds_address and not wanted):
        raise Refusal(Status.MATCHING_ID_INVALID)
    if wanted and not context.rules["matching-id-is-free"](state, wanted):
        raise Refusal(Status.MATCHING_ID_IN_USE)
    return wanted


def confirmed_eid(order: Order, eid: bytes | None) -> bytes | None:
    """The eUICC of the order: the one that it was linked to. Raises Refusal where now another one is named."""
    if order.eid is not None and eid is not None and order.eid != eid:
        raise Refusal(Status.EID_OF_OTHER_ORDER)
    return order.eid or eid


def needs_an_eid(matching_id: str | None, smds_address: str) -> bool:
    """Whether nobody could find the order without an EID: an SM-DS files by it, and an empty matchingId names nothing."""
    return matching_id == "" or bool(smds_address)


def matching_id_is_free(state: SmdpState, matching_id: str) -> bool:
    """Whether no other order is found by it."""
    return all(order.matching_id != matching_id for order in state.open_orders())


def after_a_confirmation(release: bool) -> OrderState:
    """What the order is then."""
    return OrderState.RELEASED if release else OrderState.CONFIRMED
