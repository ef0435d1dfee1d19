"""ES9+.CancelSession: a download that the device gave up (SGP.22 v2.5 §5.6.5)."""

from __future__ import annotations

from dataclasses import replace

from harness.codec import decode, tlv
from harness.crypto import ecdsa
from harness.roles.smdp.context import Context, Outcome
from harness.roles.smdp.events import EuiccReportedError, SessionCancelled
from harness.roles.smdp.messages import Acknowledged, CancelSession
from harness.roles.smdp.orders import Order, OrderState
from harness.roles.smdp.state import Session, SmdpState, Stage
from harness.roles.smdp.status import Malformed, Refusal, Status

_OK = 0xA0
_SEQUENCE = 0x30
_POSTPONED, _TIMEOUT = 1, 2
_KEEPING = frozenset({_POSTPONED, _TIMEOUT})
"""Reasons after which the order stays open: the user may still want the profile."""


def cancel_session(state: SmdpState, request: CancelSession, context: Context) -> Outcome[Acknowledged]:
    """Ends the session and, by its reason, the order. Raises Refusal; Malformed and DecodeError for what cannot be read."""
    kind, answer = decode("CancelSessionResponse", request.cancel_session_response)
    session = state.session(request.transaction_id, Stage.AUTHENTICATED, Stage.BOUND)
    if kind == "cancelSessionResponseError":
        failed = EuiccReportedError(session.transaction_id, "CancelSession", answer)
        return Outcome(state, Status.EUICC_UNVERIFIED, (failed,))
    if kind != "cancelSessionResponseOk":
        raise Malformed(f"{kind} is a form for ESipa only")
    signed = tlv.parse(request.cancel_session_response).get(_OK, _SEQUENCE).raw
    if not context.rules["cancellation-is-genuine"](session, signed, answer["euiccCancelSessionSignature"]):
        raise Refusal(Status.EUICC_UNVERIFIED)
    value = answer["euiccCancelSessionSigned"]
    if value["transactionId"] != session.transaction_id:
        raise Refusal(Status.UNKNOWN_TRANSACTION)
    if value["smdpOid"] != session.credentials.oid:
        raise Refusal(Status.INVALID_OID)
    order = context.rules["after-a-cancellation"](state.orders[session.order], value["reason"])
    following = state.with_order(order).with_session(replace(session, stage=Stage.ENDED))
    told = SessionCancelled(session.transaction_id, value["reason"], session.eid)
    return Outcome(following, Acknowledged(), (told,))


def cancellation_is_genuine(session: Session, signed: bytes, signature: bytes) -> bool:
    """Whether the session's eUICC signed these octets."""
    certificate = session.euicc_certificate
    return certificate is not None and ecdsa.verify(certificate.public_key, signature, signed)


def after_a_cancellation(order: Order, reason: int) -> Order:
    """The order as it was before the session where the profile was only put off; failed for any other reason."""
    if reason in _KEEPING:
        return replace(order, state=OrderState.RELEASED)
    return order.ended(OrderState.FAILED)
