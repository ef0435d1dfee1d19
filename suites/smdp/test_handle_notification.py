"""What an SM-DP+ makes of notifications. SGP.22 v2.5 §5.6.4 (ES9+.HandleNotification), §3.5.

Every notification is acknowledged, so that the device stops sending it; what it says counts when its signature is right.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import encode, named_bits, tlv
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.es9 import Es9Download
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.crypto.pki import TestPki
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import OrderState, Smdp
from harness.roles.smdp.events import NotificationReceived

ACKNOWLEDGED = (200, 204)
ICCID_ALREADY_EXISTS = 9
EVENTS = {1: "enable", 2: "disable", 3: "delete"}


def last_notification(smdp: Smdp) -> NotificationReceived:
    """The newest notification that the SM-DP+ told its operator about."""
    noted = [event for event in smdp.events if isinstance(event, NotificationReceived)]
    assert noted, "the SM-DP+ noted no notification"
    return noted[-1]


def notification(card: EuiccUnderTest, pki: TestPki, profile: ProfilePackage, event: int) -> bytes:
    """An OtherSignedNotification by the card's own key."""
    own = pki.euicc_identities(card.eid)[0]
    metadata = encode(
        "NotificationMetadata",
        {
            "seqNumber": 40 + event,
            "profileManagementOperation": named_bits([event]),
            "notificationAddress": "smdp.harness.test",
            "iccid": profile.iccid,
        },
    )
    signature = tlv.build(0x5F37, ecdsa.sign(own.private_key, metadata))
    return tlv.build(0x30, metadata, signature, own.certificate, own.eum_certificate)


@case(
    "DP-004",
    clause="SGP.22 v2.5 §5.6.4",
    area="smdp",
    catches=(
        "accepts-forged-installation-results",
        "accepts-forged-notifications",
        "leaves-installed-orders-open",
        "takes-failures-for-success",
    ),
)
def test_handle_notification(
    es9: ServerUnderTest,
    card: EuiccUnderTest,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    pki: TestPki,
    step: CaseSteps,
) -> None:
    """Installation results and other notifications are acknowledged, and believed by their signature."""
    profile = profiles["operational-a"]
    order = smdp.order(profile)
    session = Es9Download(es9, card, smdp.identity.address, order.matching_id)
    with step("a profile is installed", precondition=True):
        result = session.install()
        assert result.is_success
    with step("its result with one bit of the signature changed", expect="acknowledged, and not believed") as seen:
        status = session.notify(with_flipped_bit(result.raw, 8 * len(result.raw) - 50))
        seen.observed(f"HTTP {status}, the order is {smdp.order_now(order).state}")
        assert status in ACKNOWLEDGED
        assert not last_notification(smdp).is_verified
        assert smdp.order_now(order).state is not OrderState.INSTALLED
    with step("its result", expect="acknowledged, and the order is done") as seen:
        status = session.notify(result.raw)
        seen.observed(f"HTTP {status}, the order is {smdp.order_now(order).state}")
        assert status in ACKNOWLEDGED
        assert last_notification(smdp).is_verified
        assert last_notification(smdp).error is None
        assert smdp.order_now(order).state is OrderState.INSTALLED
    again = smdp.order(profile)
    session.matching_id = again.matching_id
    with step("the same profile a second time fails on the card", precondition=True):
        failure = session.install()
        assert failure.error_reason == ICCID_ALREADY_EXISTS
    with step("the result of that", expect="acknowledged, and the order is not done") as seen:
        status = session.notify(failure.raw)
        seen.observed(f"HTTP {status}, the order is {smdp.order_now(again).state}")
        assert status in ACKNOWLEDGED
        assert last_notification(smdp).error == (failure.command_id, ICCID_ALREADY_EXISTS)
        assert smdp.order_now(again).state is not OrderState.INSTALLED
    for event, name in EVENTS.items():
        with step(f"a notification of {name}, genuine and forged", expect="acknowledged, one of them believed") as seen:
            raw = notification(card, pki, profile, event)
            at = tlv.parse(raw).get(0x5F37).offset + 10
            statuses, believed = [], []
            for octets in (raw, with_flipped_bit(raw, 8 * at)):
                statuses.append(session.notify(octets))
                believed.append(last_notification(smdp).is_verified)
            seen.observed(f"HTTP {statuses}, believed: {believed}")
            assert all(status in ACKNOWLEDGED for status in statuses)
            assert last_notification(smdp).event == name
            assert believed == [True, False]
