"""How an eIM serves a device whose IPA is of SGP.32 v1.0.1, which writes ESipa otherwise. Types of v1.0.1 and of v1.2.

No rule says that an eIM of v1.2 has to: one that is told of such a device is judged by what that device can understand.
"""

from __future__ import annotations

from collections.abc import Callable

from harness import codec
from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import EimUnderTest
from harness.conformance.servers.esipa import TAKEN, acknowledged, get_eim_package
from harness.conformance.servers.server import ServerUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim.commands import list_profile_info
from harness.roles.es10.download import InstallationAnswer
from harness.roles.es10.packages import PackageAnswer
from harness.roles.smdp import Smdp
from harness.roles.smdp.events import NotificationReceived

OLD = "1.0.1"
ASSOCIATED = State(eims=1)
NOTIFY, NETWORK, NETWORK_UNDER = 0x80, bytes.fromhex("62F210"), 0x81
ADDRESS, ADDRESS_UNDER = "smdp.harness.test", 0x80
LIST, STORED_RESULTS = 0xBF2B, (0xA2,)
RESULTS_ALONE = ("euiccPackageResults", None)
NOTHING = (bytes.fromhex("BF5000"), bytes.fromhex("BF5003BF5300"))
"""Without eimAcknowledgements, or without any number in them."""
REQUEST_FIELDS = {0x5C, 0x04, 0xA1}
"""tagList, euiccCiPKId, searchCriteria."""
TAGS = frozenset((0x80, 0xBF20, 0xBF22, 0x83, 0x84, 0xA5, 0xA6, 0xA8, 0xA9, LIST))
"""Of IpaEuiccData."""
UNKNOWN_PACKAGE = 2


def old_device(eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps) -> None:
    """The operator tells the eIM of the device's IPA."""
    with step("the eIM is told that the device's IPA is of v1.0.1", precondition=True):
        assert eim.associate(card.eid, ipa_version=OLD).ipa_version == OLD


def executed(esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest) -> tuple[bytes, PackageAnswer]:
    """A package that the device fetched and its card executed; its eimTransactionId and the card's result."""
    transaction = eim.queue_package(card.eid, list_profile_info())
    answer = card.load_package(esipa.ask(get_eim_package(card.eid), OLD).get(0xBF51).raw)
    assert answer.is_result
    return transaction, answer


def tags_in(listed: bytes) -> set[int]:
    """The tags of a tagList. Asserts that there are any."""
    tags: set[int] = set()
    while listed:
        length = 2 if listed[0] & 0x1F == 0x1F else 1
        tags.add(int.from_bytes(listed[:length], "big"))
        listed = listed[length:]
    assert tags
    return tags


def said(*body: bytes) -> bytes:
    """ProvideEimPackageResult of v1.0.1: the result alone."""
    return tlv.build(0xBF50, *body)


@case(
    "EI-039",
    clause="SGP.32 v1.0.1 (IpaEuiccDataRequest, IpaEuiccData, ProvideEimPackageResultResponse)",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches=("asks-every-device-as-v1.2", "reads-data-of-v1.2-alone", "answers-every-device-as-v1.2"),
)
def test_data_of_an_older_device(
    esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps
) -> None:
    """A device of v1.0.1 is asked by that version's tags, and what it tells by those is known; it names no transaction."""
    old_device(eim, card, step)
    with step("a request for everything", expect="BF52 of v1.0.1, with BF2B and 80, without eimTransactionId") as seen:
        transaction = eim.queue_data_request(card.eid)
        request = esipa.ask(get_eim_package(card.eid), OLD).get(0xBF52)
        seen.observed(request.raw)
        listed = request.get(0x5C).value
        assert bytes([ADDRESS_UNDER]) in listed
        assert tlv.tag_octets(LIST) in listed
        assert {child.tag for child in request.children} <= REQUEST_FIELDS
    with step(
        "the address of the SM-DP+ under 80, certificates, an empty BF2B", expect="known, done; nothing acknowledged"
    ) as seen:
        certs = card.get_certs()  # they tell an eIM that keeps no count of connections whose data these are
        chain = tlv.build(0xA5, tlv.parse(certs.eum).value) + tlv.build(0xA6, tlv.parse(certs.euicc).value)
        fields = tlv.build(ADDRESS_UNDER, ADDRESS.encode()) + chain + tlv.build(LIST, tlv.build(0xA0))
        reply = esipa.ask(said(tlv.build(0xBF52, tlv.build(0xA0, fields))), OLD)
        known = eim.device(card.eid).data
        told = None if known is None else known.fields.get("defaultSmdpAddress")
        seen.observed(f"{reply.raw.hex().upper()}; {told}; {eim.operation(transaction).state}")
        assert reply.raw in NOTHING
        assert told == ADDRESS
        assert eim.operation(transaction).state == "done"
    with step("a request for the stored results", expect="BF2B, narrowed down to results or not at all") as seen:
        transaction = eim.queue_data_request(card.eid, tags=STORED_RESULTS)
        request = esipa.ask(get_eim_package(card.eid), OLD).get(0xBF52)
        seen.observed(request.raw)
        asked = codec.decode("IpaEuiccDataRequest", request.raw, version=OLD)
        assert asked["tagList"] == tlv.tag_octets(LIST)
        assert asked.get("searchCriteria", RESULTS_ALONE) == RESULTS_ALONE
    with step(
        "the error of v1.0.1, a plain INTEGER that only its connection gives a name",
        expect="failed, 1",
        confidence="unsure",
    ) as seen:
        esipa.ask(said(tlv.build(0xBF52, tlv.integer(0x81, 1))), OLD)
        operation = eim.operation(transaction)
        seen.observed(f"{operation.state}, {operation.error_code}")
        assert (operation.state, operation.error_code) == ("failed", 1)


@case(
    "EI-040",
    clause="SGP.32 v1.0.1 (ProvideEimPackageResult, HandleNotificationEsipa)",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches=("demands-eid-value", "never-acknowledges", "refuses-results-as-notifications"),
)
def test_results_of_an_older_device(
    esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps
) -> None:
    """Results of v1.0.1, which name no EID, are taken: alone, inside a notification, and the number that is an error."""
    old_device(eim, card, step)
    with step("the result alone", expect="BF53 with the card's number, done") as seen:
        transaction, answer = executed(esipa, eim, card)
        reply = esipa.ask(said(answer.raw), OLD)
        seen.observed(reply.raw)
        assert acknowledged(reply) == [answer.sequence_number]
        assert eim.operation(transaction).state == "done"
    with step("a result inside HandleNotification, under A1", expect="204, or 200 with an empty body; done") as seen:
        transaction, answer = executed(esipa, eim, card)
        taken = esipa.send(tlv.build(0xBF3D, tlv.build(0xA1, answer.raw)))
        seen.observed(f"{taken.status}, {eim.operation(transaction).state}")
        assert taken.status in TAKEN
        assert eim.operation(transaction).state == "done"
    with step(
        "unknownPackage(2), a plain INTEGER that only its connection gives a name",
        expect="failed, 2; nothing acknowledged",
        confidence="unsure",
    ) as seen:
        transaction = eim.queue_package(card.eid, list_profile_info())
        esipa.ask(get_eim_package(card.eid), OLD)
        reply = esipa.ask(said(tlv.integer(0x02, UNKNOWN_PACKAGE)), OLD)
        operation = eim.operation(transaction)
        seen.observed(f"{reply.raw.hex().upper()}; {operation.state}, {operation.error_code}")
        assert reply.raw in NOTHING
        assert (operation.state, operation.error_code) == ("failed", UNKNOWN_PACKAGE)


@case(
    "EI-042",
    clause="SGP.32 v1.0.1 (ProvideEimPackageResult, RetrieveNotificationsListResponse)",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches=("drops-notifications-beside-results", "alters-notifications"),
)
def test_notifications_of_an_older_device(
    esipa: ServerUnderTest,
    eim: EimUnderTest,
    smdp: Smdp,
    card: EuiccUnderTest,
    download: Callable[[str], InstallationAnswer],
    step: CaseSteps,
) -> None:
    """What stands beside a result in the list of v1.0.1, BF2B, goes on to the SM-DP+, and all of it is acknowledged."""
    old_device(eim, card, step)
    with step("a profile is installed and a package executed", precondition=True):
        installed = download("operational-a")
        _, answer = executed(esipa, eim, card)
    with step("ePRAndNotifications with notificationAndEprList", expect="BF53 with the numbers of both") as seen:
        listed = tlv.build(LIST, tlv.build(0xA3, tlv.build(0xA0, installed.raw), tlv.build(0xA1)))
        reply = esipa.ask(said(tlv.build(0x30, answer.raw, listed)), OLD)
        seen.observed(reply.raw)
        assert sorted(acknowledged(reply)) == sorted([answer.sequence_number or 0, installed.sequence_number])
    with step("ask the SM-DP+", expect="the same octets, once") as seen:
        came = [event.raw for event in smdp.events if isinstance(event, NotificationReceived)]
        seen.observed(" ".join(octets.hex().upper() for octets in came))
        assert came == [installed.raw]


@case(
    "EI-041",
    clause="SGP.32 v1.0.1 (GetEimPackageRequest)",
    confidence="likely",
    area="eim",
    needs=ASSOCIATED,
    catches=("takes-networks-for-causes", "ignores-state-changes"),
)
def test_poll_of_an_older_device(
    esipa: ServerUnderTest, eim: EimUnderTest, card: EuiccUnderTest, step: CaseSteps
) -> None:
    """What stands under 81 of a poll of v1.0.1 is the network; a change without a cause is heard all the same."""
    old_device(eim, card, step)
    with step("GetEimPackage with the network under 81", expect="known as the device's network, no package") as seen:
        reply = esipa.ask(get_eim_package(card.eid, tlv.build(NETWORK_UNDER, NETWORK)), OLD)
        network = eim.device(card.eid).registered_plmn
        seen.observed(f"{reply.raw.hex().upper()}; {(network or b'').hex().upper()}")
        assert reply.find(0xBF52) is None
        assert network == NETWORK
    with step("GetEimPackage with notifyStateChange alone", expect="a data request of v1.0.1") as seen:
        reply = esipa.ask(get_eim_package(card.eid, tlv.build(NOTIFY)), OLD)
        seen.observed(reply.raw)
        assert tags_in(reply.get(0xBF52, 0x5C).value) <= TAGS
