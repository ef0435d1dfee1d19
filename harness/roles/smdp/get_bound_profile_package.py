"""ES9+.GetBoundProfilePackage: hand out the profile, bound to this eUICC (SGP.22 v2.5 §5.6.2)."""

from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha256

from harness.codec import decode, tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.errors import KeyFormatError
from harness.roles.smdp import binding
from harness.roles.smdp.authenticate_client import has_expired
from harness.roles.smdp.context import Context, Outcome
from harness.roles.smdp.events import EuiccReportedError, PackageBound
from harness.roles.smdp.messages import GetBoundProfilePackage, GetBoundProfilePackageOk
from harness.roles.smdp.orders import Binding, Order, OrderState
from harness.roles.smdp.state import Session, SmdpState, Stage
from harness.roles.smdp.status import Malformed, Refusal, Status, StatusCode

_OK = 0xA0
_SEQUENCE = 0x30


def get_bound_profile_package(
    state: SmdpState, request: GetBoundProfilePackage, context: Context
) -> Outcome[GetBoundProfilePackageOk]:
    """Binds the session's profile. Raises Refusal; Malformed and DecodeError for what cannot be read."""
    rules = context.rules
    kind, answer = decode("PrepareDownloadResponse", request.prepare_download_response)
    session = state.session(request.transaction_id, Stage.AUTHENTICATED)
    if kind == "downloadResponseError":
        told = EuiccReportedError(session.transaction_id, "PrepareDownload", answer["downloadErrorCode"])
        ended = state.with_session(replace(session, stage=Stage.ENDED))
        return Outcome(ended, Status.EUICC_UNVERIFIED, (told,))
    if kind != "downloadResponseOk":
        raise Malformed(f"{kind} is a form for ESipa only")
    signed = tlv.parse(request.prepare_download_response).get(_OK, _SEQUENCE).raw
    if not rules["euicc-signature2"](
        session.euicc_certificate, answer["euiccSignature2"], signed, session.smdp_signature2
    ):
        raise Refusal(Status.EUICC_UNVERIFIED)
    if answer["euiccSigned2"]["transactionId"] != session.transaction_id:
        raise Refusal(Status.UNKNOWN_TRANSACTION)
    order = state.orders[session.order]
    if not order.is_open:
        raise Refusal(Status.NO_NEW_BINDING)
    if has_expired(order, context.now):
        raise Refusal(Status.ORDER_EXPIRED)
    refused = rules["confirmation-code"](order, answer["euiccSigned2"].get("hashCc"), session.transaction_id)
    if refused is not None:
        return Outcome(rules["after-a-wrong-code"](state, session, order, refused), refused)
    return _bound(state, session, order, answer["euiccSigned2"]["euiccOtpk"], context)


def _bound(
    state: SmdpState, session: Session, order: Order, euicc_otpk: bytes, context: Context
) -> Outcome[GetBoundProfilePackageOk]:
    rules, kept = context.rules, order.binding
    is_retry = kept is not None and rules["binding-is-for"](kept, session, euicc_otpk)
    if kept is None or not is_retry:
        if kept is not None and not order.may_rebind:
            raise Refusal(Status.NO_NEW_BINDING)
        draw = context.entropy.child(f"binding/{session.transaction_id.hex()}")
        try:
            kept = binding.bind(order, session, euicc_otpk, draw, rules["segments"], rules["profile-keys"])
        except KeyFormatError as error:
            raise Refusal(Status.EUICC_UNVERIFIED) from error
    package = binding.bound_profile_package(session, kept, rules["smdp-sign"])
    order = replace(order, state=OrderState.DOWNLOADED, binding=kept)
    following = state.with_order(order).with_session(replace(session, stage=Stage.BOUND))
    told = PackageBound(session.transaction_id, session.eid, order.profile.iccid, is_retry)
    return Outcome(following, GetBoundProfilePackageOk(session.transaction_id, package), (told,))


def euicc_signature2(certificate: Certificate, signature: bytes, signed: bytes, smdp_signature2_tlv: bytes) -> bool:
    """Whether the eUICC signed these octets with our whole signature behind them."""
    return ecdsa.verify(certificate.public_key, signature, signed + smdp_signature2_tlv)


def confirmation_code(order: Order, hash_cc: bytes | None, transaction_id: bytes) -> StatusCode | None:
    """Why the hashed confirmation code does not do; None where it does, or none is needed."""
    if not order.confirmation_code:
        return None
    if hash_cc is None:
        return Status.CONFIRMATION_CODE_MISSING
    if hmac.compare_digest(hash_cc, hashed(order.confirmation_code, transaction_id)):
        return None
    if order.confirmation_attempts <= 1:
        return Status.CONFIRMATION_RETRIES_EXCEEDED
    return Status.CONFIRMATION_CODE_REFUSED


def hashed(code: str, transaction_id: bytes) -> bytes:
    """SHA-256 over the SHA-256 of the code and the transaction id."""
    return sha256(sha256(code.encode()).digest() + transaction_id).digest()


def after_a_wrong_code(state: SmdpState, session: Session, order: Order, refused: StatusCode) -> SmdpState:
    """One attempt fewer; with none left the order has failed. A missing code costs nothing. The session is over."""
    state = state.with_session(replace(session, stage=Stage.ENDED))
    if refused is Status.CONFIRMATION_CODE_MISSING:
        return state
    order = replace(order, confirmation_attempts=order.confirmation_attempts - 1)
    return state.with_order(order.ended(OrderState.FAILED) if order.confirmation_attempts < 1 else order)


def binding_is_for(kept: Binding, session: Session, euicc_otpk: bytes) -> bool:
    """Whether an earlier binding still opens for this eUICC: it used the same one-time key again."""
    return (kept.eid, kept.euicc_otpk, kept.curve) == (session.eid, euicc_otpk, session.credentials.curve)
