"""ES9+.HandleNotification: what eUICCs tell about a profile (SGP.22 v2.5 §5.6.4).

A notification is acknowledged whether or not it can be verified, since refusing it would only make it come again; what it
says counts only when it is verified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.codec import decode, tlv
from harness.codec.asn1 import has_bit
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.profiles.description import EVENTS
from harness.roles.smdp.context import Context, Outcome
from harness.roles.smdp.euicc_chain import ci_of
from harness.roles.smdp.events import NotificationReceived
from harness.roles.smdp.messages import Acknowledged, HandleNotification
from harness.roles.smdp.orders import Order, OrderState
from harness.roles.smdp.state import Session, SmdpState, Stage
from harness.roles.smdp.status import Malformed, Refusal

_INSTALLATION_DATA = 0xBF27
_METADATA = 0xBF2F
_SEQUENCE = 0x30
_INTERRUPTION = 11
"""installFailedDueToInterruption: the one failure after which the same order may be tried again."""


def handle_notification(state: SmdpState, request: HandleNotification, context: Context) -> Outcome[Acknowledged]:
    """Notes a notification. Raises Malformed and DecodeError for what cannot be read."""
    kind, value = decode("PendingNotification", request.pending_notification)
    if kind == "profileInstallationResult":
        return _installation_result(state, request.pending_notification, value, context)
    if kind == "otherSignedNotification":
        return Outcome(state, Acknowledged(), (_other(request.pending_notification, value, context),))
    raise Malformed(f"{kind} is a form for ESipa only")


def _installation_result(
    state: SmdpState, raw: bytes, value: Mapping[str, Any], context: Context
) -> Outcome[Acknowledged]:
    data = value["profileInstallationResultData"]
    kind, final = data["finalResult"]
    session = state.sessions.get(data["transactionId"])
    verified = session is not None and context.rules["installation-result-is-genuine"](
        session, tlv.parse(raw).get(_INSTALLATION_DATA).raw, value["euiccSignPIR"], data["smdpOid"]
    )
    error = None if kind == "successResult" else (final["bppCommandId"], final["errorReason"])
    eid = session.eid if session and verified else b""
    told = _noted(raw, data["notificationMetadata"], verified, eid)
    told = replace(told, transaction_id=data["transactionId"], error=error)
    if session is not None and verified:
        order = context.rules["after-an-installation"](state.orders[session.order], error)
        state = state.with_order(order).with_session(replace(session, stage=Stage.ENDED))
    return Outcome(state, Acknowledged(), (told,))


def _other(raw: bytes, value: Mapping[str, Any], context: Context) -> NotificationReceived:
    rules = context.rules
    parts = tlv.parse(raw)
    certificates = [child.raw for child in parts.children if child.tag == _SEQUENCE]
    if len(certificates) < 2:
        raise Malformed("a certificate of the notification is missing")
    euicc, eum = certificates[:2]
    eid, verified = b"", False
    try:
        certificate = rules["euicc-chain"](ci_of(context.identity, eum), eum, euicc, context.now)
        signed = parts.get(_METADATA).raw
        verified = rules["notification-is-genuine"](certificate, signed, value["euiccNotificationSignature"])
        eid = certificate.eid if verified else b""
    except Refusal:
        pass  # noted as not verified below; there is nobody to refuse it to
    return _noted(raw, value["tbsOtherNotification"], verified, eid)


def _noted(raw: bytes, metadata: Mapping[str, Any], verified: bool, eid: bytes) -> NotificationReceived:
    bits = metadata["profileManagementOperation"]
    return NotificationReceived(
        raw=raw,
        event="+".join(event for bit, event in enumerate(EVENTS) if has_bit(bits, bit)),
        is_verified=verified,
        sequence_number=metadata["seqNumber"],
        address=metadata["notificationAddress"],
        iccid=metadata.get("iccid"),
        eid=eid,
    )


def installation_result_is_genuine(session: Session, signed: bytes, signature: bytes, smdp_oid: str) -> bool:
    """Whether the session's eUICC signed this result, of a package that we bound."""
    if session.stage < Stage.BOUND or session.euicc_certificate is None:
        return False
    if smdp_oid != session.credentials.oid:
        return False
    return ecdsa.verify(session.euicc_certificate.public_key, signature, signed)


def notification_is_genuine(certificate: Certificate, signed: bytes, signature: bytes) -> bool:
    """Whether the eUICC signed these octets."""
    return ecdsa.verify(certificate.public_key, signature, signed)


def after_an_installation(order: Order, error: tuple[int, int] | None) -> Order:
    """What becomes of the order: done, failed, or open for another attempt after an interruption."""
    if error is None:
        return order.ended(OrderState.INSTALLED)
    if error[1] == _INTERRUPTION:
        return replace(order, state=OrderState.RELEASED)
    return order.ended(OrderState.FAILED)
