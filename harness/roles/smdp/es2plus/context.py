"""What every ES2+ function is given beside state and request, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.roles.smdp.es2plus.messages import Answer
from harness.roles.smdp.identity import SmdpIdentity
from harness.roles.smdp.orders import Order
from harness.roles.smdp.state import SmdpState
from harness.roles.smdp.status import Refusal, Status
from harness.roles.smdp.stock import Stock
from harness.rules import Rules


@dataclass(frozen=True, slots=True)
class OrderContext:
    """The surroundings of one call."""

    identity: SmdpIdentity
    rules: Rules
    new_matching_id: Callable[[int], str]
    """One that nobody guesses, for the order of this number."""
    announce: Callable[[Order], Order]
    """Registers the order's event at its SM-DS, where it has one. Raises Refusal."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a function came to."""

    state: SmdpState
    answer: Answer


def stock_of(state: SmdpState, iccid: str) -> Stock:
    """The profile. Raises Refusal where there is none."""
    found = state.stock.get(iccid)
    if found is None:
        raise Refusal(Status.UNKNOWN_PROFILE)
    return found


def order_of(state: SmdpState, stock: Stock) -> Order:
    """The order that a profile has. Raises Refusal where it has none."""
    if not stock.order:
        raise Refusal(Status.PROFILE_IN_USE)
    return state.orders[stock.order]
