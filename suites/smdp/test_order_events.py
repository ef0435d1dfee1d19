"""An SM-DP+ that has an SM-DS tell the eUICC. SGP.22 v2.5 §3.6 (event registration and deletion), §5.3.2, §5.9.

An order with an smdsAddress has an event from its release until nothing can be downloaded by it any more. The eUICC finds it
there, and with it the SM-DP+ and the matchingId.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es2 import Es2
from harness.conformance.servers.es9 import SUCCESS, Es9Download
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import OrderState, Smdp
from harness.roles.smds import EventRecord, Smds

SMDS_FAILED = ("8.9/5.1", "8.9/4.2")


@case(
    "DP-013",
    clause="SGP.22 v2.5 §3.6.1, §3.6.3",
    area="smdp",
    catches=("registers-no-events", "leaves-events-behind"),
)
def test_order_events(
    es9: ServerUnderTest,
    card: EuiccUnderTest,
    smdp: Smdp,
    smds: Smds,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """An order's event is at the SM-DS while the profile waits for its eUICC, and at no other time."""
    es2, address = Es2(es9), smds.identity.address
    a, b = (smdp.put_in_stock(profiles[name]).iccid for name in ("operational-a", "operational-b"))
    with step("order and confirm with an SM-DS, not released", expect="success, and no event") as seen:
        es2.download_order(iccid=a, eid=card.eid)
        answer = es2.confirm_order(a, release=False, eid=card.eid, smds_address=address)
        matching_id = str(answer.fields.get("matchingId"))
        seen.observed(f"{answer.status}, {smds.events}")
        assert answer.status == SUCCESS
        assert smds.events == ()
    event = EventRecord(card.eid, matching_id, smdp.identity.address)
    with step("release it", expect="success, and an event for the eUICC, named as the matchingId") as seen:
        answer = es2.release_profile(a)
        seen.observed(f"{answer.status}, {smds.events}")
        assert answer.status == SUCCESS
        assert smds.events == (event,)
    with step("the card installs the profile by that event", precondition=True):
        session = Es9Download(es9, card, event.server_address, event.event_id)
        result = session.install()
        assert result.is_success
    with step("its installation result", expect="the order is done, and the event gone") as seen:
        session.notify(result.raw)
        order = smdp.order_of(a)
        seen.observed(f"{order.state if order else None}, {smds.events}")
        assert order is not None
        assert order.state is OrderState.INSTALLED
        assert smds.events == ()
    with step("order, confirm and release another, and cancel it", expect="an event, and then none") as seen:
        es2.download_order(iccid=b)
        answer = es2.confirm_order(b, release=True, eid=card.eid, smds_address=address)
        before = smds.events
        cancelled = es2.cancel_order(b, "Available", eid=card.eid)
        seen.observed(f"{answer.status}, {before}; {cancelled.status}, {smds.events}")
        assert (answer.status, cancelled.status) == (SUCCESS, SUCCESS)
        assert len(before) == 1
        assert smds.events == ()
    with step("an SM-DS that takes no event", expect="refused, and not released", confidence="likely") as seen:
        es2.download_order(iccid=b)
        confirmed = es2.confirm_order(b, release=False, eid=card.eid, smds_address="-no-sm-ds-")
        answer = es2.release_profile(b)
        order = smdp.order_of(b)
        seen.observed(f"{confirmed.status}, {answer.status}, {order.state if order else None}")
        assert answer.status in SMDS_FAILED
        assert order is not None
        assert order.state is OrderState.CONFIRMED
