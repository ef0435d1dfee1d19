"""Defects of an SM-DP+ from the order of a profile to its end: codes, binding, notifications, cancellation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from harness.crypto import ecdsa
from harness.crypto.scp03t import Scp03tSender
from harness.roles.smdp.get_bound_profile_package import confirmation_code
from harness.roles.smdp.identity import Credentials
from harness.roles.smdp.orders import Order, OrderState
from harness.roles.smdp.state import Session, SmdpState, Stage
from harness.roles.smdp.status import StatusCode
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, around, with_rule

_TOO_MUCH = 1024


def _without_euicc_key(credentials: Credentials, operation: bytes, smdp_otpk: bytes, _: bytes) -> bytes:
    return ecdsa.sign(credentials.pb_key, operation + smdp_otpk)


def _order_as_it_is(order: Order, now: datetime) -> Order:
    return order


def _hashed_once(order: Order, hash_cc: bytes | None, transaction_id: bytes) -> StatusCode | None:
    if hash_cc is not None and hash_cc == sha256(order.confirmation_code.encode() + transaction_id).digest():
        return None
    return confirmation_code(replace(order, confirmation_code=order.confirmation_code + "?"), hash_cc, transaction_id)


def _missing_means_none(
    inner: Callable[[Order, bytes | None, bytes], StatusCode | None], order: Order, hash_cc: bytes | None, tid: bytes
) -> StatusCode | None:
    return None if hash_cc is None else inner(order, hash_cc, tid)


def _never_locked(state: SmdpState, session: Session, order: Order, refused: StatusCode) -> SmdpState:
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


def _without_binding(
    inner: Callable[[Session, Order, bytes], bytes], session: Session, order: Order, eid: bytes
) -> bytes:
    return inner(session, replace(order, binding=None), eid)


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
        "ignores-order-state",
        "smdp",
        "Unreleased and expired orders, and those tried too often, are given out.",
        with_rule("order-is-open", _order_as_it_is),
    ),
    Defect(
        "accepts-bad-euicc-signature2",
        "smdp",
        "euiccSignature2 is not verified.",
        answering("euicc-signature2", True),
    ),
    Defect(
        "ignores-confirmation-code",
        "smdp",
        "Any confirmation code, or none, opens the order.",
        answering("confirmation-code", None),
    ),
    Defect(
        "takes-a-missing-confirmation-code",
        "smdp",
        "A wrong confirmation code is refused, a missing one is not.",
        around("confirmation-code", _missing_means_none),
    ),
    Defect(
        "hashes-confirmation-code-once",
        "smdp",
        "hashCc is compared with one hash over code and transaction.",
        with_rule("confirmation-code", _hashed_once),
    ),
    Defect(
        "never-locks-confirmation-code",
        "smdp",
        "A confirmation code may be guessed for ever.",
        with_rule("after-a-wrong-code", _never_locked),
    ),
    Defect(
        "sends-oversized-segments",
        "smdp",
        "86 segments are cut without room for padding and come out above 1,020 octets.",
        with_rule("segments", _split_before_padding),
    ),
    Defect(
        "counts-encrypted-segments-only",
        "smdp",
        "The counter behind the initial vector does not advance for 88 segments.",
        with_rule("segments", _counter_only_when_encrypted),
    ),
    Defect(
        "signs-without-the-euicc-key",
        "smdp",
        "smdpSign of InitialiseSecureChannel does not cover the eUICC's one-time key.",
        with_rule("smdp-sign", _without_euicc_key),
    ),
    Defect(
        "forgets-binding",
        "smdp",
        "A retry with the same eUICC key is bound under new keys.",
        with_rule("binding-is-for", _always_a_new_binding),
    ),
    Defect(
        "offers-no-key-again",
        "smdp",
        "smdpSigned2 does not name the eUICC's key of an earlier attempt, so that every retry is bound anew.",
        around("smdp-signed2", _without_binding),
    ),
    Defect(
        "accepts-forged-installation-results",
        "smdp",
        "The signature of a ProfileInstallationResult is not verified.",
        answering("installation-result-is-genuine", True),
    ),
    Defect(
        "accepts-forged-notifications",
        "smdp",
        "The signature of an enable, disable or delete notification is not verified.",
        answering("notification-is-genuine", True),
    ),
    Defect(
        "leaves-installed-orders-open",
        "smdp",
        "An installed profile can be downloaded again by the same order.",
        with_rule("after-an-installation", _stays_downloaded),
    ),
    Defect(
        "takes-failures-for-success",
        "smdp",
        "A failed installation is booked as an installed profile.",
        with_rule("after-an-installation", _done_whatever_happened),
    ),
    Defect(
        "accepts-forged-cancellations",
        "smdp",
        "The signature of a cancellation is not verified.",
        answering("cancellation-is-genuine", True),
    ),
    Defect(
        "drops-postponed-orders",
        "smdp",
        "A postponed download ends the order.",
        with_rule("after-a-cancellation", _always_failed),
    ),
    Defect(
        "keeps-rejected-orders",
        "smdp",
        "A download that the user rejected can be tried again.",
        with_rule("after-a-cancellation", _stays_downloaded),
    ),
)
