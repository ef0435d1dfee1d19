"""The SM-DP+ as its users know it: take orders, answer ES9+, tell what happened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from harness.codec import CodecError
from harness.crypto.entropy import Entropy
from harness.profiles import ProfilePackage
from harness.roles.smdp import json_binding, messages
from harness.roles.smdp.authenticate_client import authenticate_client
from harness.roles.smdp.cancel_session import cancel_session
from harness.roles.smdp.context import Context, Outcome
from harness.roles.smdp.events import Event, FunctionRefused
from harness.roles.smdp.get_bound_profile_package import get_bound_profile_package
from harness.roles.smdp.handle_notification import handle_notification
from harness.roles.smdp.identity import SmdpIdentity
from harness.roles.smdp.initiate_authentication import initiate_authentication
from harness.roles.smdp.json_binding import HttpReply
from harness.roles.smdp.messages import Answer, Request
from harness.roles.smdp.orders import CONFIRMATION_ATTEMPTS, DOWNLOAD_ATTEMPTS, Order, OrderState
from harness.roles.smdp.rules import CONFORMING
from harness.roles.smdp.state import SmdpState, Stage
from harness.roles.smdp.status import Malformed, Refusal, Status
from harness.rules import Rules

_HANDLERS: Mapping[type[Any], Callable[[SmdpState, Any, Context], Outcome[Any]]] = {
    messages.InitiateAuthentication: initiate_authentication,
    messages.AuthenticateClient: authenticate_client,
    messages.GetBoundProfilePackage: get_bound_profile_package,
    messages.HandleNotification: handle_notification,
    messages.CancelSession: cancel_session,
}
_MATCHING_ID_DIGITS = 20
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTVWXYZ"


class Smdp:
    """One SM-DP+. Safe to use from several threads: one call at a time touches its state."""

    def __init__(
        self, identity: SmdpIdentity, entropy: Entropy, rules: Rules = CONFORMING, *, state: SmdpState | None = None
    ) -> None:
        self.identity = identity
        self._entropy = entropy
        self._rules = rules
        self._state = state or SmdpState()
        self._events: tuple[Event, ...] = ()
        self._turn = threading.RLock()

    @property
    def state(self) -> SmdpState:
        """All it remembers, as one value."""
        return self._state

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened so far, oldest first."""
        return self._events

    @property
    def orders(self) -> tuple[Order, ...]:
        """All orders as they stand now, oldest first."""
        return tuple(self._state.orders.values())

    def order(
        self,
        profile: ProfilePackage,
        *,
        matching_id: str | None = None,
        eid: bytes | None = None,
        confirmation_code: str = "",
        default: bool = False,
        name_oid: bool = False,
        expires: datetime | None = None,
        released: bool = True,
        may_rebind: bool = True,
        replaces_keys: bool = False,
        confirmation_attempts: int = CONFIRMATION_ATTEMPTS,
        download_attempts: int = DOWNLOAD_ATTEMPTS,
    ) -> Order:
        """Orders a profile: for whoever has the activation code, or for one EID.

        Without a `matching_id` one is made up; with `default` there is none, and the order goes to a client that names none:
        the eUICC with this `eid`, or any.
        """
        with self._turn:
            number = len(self._state.orders) + 1
            if matching_id is None:
                matching_id = "" if default else self._matching_id(number)
            order = Order(
                number=number,
                profile=profile,
                matching_id=matching_id,
                address=self.identity.address,
                eid=eid,
                confirmation_code=confirmation_code,
                oid=self.identity.oid if name_oid else "",
                expires=expires,
                may_rebind=may_rebind,
                replaces_keys=replaces_keys,
                state=OrderState.RELEASED if released else OrderState.ALLOCATED,
                confirmation_attempts=confirmation_attempts,
                download_attempts=download_attempts,
            )
            self._state = self._state.with_order(order)
            return order

    def order_now(self, order: Order) -> Order:
        """The order as it stands by now."""
        return self._state.orders[order.number]

    def release(self, order: Order) -> None:
        """Releases the profile of an order that was taken with `released=False`."""
        with self._turn:
            self._state = self._state.with_order(replace(self.order_now(order), state=OrderState.RELEASED))

    def call(self, request: Request, now: datetime) -> Answer | Status:
        """One ES9+ function, its DER parts as octets: its answer, or why it was refused.

        Raises Malformed or CodecError for a request that cannot be read; then nothing changed.
        """
        with self._turn:
            context = Context(self.identity, self._entropy, self._rules, now)
            try:
                outcome = _HANDLERS[type(request)](self._state, request, context)
            except Refusal as refusal:
                outcome = Outcome(_without_session(self._state, request, refusal.status), refusal.status)
            self._state = outcome.state
            refused: tuple[Event, ...] = ()
            if isinstance(outcome.answer, Status):
                refused = (FunctionRefused(type(request).__name__, outcome.answer.value),)
            self._events += (*outcome.events, *refused)
            answer: Answer | Status = outcome.answer
            return answer

    def handle(self, path: str, body: bytes, now: datetime) -> HttpReply:
        """One HTTP POST of the JSON binding. Raises nothing, whatever the body: a device under test may send anything."""
        reply = self._handled(path, body, now)
        return replace(reply, headers=self._rules["response-headers"](reply.headers))

    def _handled(self, path: str, body: bytes, now: datetime) -> HttpReply:
        function = path.removeprefix(json_binding.PREFIX)
        if function == path or function not in json_binding.FUNCTIONS:
            return json_binding.nothing(404)
        try:
            answer = self.call(json_binding.read(function, body), now)
        except (Malformed, CodecError):
            return json_binding.nothing(400)
        if isinstance(answer, Status):
            return json_binding.refuse(answer)
        if function == "handleNotification":
            return json_binding.nothing(204)
        return json_binding.write(answer)

    def _matching_id(self, number: int) -> str:
        draw = self._entropy.child(f"matching-id/{number}")
        return "".join(_ALPHABET[draw.integer(len(_ALPHABET))] for _ in range(_MATCHING_ID_DIGITS))


def _without_session(state: SmdpState, request: Request, status: Status) -> SmdpState:
    """A refusal ends the session it was about; one for an unknown session, or for a step out of turn, ends none."""
    transaction_id = getattr(request, "transaction_id", b"")
    session = state.sessions.get(transaction_id)
    if session is None or status is Status.UNKNOWN_TRANSACTION:
        return state
    return state.with_session(replace(session, stage=Stage.ENDED))
