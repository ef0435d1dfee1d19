"""The SM-DP+ as its users know it: take orders, answer ES9+, tell what happened."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from harness.codec import CodecError, tlv
from harness.crypto.entropy import Entropy
from harness.profiles import ProfilePackage
from harness.roles.rsp_server import asn1_envelope
from harness.roles.rsp_server import json_envelope as envelope
from harness.roles.rsp_server.json_envelope import HttpReply
from harness.roles.smdp import asn1_binding, json_binding, messages
from harness.roles.smdp.announcing import announced, cleared
from harness.roles.smdp.authenticate_client import authenticate_client
from harness.roles.smdp.cancel_session import cancel_session
from harness.roles.smdp.context import Context, Outcome
from harness.roles.smdp.es2plus import json_binding as es2plus_binding
from harness.roles.smdp.es2plus import messages as es2plus
from harness.roles.smdp.es2plus.cancel_order import cancel_order
from harness.roles.smdp.es2plus.confirm_order import confirm_order
from harness.roles.smdp.es2plus.context import OrderContext, Ordered
from harness.roles.smdp.es2plus.download_order import download_order
from harness.roles.smdp.es2plus.release_profile import release_profile
from harness.roles.smdp.events import Event, FunctionRefused, OrderMoved
from harness.roles.smdp.get_bound_profile_package import get_bound_profile_package
from harness.roles.smdp.handle_notification import handle_notification
from harness.roles.smdp.identity import SmdpIdentity
from harness.roles.smdp.initiate_authentication import initiate_authentication
from harness.roles.smdp.injection import DEFAULT_LATENCY, DROP, Injection, injection
from harness.roles.smdp.messages import Answer, Request
from harness.roles.smdp.orders import CONFIRMATION_ATTEMPTS, DOWNLOAD_ATTEMPTS, Order, OrderState
from harness.roles.smdp.ports import HttpPort
from harness.roles.smdp.rules import CONFORMING
from harness.roles.smdp.state import SmdpState, Stage
from harness.roles.smdp.status import Malformed, Refusal, Status, StatusCode
from harness.roles.smdp.stock import Stock
from harness.rules import Rules

_HANDLERS: Mapping[type[Any], Callable[[SmdpState, Any, Context], Outcome[Any]]] = {
    messages.InitiateAuthentication: initiate_authentication,
    messages.AuthenticateClient: authenticate_client,
    messages.GetBoundProfilePackage: get_bound_profile_package,
    messages.HandleNotification: handle_notification,
    messages.CancelSession: cancel_session,
}
_OPERATIONS: Mapping[type[Any], Callable[[SmdpState, Any, OrderContext], Ordered]] = {
    es2plus.DownloadOrder: download_order,
    es2plus.ConfirmOrder: confirm_order,
    es2plus.CancelOrder: cancel_order,
    es2plus.ReleaseProfile: release_profile,
}
_CLIENT_ERROR = 400
_MATCHING_ID_DIGITS = 20
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTVWXYZ"


class Smdp:
    """One SM-DP+. Safe to use from several threads: one call at a time touches its state."""

    def __init__(
        self,
        identity: SmdpIdentity,
        entropy: Entropy,
        rules: Rules = CONFORMING,
        *,
        state: SmdpState | None = None,
        http: HttpPort | None = None,
    ) -> None:
        """`http` is the way to SM-DSs; without one no order can have an event."""
        self.identity = identity
        self._entropy = entropy
        self._rules = rules
        self._state = state or SmdpState()
        self._events: tuple[Event, ...] = ()
        self._injections: tuple[Injection, ...] = ()
        self._http = http
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
            number = self._state.next_number
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
                state=OrderState.RELEASED if released else OrderState.CONFIRMED,
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

    def put_in_stock(self, profile: ProfilePackage, profile_type: str = "") -> Stock:
        """Makes a profile one that ES2+ can order; its type is its name where none is given."""
        with self._turn:
            stock = Stock(profile, profile_type or profile.name)
            self._state = self._state.with_stock(stock)
            return stock

    def order_of(self, iccid: str) -> Order | None:
        """The order that ES2+ made for a profile of the stock, as it stands now; None where it has none."""
        stock = self._state.stock.get(iccid)
        return self._state.orders.get(stock.order) if stock else None

    def inject(self, fault: str, function: str = "", times: int = 1, seconds: float = DEFAULT_LATENCY) -> None:
        """Has the next answers, of one function or wherever the fault shows, spoilt on purpose.

        `fault` is one of INJECTABLE. Raises ValueError for another one and for a function where it cannot show.
        """
        with self._turn:
            self._injections = (*self._injections, injection(fault, function, times, seconds))

    def call(self, request: Request, now: datetime, rules: Rules | None = None) -> Answer | StatusCode:
        """One ES9+ function, its DER parts as octets: its answer, or why it was refused. `rules` replace its own.

        Raises Malformed or CodecError for a request that cannot be read; then nothing changed.
        """
        with self._turn:
            context = Context(self.identity, self._entropy, rules or self._rules, now)
            try:
                outcome = _HANDLERS[type(request)](self._state, request, context)
            except Refusal as refusal:
                outcome = Outcome(_without_session(self._state, request, refusal.status), refusal.status)
            refused: tuple[Event, ...] = ()
            if isinstance(outcome.answer, StatusCode):
                refused = (FunctionRefused(type(request).__name__, outcome.answer),)
            self._settle(outcome.state, (*outcome.events, *refused))
            answer: Answer | StatusCode = outcome.answer
            return answer

    def operate(self, request: es2plus.Request) -> es2plus.Answer | StatusCode:
        """One ES2+ function: its answer, or why it was refused; then nothing changed."""
        with self._turn:
            announcements: list[Event] = []

            def announce(order: Order) -> Order:
                order, told = announced(order, self._http, self.identity, self._rules)
                announcements.extend(told)
                return order

            context = OrderContext(self.identity, self._rules, self._matching_id, announce)
            name = type(request).__name__
            try:
                done = _OPERATIONS[type(request)](self._state, request, context)
            except Refusal as refusal:
                self._events += (FunctionRefused(name, refusal.status),)
                return refusal.status
            moved = [order for order in done.state.orders.values() if self._state.orders.get(order.number) != order]
            told = [OrderMoved(name, order.profile.iccid, order.state, order.matching_id) for order in moved]
            self._settle(done.state, (*announcements, *told))
            return done.answer

    def handle(self, path: str, body: bytes, now: datetime) -> HttpReply:
        """One HTTP POST, of whatever binding. Raises nothing, whatever the body: a device under test may send anything."""
        with self._turn:
            function = _function(path, body)
            spoiling = [fault for fault in self._injections if fault.applies(function)]
            rules = self._rules
            for fault in spoiling:
                rules = fault.change(rules) if fault.change else rules
            reply = self._handled(path, body, now, rules)
            reply = replace(reply, headers=rules["response-headers"](reply.headers))
            return self._spoilt(reply, function, spoiling) if spoiling and reply.status < _CLIENT_ERROR else reply

    def _spoilt(self, reply: HttpReply, function: str, spoiling: Sequence[Injection]) -> HttpReply:
        """The answer with its faults noted, each of which is spent a little more."""
        rest = {id(fault): self._rules["left-of-injection"](fault) for fault in spoiling}
        left = [rest.get(id(fault), fault) for fault in self._injections]
        self._injections = tuple(fault for fault in left if fault is not None)
        told = [self._rules["tells-of-injection"](function, fault.name) for fault in spoiling]
        told = [event for event in told if event is not None]
        self._events += tuple(told)
        return replace(
            reply,
            injected=tuple(event.fault for event in told),
            delay=sum(fault.seconds for fault in spoiling),
            is_dropped=any(fault.name == DROP for fault in spoiling),
        )

    def _handled(self, path: str, body: bytes, now: datetime, rules: Rules) -> HttpReply:
        binding = next((found for prefix, found in _BINDINGS.items() if path.startswith(prefix)), None)
        if binding is None:
            return envelope.nothing(404)
        try:
            return binding(self, path, body, now, rules)
        except (Malformed, CodecError):
            return envelope.nothing(400)

    def _es9plus(self, path: str, body: bytes, now: datetime, rules: Rules) -> HttpReply:
        function = path.removeprefix(json_binding.PREFIX)
        if function not in json_binding.FUNCTIONS:
            return envelope.nothing(404)
        answer = self.call(json_binding.read(function, body), now, rules)
        if isinstance(answer, StatusCode):
            return envelope.failed(answer)
        if function == "handleNotification":
            return envelope.nothing(204)
        return json_binding.write(answer)

    def _asn1(self, path: str, body: bytes, now: datetime, rules: Rules) -> HttpReply:
        if path != asn1_envelope.PATH:
            return envelope.nothing(404)
        request = asn1_binding.read(body)
        answer = self.call(request, now, rules)
        function = asn1_binding.function_of(request)
        if not function:
            return envelope.nothing(204)
        if isinstance(answer, StatusCode):
            content = asn1_envelope.error(rules["asn1-error"](function, answer))
        else:
            content = asn1_binding.write(answer)
        return asn1_envelope.reply(rules["asn1-answer"](function, content))

    def _es2plus(self, path: str, body: bytes, now: datetime, rules: Rules) -> HttpReply:
        function = path.removeprefix(es2plus_binding.PREFIX)
        if function not in es2plus_binding.FUNCTIONS:
            return envelope.nothing(404)
        answer = self.operate(es2plus_binding.read(function, body))
        return envelope.failed(answer) if isinstance(answer, StatusCode) else es2plus_binding.write(answer)

    def _settle(self, state: SmdpState, events: Sequence[Event]) -> None:
        """Takes the next state, and has SM-DSs forget what is over by it."""
        self._state, forgotten = cleared(state, self._http, self.identity, self._rules)
        self._events += (*events, *forgotten)

    def _matching_id(self, number: int) -> str:
        draw = self._entropy.child(f"matching-id/{number}")
        return "".join(_ALPHABET[draw.integer(len(_ALPHABET))] for _ in range(_MATCHING_ID_DIGITS))


def _without_session(state: SmdpState, request: Request, status: StatusCode) -> SmdpState:
    """A refusal ends the session it was about; one for an unknown session, or for a step out of turn, ends none."""
    transaction_id = getattr(request, "transaction_id", b"")
    session = state.sessions.get(transaction_id)
    if session is None or status is Status.UNKNOWN_TRANSACTION:
        return state
    return state.with_session(replace(session, stage=Stage.ENDED))


def _function(path: str, body: bytes) -> str:
    """What the functions of ES9+ are called in paths, whichever binding names it; empty for none."""
    if path != asn1_envelope.PATH:
        return path.rpartition("/")[2]
    try:
        return _ASN1_FUNCTIONS.get(tlv.parse(body).children[0].tag, "")
    except (CodecError, IndexError):
        return ""


_ASN1_FUNCTIONS = {
    asn1_envelope.INITIATE_AUTHENTICATION: "initiateAuthentication",
    asn1_envelope.AUTHENTICATE_CLIENT: "authenticateClient",
    asn1_envelope.GET_BOUND_PROFILE_PACKAGE: "getBoundProfilePackage",
    asn1_envelope.CANCEL_SESSION: "cancelSession",
    asn1_envelope.HANDLE_NOTIFICATION: "handleNotification",
}
_BINDINGS: Mapping[str, Callable[[Smdp, str, bytes, datetime, Rules], HttpReply]] = {
    json_binding.PREFIX: Smdp._es9plus,
    asn1_envelope.PATH: Smdp._asn1,
    es2plus_binding.PREFIX: Smdp._es2plus,
}
