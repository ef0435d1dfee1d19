"""Defects of an SM-DP+. Several were seen in running implementations; each names the cases that catch it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from harness.codec import tlv
from harness.crypto import ecdsa
from harness.crypto.certificates import Certificate
from harness.crypto.scp03t import Scp03tSender
from harness.profiles import ProfilePackage
from harness.roles.smdp.get_bound_profile_package import confirmation_code
from harness.roles.smdp.identity import Credentials, SmdpIdentity
from harness.roles.smdp.orders import Order, OrderState
from harness.roles.smdp.state import Session, SmdpState, Stage
from harness.roles.smdp.status import Refusal, Status
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, around, with_rule

_TOO_MUCH = 1024
_SECRET = bytes(31) + b"\x07"


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


def _without_euicc_key(credentials: Credentials, operation: bytes, smdp_otpk: bytes, _: bytes) -> bytes:
    return ecdsa.sign(credentials.pb_key, operation + smdp_otpk)


def _unchecked_chain(ci: bytes, eum: bytes, euicc: bytes, now: datetime) -> Certificate:
    return Certificate(euicc)


def _without_clock(
    inner: Callable[[bytes, bytes, bytes, datetime], Certificate], ci: bytes, eum: bytes, euicc: bytes, now: datetime
) -> Certificate:
    return inner(ci, eum, euicc, max(Certificate(eum).not_before, Certificate(euicc).not_before))


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


def _order_as_it_is(order: Order, now: datetime) -> Order:
    return order


def _hashed_once(order: Order, hash_cc: bytes | None, transaction_id: bytes) -> Status | None:
    if hash_cc is not None and hash_cc == sha256(order.confirmation_code.encode() + transaction_id).digest():
        return None
    return confirmation_code(replace(order, confirmation_code=order.confirmation_code + "?"), hash_cc, transaction_id)


def _missing_means_none(
    inner: Callable[[Order, bytes | None, bytes], Status | None], order: Order, hash_cc: bytes | None, tid: bytes
) -> Status | None:
    return None if hash_cc is None else inner(order, hash_cc, tid)


def _never_locked(state: SmdpState, session: Session, order: Order, refused: Status) -> SmdpState:
    return state.with_session(replace(session, stage=Stage.ENDED))


def _split_before_padding(sender: Scp03tSender, tag: int, data: bytes) -> Sequence[bytes]:
    """Cuts the plaintext at 1,024 less the MAC and forgets that padding comes on top."""
    room = _TOO_MUCH - 16
    return [sender.protect(tag, data[at : at + room]) for at in range(0, max(1, len(data)), room)]


def _counter_only_when_encrypted(sender: Scp03tSender, tag: int, data: bytes) -> Sequence[bytes]:
    """Does not count the segments that carry a MAC only."""
    counted = sender._counter
    made = sender.segments(tag, data)
    if tag == 0x88:
        sender._counter = counted
    return made


def _always_a_new_binding(*_: object) -> bool:
    return False


def _stays_downloaded(order: Order, _: object) -> Order:
    return order


def _done_whatever_happened(order: Order, _: object) -> Order:
    return order.ended(OrderState.INSTALLED)


def _always_failed(order: Order, _: int) -> Order:
    return order.ended(OrderState.FAILED)


DEFECTS = (
    Defect(
        "answers-for-any-address",
        "smdp",
        "The address in InitiateAuthentication is not looked at (DP-001).",
        answering("address-is-ours", True),
    ),
    Defect(
        "takes-any-euicc-version",
        "smdp",
        "An eUICC of a specification version that is not supported gets a session (DP-001).",
        answering("version-is-supported", True),
    ),
    Defect(
        "asks-for-an-unknown-ci",
        "smdp",
        "The eUICC is to prove itself under our first CI, whatever CIs it has (DP-001).",
        with_rule("ci-for-the-euicc", _first_credentials),
    ),
    Defect(
        "shows-a-certificate-the-euicc-cannot-verify",
        "smdp",
        "The DPauth certificate is under a CI that the eUICC does not have (DP-001).",
        with_rule("credentials-for-the-euicc", _not_ours),
    ),
    Defect(
        "signs-another-challenge",
        "smdp",
        "serverSigned1 does not hold the eUICC's challenge (DP-001).",
        around("server-signed1", _other_challenge),
    ),
    Defect(
        "signs-server-signed1-with-another-key",
        "smdp",
        "serverSignature1 is not by the DPauth key (DP-001).",
        with_rule("server-signature1", _other_key),
    ),
    Defect(
        "accepts-any-euicc-certificate",
        "smdp",
        "The chain above the eUICC is not verified (DP-002).",
        with_rule("euicc-chain", _unchecked_chain),
    ),
    Defect(
        "ignores-certificate-validity",
        "smdp",
        "Expired EUM and eUICC certificates are accepted (DP-002).",
        around("euicc-chain", _without_clock),
    ),
    Defect(
        "accepts-bad-euicc-signature1",
        "smdp",
        "euiccSignature1 is not verified (DP-002).",
        answering("euicc-signature1", True),
    ),
    Defect(
        "ignores-server-challenge",
        "smdp",
        "What the eUICC signed for an earlier session is accepted again (DP-002).",
        answering("server-challenge", True),
    ),
    Defect(
        "ignores-matching-id",
        "smdp",
        "Whoever asks gets the oldest order (DP-002).",
        with_rule("order-for", _any_order),
    ),
    Defect(
        "matches-matching-id-in-any-case",
        "smdp",
        "Capital and small letters of a matchingId are the same (DP-002).",
        around("order-for", _in_any_case),
    ),
    Defect(
        "ignores-eid-of-order",
        "smdp",
        "An order for one EID is given to another eUICC (DP-002).",
        answering("order-is-for-this-euicc", True),
    ),
    Defect(
        "ignores-eligibility",
        "smdp",
        "Neither memory nor package version of the eUICC is looked at (DP-002).",
        with_rule("euicc-suits", _without_eligibility),
    ),
    Defect(
        "ignores-order-state",
        "smdp",
        "Unreleased and expired orders, and those tried too often, are given out (DP-003).",
        with_rule("order-is-open", _order_as_it_is),
    ),
    Defect(
        "signs-smdp-signed2-alone",
        "smdp",
        "smdpSignature2 does not cover euiccSignature1 (DP-002).",
        with_rule("smdp-signature2", _signed2_alone),
    ),
    Defect(
        "signs-euicc-signature1-without-tag",
        "smdp",
        "smdpSignature2 covers the octets of euiccSignature1 without 5F37 40 (DP-002).",
        with_rule("smdp-signature2", _without_tag),
    ),
    Defect(
        "accepts-bad-euicc-signature2",
        "smdp",
        "euiccSignature2 is not verified (DP-003).",
        answering("euicc-signature2", True),
    ),
    Defect(
        "ignores-confirmation-code",
        "smdp",
        "Any confirmation code, or none, opens the order (DP-003).",
        answering("confirmation-code", None),
    ),
    Defect(
        "takes-a-missing-confirmation-code",
        "smdp",
        "A wrong confirmation code is refused, a missing one is not (DP-003).",
        around("confirmation-code", _missing_means_none),
    ),
    Defect(
        "hashes-confirmation-code-once",
        "smdp",
        "hashCc is compared with one hash over code and transaction (DP-003).",
        with_rule("confirmation-code", _hashed_once),
    ),
    Defect(
        "never-locks-confirmation-code",
        "smdp",
        "A confirmation code may be guessed for ever (DP-003).",
        with_rule("after-a-wrong-code", _never_locked),
    ),
    Defect(
        "sends-oversized-segments",
        "smdp",
        "86 segments are cut without room for padding and come out above 1,020 octets (DP-003).",
        with_rule("segments", _split_before_padding),
    ),
    Defect(
        "counts-encrypted-segments-only",
        "smdp",
        "The counter behind the initial vector does not advance for 88 segments (DP-003).",
        with_rule("segments", _counter_only_when_encrypted),
    ),
    Defect(
        "signs-without-the-euicc-key",
        "smdp",
        "smdpSign of InitialiseSecureChannel does not cover the eUICC's one-time key (DP-003).",
        with_rule("smdp-sign", _without_euicc_key),
    ),
    Defect(
        "forgets-binding",
        "smdp",
        "A retry with the same eUICC key is bound under new keys (DP-003).",
        with_rule("binding-is-for", _always_a_new_binding),
    ),
    Defect(
        "accepts-forged-installation-results",
        "smdp",
        "The signature of a ProfileInstallationResult is not verified (DP-004).",
        answering("installation-result-is-genuine", True),
    ),
    Defect(
        "accepts-forged-notifications",
        "smdp",
        "The signature of an enable, disable or delete notification is not verified (DP-004).",
        answering("notification-is-genuine", True),
    ),
    Defect(
        "leaves-installed-orders-open",
        "smdp",
        "An installed profile can be downloaded again by the same order (DP-004).",
        with_rule("after-an-installation", _stays_downloaded),
    ),
    Defect(
        "takes-failures-for-success",
        "smdp",
        "A failed installation is booked as an installed profile (DP-004).",
        with_rule("after-an-installation", _done_whatever_happened),
    ),
    Defect(
        "accepts-forged-cancellations",
        "smdp",
        "The signature of a cancellation is not verified (DP-005).",
        answering("cancellation-is-genuine", True),
    ),
    Defect(
        "drops-postponed-orders",
        "smdp",
        "A postponed download ends the order (DP-005).",
        with_rule("after-a-cancellation", _always_failed),
    ),
    Defect(
        "keeps-rejected-orders",
        "smdp",
        "A download that the user rejected can be tried again (DP-005).",
        with_rule("after-a-cancellation", _stays_downloaded),
    ),
)
