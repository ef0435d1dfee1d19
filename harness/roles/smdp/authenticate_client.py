"""ES9+.AuthenticateClient: who is it, which profile is it to get (SGP.22 v2.5 §5.6.3, §3.1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from harness.codec import DecodeError, decode, encode, tlv
from harness.codec.tlv import Tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.profiles import ProfilePackage
from harness.roles.rsp_server.authentication import SIGNATURE, signed_parts
from harness.roles.smdp.context import Context, Outcome
from harness.roles.smdp.events import EuiccAuthenticated, EuiccReportedError
from harness.roles.smdp.identity import Credentials
from harness.roles.smdp.messages import AuthenticateClient, AuthenticateClientOk
from harness.roles.smdp.orders import Order, OrderState
from harness.roles.smdp.state import Session, SmdpState, Stage
from harness.roles.smdp.status import Malformed, Refusal, Status

_FREE_MEMORY = 0x82
"""Free non-volatile memory, within extCardResource (TS 102 226 §8.2.1.7.2)."""


def authenticate_client(
    state: SmdpState, request: AuthenticateClient, context: Context
) -> Outcome[AuthenticateClientOk]:
    """Authenticates the eUICC and chooses its order. Raises Refusal; Malformed and DecodeError for what cannot be read."""
    rules = context.rules
    kind, answer = decode("AuthenticateServerResponse", request.authenticate_server_response)
    session = state.session(request.transaction_id, Stage.INITIATED)
    if kind == "authenticateResponseError":
        told = EuiccReportedError(session.transaction_id, "AuthenticateServer", answer["authenticateErrorCode"])
        ended = state.with_session(replace(session, stage=Stage.ENDED))
        return Outcome(ended, Status.EUICC_UNVERIFIED, (told,))
    if kind != "authenticateResponseOk":
        raise Malformed(f"{kind} is a form for ESipa only")
    signed, euicc, eum = signed_parts(request.authenticate_server_response)
    certificate = rules["euicc-chain"](session.ci_certificate, eum, euicc, context.now)
    if not rules["euicc-signature1"](certificate, answer["euiccSignature1"], signed):
        raise Refusal(Status.EUICC_UNVERIFIED)
    if not rules["server-challenge"](session, answer["euiccSigned1"]):
        raise Refusal(Status.EUICC_UNVERIFIED)
    wanted = answer["euiccSigned1"]["ctxParams1"][1].get("matchingId", "")
    order = rules["order-for"](state, wanted, certificate.eid)
    if not rules["order-is-for-this-euicc"](order, certificate.eid):
        raise Refusal(Status.EID_REFUSED)
    order = rules["order-is-open"](order, context.now)
    rules["euicc-suits"](order.profile, answer["euiccSigned1"]["euiccInfo2"])
    return _answered(state.with_order(order), session, certificate, order, answer["euiccSignature1"], context)


def _answered(
    state: SmdpState, session: Session, certificate: Certificate, order: Order, signature1: bytes, context: Context
) -> Outcome[AuthenticateClientOk]:
    credentials, eid = session.credentials, certificate.eid or b""
    signed2 = context.rules["smdp-signed2"](session, order, eid)
    signature2 = context.rules["smdp-signature2"](credentials, signed2, tlv.build(SIGNATURE, signature1))
    session = replace(
        session,
        stage=Stage.AUTHENTICATED,
        eid=eid,
        euicc_certificate=certificate,
        order=order.number,
        smdp_signature2=tlv.build(SIGNATURE, signature2),
    )
    answer = AuthenticateClientOk(
        session.transaction_id,
        encode("StoreMetadataRequest", dict(order.profile.metadata)),
        signed2,
        session.smdp_signature2,
        context.rules["smdp-certificate"](credentials),
    )
    told = EuiccAuthenticated(session.transaction_id, eid, order.matching_id, order.profile.iccid)
    return Outcome(state.with_session(session), answer, (told,))


def server_challenge(session: Session, signed: Mapping[str, Any]) -> bool:
    """Whether the eUICC signed for this session and nothing older."""
    return (signed["transactionId"], signed["serverChallenge"]) == (session.transaction_id, session.server_challenge)


def order_for(state: SmdpState, matching_id: str, eid: bytes) -> Order:
    """The order that the matchingId names; without one the order for this EID, or the default one for anybody.

    An order that has ended is no order, and one that nobody confirmed is none yet. Raises Refusal.
    """
    confirmed = [order for order in state.open_orders() if order.is_confirmed]
    named = [order for order in confirmed if order.matching_id == matching_id]
    if not matching_id:
        named = [order for order in named if order.eid == eid] or [order for order in named if order.eid is None]
    if not named:
        raise Refusal(Status.MATCHING_ID_REFUSED)
    return named[0]


def order_is_for_this_euicc(order: Order, eid: bytes) -> bool:
    """Whether the order is for anybody, or for this EID."""
    return order.eid is None or order.eid == eid


def order_is_open(order: Order, now: datetime) -> Order:
    """The order with one attempt used up. Raises Refusal while it is not released, after its end, or when tried too often."""
    if order.state is OrderState.CONFIRMED:
        raise Refusal(Status.NOT_RELEASED)
    if has_expired(order, now):
        raise Refusal(Status.ORDER_EXPIRED)
    if order.download_attempts < 1:
        raise Refusal(Status.ORDER_RETRIES_EXCEEDED)
    return replace(order, download_attempts=order.download_attempts - 1)


def has_expired(order: Order, now: datetime) -> bool:
    """Whether the order's time is over."""
    return order.expires is not None and now >= order.expires


def euicc_suits(profile: ProfilePackage, info2: Mapping[str, Any]) -> None:
    """Raises Refusal where the eUICC forbids the profile's policy rules, knows no such package version, or is full."""
    versions = [info2["profileVersion"], *info2.get("additionalEuiccProfilePackageVersions", ())]
    if profile.version[0] not in {version[0] for version in versions}:
        raise Refusal(Status.NOT_ELIGIBLE)
    forbidden, rules = info2.get("forbiddenProfilePolicyRules"), profile.metadata.get("profilePolicyRules")
    if forbidden and rules and any(ours & theirs for ours, theirs in zip(rules[0], forbidden[0], strict=False)):
        raise Refusal(Status.NOT_ELIGIBLE)
    free = _free_memory(info2["extCardResource"])
    if free is not None and free < len(profile.der):
        raise Refusal(Status.INSUFFICIENT_MEMORY)


def _free_memory(resource: bytes) -> int | None:
    """Octets the eUICC says are free; None where it does not say so legibly, which is no reason to refuse it."""
    try:
        fields = tlv.parse_all(resource)
    except DecodeError:
        return None
    found: Tlv | None = next((field for field in fields if field.tag == _FREE_MEMORY), None)
    return int.from_bytes(found.value, "big") if found else None


def smdp_signed2(session: Session, order: Order, eid: bytes) -> bytes:
    """The session, whether a confirmation code is due, and the eUICC's key of an earlier attempt that we would take again."""
    value: dict[str, Any] = {
        "transactionId": session.transaction_id,
        "ccRequiredFlag": bool(order.confirmation_code),
    }
    binding = order.binding
    if binding is not None and binding.eid == eid and binding.curve is session.credentials.curve:
        value["bppEuiccOtpk"] = binding.euicc_otpk
    return encode("SmdpSigned2", value)


def smdp_signature2(credentials: Credentials, signed2: bytes, euicc_signature1_tlv: bytes) -> bytes:
    """r‖s by the DPpb key over smdpSigned2 and the eUICC's whole signature behind it."""
    return ecdsa.sign(credentials.pb_key, signed2 + euicc_signature1_tlv)


def smdp_certificate(credentials: Credentials) -> bytes:
    """The DPpb certificate."""
    return credentials.pb_certificate
