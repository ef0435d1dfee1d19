"""All that an SM-DP+ remembers, as one value: orders and the sessions of downloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import MappingProxyType

from harness.crypto.certificates import Certificate
from harness.roles.smdp.identity import Credentials
from harness.roles.smdp.orders import Order
from harness.roles.smdp.status import Refusal, Status
from harness.roles.smdp.stock import Stock

MAX_SESSIONS = 256
"""How many sessions are remembered; the oldest is forgotten for a new one."""


class Stage(IntEnum):
    """The last step of a session that succeeded."""

    INITIATED = 1
    AUTHENTICATED = 2
    BOUND = 3
    ENDED = 4


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """One common mutual authentication and what follows it."""

    transaction_id: bytes
    euicc_challenge: bytes
    server_challenge: bytes
    ci_key_id: bytes
    """The CI that the eUICC was asked to prove itself under."""
    ci_certificate: bytes
    credentials: Credentials
    """Ours, under a CI that the eUICC can verify."""
    stage: Stage = Stage.INITIATED
    eid: bytes = b""
    euicc_certificate: Certificate | None = None
    order: int = 0
    """The number of its order; 0 before there is one."""
    smdp_signature2: bytes = b""
    """The whole 5F37, which the eUICC signs along."""


@dataclass(frozen=True, slots=True)
class SmdpState:
    """Replaced as a whole by each function that succeeds."""

    orders: Mapping[int, Order] = field(default_factory=lambda: MappingProxyType({}))
    sessions: Mapping[bytes, Session] = field(default_factory=lambda: MappingProxyType({}))
    """By transaction id, oldest first."""
    begun: int = 0
    """How many sessions there ever were."""
    stock: Mapping[str, Stock] = field(default_factory=lambda: MappingProxyType({}))
    """The profiles that ES2+ can order, by ICCID in digits."""

    @property
    def next_number(self) -> int:
        """That of the next order."""
        return len(self.orders) + 1

    def with_stock(self, stock: Stock) -> SmdpState:
        """The state with this profile added to the stock or replaced."""
        return replace(self, stock=MappingProxyType({**self.stock, stock.iccid: stock}))

    def with_order(self, order: Order) -> SmdpState:
        """The state with this order added or replaced."""
        return replace(self, orders=MappingProxyType({**self.orders, order.number: order}))

    def with_session(self, session: Session) -> SmdpState:
        """The state with this session added or replaced."""
        sessions = {**self.sessions, session.transaction_id: session}
        while len(sessions) > MAX_SESSIONS:
            del sessions[next(iter(sessions))]
        return replace(self, sessions=MappingProxyType(sessions))

    def session(self, transaction_id: bytes, *stages: Stage) -> Session:
        """The session at one of these stages. Raises Refusal (unknown transaction)."""
        found = self.sessions.get(transaction_id)
        if found is None or found.stage not in stages:
            raise Refusal(Status.UNKNOWN_TRANSACTION)
        return found

    def open_orders(self) -> tuple[Order, ...]:
        """The orders that a download can still come of, oldest first."""
        return tuple(order for order in self.orders.values() if order.is_open)
