"""Defects of an SM-DP+ towards operators, SM-DSs and testers: ES2+, ES12, the ASN.1 binding, injected faults."""

from __future__ import annotations

from collections.abc import Callable

from harness.codec import tlv
from harness.crypto.agreement import SessionKeys
from harness.roles.smdp.injection import Injection
from harness.roles.smdp.orders import Order, OrderState
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import answering, around, with_rule


def _newest_eid(order: Order, eid: bytes | None) -> bytes | None:
    return eid or order.eid


def _tagged_twice(inner: Callable[[int, bytes], bytes], function: int, content: bytes) -> bytes:
    return inner(function, tlv.build(function, content))


def _not_spent(fault: Injection) -> Injection:
    return fault


def _swapped(inner: Callable[[SessionKeys], bytes], keys: SessionKeys) -> bytes:
    return inner(SessionKeys(keys.initial_mac_chaining, keys.s_mac, keys.s_enc))


DEFECTS = (
    Defect(
        "orders-a-profile-twice",
        "smdp",
        "A profile that has an order, or was withdrawn, is ordered again.",
        answering("profile-is-available", True),
    ),
    Defect(
        "forgets-the-eid-of-an-order",
        "smdp",
        "A profile that was ordered for one eUICC goes to any.",
        answering("eid-of-order", None),
    ),
    Defect(
        "lets-a-confirmation-change-the-eid",
        "smdp",
        "ConfirmOrder gives an order that is linked to one eUICC to another one.",
        with_rule("confirmed-eid", _newest_eid),
    ),
    Defect(
        "confirms-without-an-eid",
        "smdp",
        "An order that nobody can find is confirmed.",
        answering("needs-an-eid", False),
    ),
    Defect(
        "takes-a-matching-id-twice",
        "smdp",
        "Two orders have the same matchingId.",
        answering("matching-id-is-free", True),
    ),
    Defect(
        "releases-at-confirmation",
        "smdp",
        "A confirmed profile can be downloaded before the operator releases it.",
        answering("after-a-confirmation", OrderState.RELEASED),
    ),
    Defect(
        "releases-unconfirmed-profiles",
        "smdp",
        "ReleaseProfile releases what was never confirmed.",
        answering("profile-is-releasable", True),
    ),
    Defect(
        "cancels-for-any-identifiers",
        "smdp",
        "CancelOrder does not compare EID and matchingId with the order's.",
        answering("cancellation-names-the-order", None),
    ),
    Defect(
        "cancels-downloaded-profiles",
        "smdp",
        "An order is taken back although an eUICC has the profile.",
        answering("order-is-cancellable", True),
    ),
    Defect(
        "registers-no-events",
        "smdp",
        "An order with an SM-DS is released without a word to it.",
        answering("event-is-wanted", False),
    ),
    Defect(
        "leaves-events-behind",
        "smdp",
        "The event of an order that is over stays at the SM-DS.",
        answering("event-is-over", False),
    ),
    Defect(
        "calls-every-asn1-error-undefined",
        "smdp",
        "Refusals in the ASN.1 binding are undefinedError, whatever was wrong.",
        answering("asn1-error", 127),
    ),
    Defect(
        "tags-asn1-answers-twice",
        "smdp",
        "The function's tag stands twice around an answer: BF39 in BF39.",
        around("asn1-answer", _tagged_twice),
    ),
    Defect(
        "hides-injected-faults",
        "smdp",
        "An answer that was spoilt on purpose looks like a fault of its own.",
        answering("tells-of-injection", None),
    ),
    Defect(
        "never-stops-injecting",
        "smdp",
        "A fault that was asked for once spoils every answer.",
        with_rule("left-of-injection", _not_spent),
    ),
    Defect(
        "swaps-profile-keys",
        "smdp",
        "ReplaceSessionKeys names the key for ciphering where that for MACs belongs.",
        around("profile-keys", _swapped),
    ),
)
