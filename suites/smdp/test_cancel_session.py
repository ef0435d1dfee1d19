"""What an SM-DP+ makes of a download that is given up. SGP.22 v2.5 §5.6.5 (ES9+.CancelSession), §3.0.2.

A download that was only put off can be taken up again; after any other reason the order is over.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es9 import SUCCESS, Es9Download
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import OrderState, Smdp

SIGNATURE_INVALID = "8.1/6.1"
UNKNOWN_TRANSACTION = "8.10.1/3.9"
PUT_OFF = {1: "postponed", 2: "timeout"}
GIVEN_UP = {
    0: "endUserRejection",
    3: "pprNotAllowed",
    4: "metadataMismatch",
    5: "loadBppExecutionError",
    127: "undefinedReason",
}


@case(
    "DP-005",
    clause="SGP.22 v2.5 §5.6.5",
    area="smdp",
    catches=("accepts-forged-cancellations", "drops-postponed-orders", "keeps-rejected-orders"),
)
def test_cancel_session(
    es9: ServerUnderTest,
    card: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """A cancellation ends the session by the eUICC's signature, and the order by its reason."""
    order = smdp.order(profiles["operational-a"])
    session = Es9Download(es9, card, smdp.identity.address, order.matching_id)
    with step("a cancellation with one bit of its signature changed", expect=SIGNATURE_INVALID) as seen:
        session.to_client()
        response = card.cancel_session(session.transaction_id, 0).raw
        answer = session.cancel_with(with_flipped_bit(response, 8 * len(response) - 50))
        seen.observed(f"{answer.status}, the order is {smdp.order_now(order).state}")
        assert answer.status == SIGNATURE_INVALID
        assert smdp.order_now(order).state is OrderState.RELEASED
    for reason, name in PUT_OFF.items():
        with step(f"cancelled: {name}", expect="success, and the order stays open") as seen:
            session.to_client()
            answer = session.cancel(reason)
            seen.observed(f"{answer.status}, the order is {smdp.order_now(order).state}")
            assert answer.status == SUCCESS
            assert smdp.order_now(order).state is OrderState.RELEASED
    with step("the same cancellation once more", expect=UNKNOWN_TRANSACTION) as seen:
        answer = session.cancel_with(tlv.build(0xBF41, tlv.integer(0x81, 5)))
        seen.observed(answer.status)
        assert answer.status == UNKNOWN_TRANSACTION
    for reason, name in GIVEN_UP.items():
        with step(f"cancelled: {name}", expect="success, and the order is over") as seen:
            ended = smdp.order(profiles["operational-a"])
            session.matching_id = ended.matching_id
            session.to_client()
            answer = session.cancel(reason)
            seen.observed(f"{answer.status}, the order is {smdp.order_now(ended).state}")
            assert answer.status == SUCCESS
            assert smdp.order_now(ended).state is OrderState.FAILED
            assert not session.to_client().is_success
