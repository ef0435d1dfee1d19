"""Defects of an SM-DP+ before it gives a profile away: its own proof, and whom it believes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from harness.codec import tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.chain import euicc_chain_faults
from harness.profiles import ProfilePackage
from harness.roles.smdp.identity import Credentials, SmdpIdentity
from harness.roles.smdp.orders import Order
from harness.roles.smdp.state import Session, SmdpState
from harness.roles.smdp.status import Refusal, Status
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, around, with_rule

_SECRET = bytes(31) + b"\x07"
_CONSTRAINTS = {"name-constraints", "eid-range"}


def _first_credentials(identity: SmdpIdentity, _: object) -> Credentials:
    return identity.credentials[0]


def _not_ours(identity: SmdpIdentity, verifying: Sequence[bytes], proving: Credentials) -> Credentials:
    others = [credentials for credentials in identity.credentials if credentials != proving]
    return others[0] if others else proving


def _other_challenge(
    inner: Callable[[Session, SmdpIdentity], bytes], session: Session, identity: SmdpIdentity
) -> bytes:
    return inner(replace(session, euicc_challenge=bytes(16)), identity)


def _other_key(credentials: Credentials, *parts: bytes) -> bytes:
    return ecdsa.sign(ecdsa.private_key(credentials.curve, _SECRET), b"".join(parts))


def _signed2_alone(credentials: Credentials, signed2: bytes, _: bytes) -> bytes:
    return ecdsa.sign(credentials.pb_key, signed2)


def _without_tag(credentials: Credentials, signed2: bytes, signature1: bytes) -> bytes:
    return ecdsa.sign(credentials.pb_key, signed2 + tlv.parse(signature1).value)


def _unchecked_chain(ci: bytes, eum: bytes, euicc: bytes, now: datetime) -> Certificate:
    return Certificate(euicc)


def _without_clock(
    inner: Callable[[bytes, bytes, bytes, datetime], Certificate], ci: bytes, eum: bytes, euicc: bytes, now: datetime
) -> Certificate:
    return inner(ci, eum, euicc, max(Certificate(eum).not_before, Certificate(euicc).not_before))


def _without_constraints(
    inner: Callable[[bytes, bytes, bytes, datetime], Certificate], ci: bytes, eum: bytes, euicc: bytes, now: datetime
) -> Certificate:
    certificates = Certificate(ci), Certificate(eum), Certificate(euicc)
    faults = {fault.rule for fault in euicc_chain_faults(*certificates, now=now)}
    return certificates[2] if faults and faults <= _CONSTRAINTS else inner(ci, eum, euicc, now)


def _any_order(state: SmdpState, matching_id: str, eid: bytes) -> Order:
    orders = state.open_orders()
    if not orders:
        raise Refusal(Status.MATCHING_ID_REFUSED)
    return orders[0]


def _in_any_case(
    inner: Callable[[SmdpState, str, bytes], Order], state: SmdpState, matching_id: str, eid: bytes
) -> Order:
    named = [order for order in state.open_orders() if order.matching_id.lower() == matching_id.lower()]
    return named[0] if named else inner(state, matching_id, eid)


def _without_eligibility(profile: ProfilePackage, info2: Mapping[str, Any]) -> None:
    return None


DEFECTS = (
    Defect(
        "answers-for-any-address",
        "smdp",
        "The address in InitiateAuthentication is not looked at.",
        answering("address-is-ours", True),
    ),
    Defect(
        "omits-response-headers",
        "smdp",
        "Answers carry neither Content-Type nor X-Admin-Protocol.",
        answering("response-headers", ()),
    ),
    Defect(
        "takes-any-euicc-version",
        "smdp",
        "An eUICC of a specification version that is not supported gets a session.",
        answering("version-is-supported", True),
    ),
    Defect(
        "asks-for-an-unknown-ci",
        "smdp",
        "The eUICC is to prove itself under our first CI, whatever CIs it has.",
        with_rule("ci-for-the-euicc", _first_credentials),
    ),
    Defect(
        "shows-a-certificate-the-euicc-cannot-verify",
        "smdp",
        "The DPauth certificate is under a CI that the eUICC does not have.",
        with_rule("credentials-for-the-euicc", _not_ours),
    ),
    Defect(
        "signs-another-challenge",
        "smdp",
        "serverSigned1 does not hold the eUICC's challenge.",
        around("server-signed1", _other_challenge),
    ),
    Defect(
        "signs-server-signed1-with-another-key",
        "smdp",
        "serverSignature1 is not by the DPauth key.",
        with_rule("server-signature1", _other_key),
    ),
    Defect(
        "accepts-any-euicc-certificate",
        "smdp",
        "The chain above the eUICC is not verified.",
        with_rule("euicc-chain", _unchecked_chain),
    ),
    Defect(
        "ignores-certificate-validity",
        "smdp",
        "Expired EUM and eUICC certificates are accepted.",
        around("euicc-chain", _without_clock),
    ),
    Defect(
        "ignores-name-constraints",
        "smdp",
        "What its EUM may issue is not held against an eUICC certificate.",
        around("euicc-chain", _without_constraints),
    ),
    Defect(
        "accepts-bad-euicc-signature1",
        "smdp",
        "euiccSignature1 is not verified.",
        answering("euicc-signature1", True),
    ),
    Defect(
        "ignores-server-challenge",
        "smdp",
        "What the eUICC signed for an earlier session is accepted again.",
        answering("server-challenge", True),
    ),
    Defect(
        "ignores-matching-id",
        "smdp",
        "Whoever asks gets the oldest order.",
        with_rule("order-for", _any_order),
    ),
    Defect(
        "matches-matching-id-in-any-case",
        "smdp",
        "Capital and small letters of a matchingId are the same.",
        around("order-for", _in_any_case),
    ),
    Defect(
        "ignores-eid-of-order",
        "smdp",
        "An order for one EID is given to another eUICC.",
        answering("order-is-for-this-euicc", True),
    ),
    Defect(
        "ignores-eligibility",
        "smdp",
        "Neither memory nor package version of the eUICC is looked at.",
        with_rule("euicc-suits", _without_eligibility),
    ),
    Defect(
        "signs-smdp-signed2-alone",
        "smdp",
        "smdpSignature2 does not cover euiccSignature1.",
        with_rule("smdp-signature2", _signed2_alone),
    ),
    Defect(
        "signs-euicc-signature1-without-tag",
        "smdp",
        "smdpSignature2 covers the octets of euiccSignature1 without 5F37 40.",
        with_rule("smdp-signature2", _without_tag),
    ),
)
