"""How an operator prepares a profile. SGP.22 v2.5 §5.3 (ES2+: DownloadOrder, ConfirmOrder, ReleaseProfile, CancelOrder).

A profile is reserved, its codes are settled, it is released; only then an eUICC gets it, and until then the operator may take
it back. The codes of refusals are those that independent implementations name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es2 import Es2
from harness.conformance.servers.es9 import SUCCESS, Es9Answer, Es9Download
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import OrderState, Smdp

UNKNOWN_PROFILE, NOT_AVAILABLE, NOT_RELEASABLE, OTHER_EID_AT_PROFILE = (
    "8.2.1/3.9",
    "8.2.1/3.3",
    "8.2.1/3.5",
    "8.2.1/3.10",
)
UNKNOWN_TYPE, NONE_OF_TYPE = "8.2.5/3.9", "8.2.5/3.7"
EID_MISSING, OTHER_EID_AT_ORDER, EID_REFUSED = "8.1.1/2.2", "8.1.1/3.10", "8.1.1/3.8"
MATCHING_ID_IN_USE, OTHER_MATCHING_ID = "8.2.6/3.3", "8.2.6/3.10"
NOT_RELEASED = "8.2/1.2"
OTHER_EID = bytes.fromhex("89049032123451234512345678901235")
NOBODYS_ICCID = "8988303000000099999"
SMDS = "smds.harness.test"


@case(
    "DP-006",
    clause="SGP.22 v2.5 §5.3.1, §5.3.2, §5.3.3, §5.3.4",
    area="smdp",
    catches=(
        "orders-a-profile-twice",
        "forgets-the-eid-of-an-order",
        "lets-a-confirmation-change-the-eid",
        "confirms-without-an-eid",
        "takes-a-matching-id-twice",
        "releases-at-confirmation",
        "releases-unconfirmed-profiles",
        "cancels-for-any-identifiers",
        "cancels-downloaded-profiles",
    ),
)
def test_orders(
    es9: ServerUnderTest,
    card: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """A profile goes from stock to an eUICC by the operator's orders, one step after the other, and back by a cancellation."""
    es2 = Es2(es9)
    names = ("operational-a", "operational-b", "bootstrap")
    a, b, c = (smdp.put_in_stock(profiles[name], name).iccid for name in names)

    def refused(what: str, expected: str, call: Callable[[], Es9Answer]) -> None:
        with step(what, expect=expected, confidence="likely") as seen:
            answer = call()
            seen.observed(answer.status)
            assert answer.status == expected

    def state(iccid: str) -> OrderState | None:
        order = smdp.order_of(iccid)
        return order.state if order else None

    def asked(matching_id: str | None) -> Es9Answer:
        return Es9Download(es9, card, smdp.identity.address, matching_id).to_client()

    with step("order a profile by its ICCID", expect="success, this ICCID, reserved") as seen:
        answer = es2.download_order(iccid=a)
        seen.observed(f"{answer.raw.decode()}, {state(a)}")
        assert answer.status == SUCCESS
        assert str(answer.fields.get("iccid")).rstrip("F") == a
        assert state(a) is OrderState.ALLOCATED
    with step("order a profile by its type, for the card", expect="success, an ICCID, linked") as seen:
        answer = es2.download_order(profile_type=names[1], eid=card.eid)
        seen.observed(f"{answer.raw.decode()}, {state(b)}")
        assert answer.status == SUCCESS
        assert str(answer.fields.get("iccid")).rstrip("F") == b
        assert state(b) is OrderState.LINKED
    refused("order the same profile again", NOT_AVAILABLE, lambda: es2.download_order(iccid=a))
    refused("order another of that type", NONE_OF_TYPE, lambda: es2.download_order(profile_type=names[1]))
    refused("order an unknown ICCID", UNKNOWN_PROFILE, lambda: es2.download_order(iccid=NOBODYS_ICCID))
    refused("order an unknown type", UNKNOWN_TYPE, lambda: es2.download_order(profile_type="nothing"))
    refused("confirm an unknown ICCID", UNKNOWN_PROFILE, lambda: es2.confirm_order(NOBODYS_ICCID, release=True))
    with step("confirm a profile that was not ordered", expect="refused", confidence="likely") as seen:
        answer = es2.confirm_order(c, release=True)
        seen.observed(answer.status)
        assert not answer.is_success
    refused(
        "confirm with an SM-DS and no EID",
        EID_MISSING,
        lambda: es2.confirm_order(a, release=False, smds_address=SMDS),
    )
    refused(
        "confirm with an empty matchingId and no EID",
        EID_MISSING,
        lambda: es2.confirm_order(a, release=False, matching_id=""),
    )
    refused("confirm for another EID", OTHER_EID_AT_ORDER, lambda: es2.confirm_order(b, release=False, eid=OTHER_EID))
    refused("release what is not confirmed", NOT_RELEASABLE, lambda: es2.release_profile(a))
    with step("confirm without releasing", expect="success, a matchingId, confirmed") as seen:
        answer = es2.confirm_order(a, release=False)
        matching_id = str(answer.fields.get("matchingId"))
        seen.observed(f"{answer.raw.decode()}, {state(a)}")
        assert answer.status == SUCCESS
        assert matching_id
        assert state(a) is OrderState.CONFIRMED
    refused("the card asks for it", NOT_RELEASED, lambda: asked(matching_id))
    refused(
        "the same matchingId for another order",
        MATCHING_ID_IN_USE,
        lambda: es2.confirm_order(b, release=True, matching_id=matching_id),
    )
    with step("release it; the card asks again", expect="success twice") as seen:
        released, answer = es2.release_profile(a), asked(matching_id)
        seen.observed(f"{released.status}, {answer.status}")
        assert released.status == SUCCESS
        assert answer.status == SUCCESS
    with step("order and confirm a profile for another eUICC; the card asks for it", expect=EID_REFUSED) as seen:
        es2.download_order(iccid=c, eid=OTHER_EID)
        others = es2.confirm_order(c, release=True)
        answer = asked(str(others.fields.get("matchingId")))
        seen.observed(f"{others.status}, {answer.status}")
        assert others.status == SUCCESS
        assert answer.status == EID_REFUSED
    refused("cancel it without its EID", EID_MISSING, lambda: es2.cancel_order(c, "Available"))
    refused("cancel it for the card", OTHER_EID_AT_PROFILE, lambda: es2.cancel_order(c, "Available", eid=card.eid))
    refused(
        "cancel it with another matchingId",
        OTHER_MATCHING_ID,
        lambda: es2.cancel_order(c, "Available", eid=OTHER_EID, matching_id=matching_id),
    )
    refused("cancel an unknown ICCID", UNKNOWN_PROFILE, lambda: es2.cancel_order(NOBODYS_ICCID, "Available"))
    with step("cancel it, available again; order it again", expect="success twice") as seen:
        cancelled = es2.cancel_order(c, "Available", eid=OTHER_EID)
        again = es2.download_order(iccid=c)
        seen.observed(f"{cancelled.status}, {again.status}")
        assert cancelled.status == SUCCESS
        assert again.status == SUCCESS
    with step(
        "cancel it, unavailable; order it again", expect=f"success, then {NOT_AVAILABLE}", confidence="likely"
    ) as seen:
        cancelled = es2.cancel_order(c, "Unavailable")
        again = es2.download_order(iccid=c)
        seen.observed(f"{cancelled.status}, {again.status}")
        assert cancelled.status == SUCCESS
        assert again.status == NOT_AVAILABLE
    with step("the card takes the bound profile", precondition=True):
        assert Es9Download(es9, card, smdp.identity.address, matching_id).to_package().is_success
    refused("cancel a profile that was downloaded", NOT_AVAILABLE, lambda: es2.cancel_order(a, "Available"))
