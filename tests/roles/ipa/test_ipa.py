"""The IPA against the simulated eUICC, the reference eIM and the reference SM-DP+."""

from __future__ import annotations

import pytest

from harness.codec import decode, tlv
from harness.roles.eim.commands import delete, disable, enable, list_profile_info
from harness.roles.eim.events import DataReceived, DownloadReported, Polled, ResultAccepted
from harness.roles.ipa import IpaSettings
from harness.roles.ipa.settings import DIRECT, DOWNLOAD_DATA_HANDLING, INDIRECT
from tests.roles.ipa.world import EIM, SMDP, Reply, World, profile


def test_first_contact_has_the_headers_and_the_eid() -> None:
    world = World()
    due = world.wake()
    [seen] = world.network.seen
    assert seen.url == f"https://{EIM}/gsma/rsp2/asn1"
    assert seen.headers["Content-Type"] == "application/x-gsma-rsp-asn1"
    assert seen.headers["X-Admin-Protocol"].startswith("gsma/rsp/v")
    assert seen.headers["User-Agent"].startswith("gsma-rsp-ipad")
    assert seen.body == tlv.build(0xBF4F, tlv.build(0x5A, world.eid), bytes.fromhex("820300F110"))
    assert due == world.network.now + IpaSettings().polling_interval


def test_nothing_is_done_before_it_is_due() -> None:
    world = World()
    due = world.wake()
    world.network.seen.clear()
    assert world.ipa.wake(due - 1) == due
    assert world.network.seen == []
    world.ipa.wake(due)
    assert len(world.network.seen) == 1


def test_packages_are_executed_in_order_and_acknowledged_results_removed() -> None:
    world = World()
    transactions = [world.eim.queue_package(None, list_profile_info()) for _ in range(3)]
    world.wake()
    accepted = [event for event in world.eim.events if isinstance(event, ResultAccepted)]
    assert [event.transaction_id for event in accepted] == transactions
    assert world.es10.retrieve_notifications(results=True).results == ()
    assert len([event for event in world.eim.events if isinstance(event, Polled)]) == 4


@pytest.mark.parametrize("indirect", [False, True])
def test_a_profile_is_downloaded_either_way(indirect: bool) -> None:
    world = World(indirect=indirect)
    world.install("operational-a")
    [reported] = [event for event in world.eim.events if isinstance(event, DownloadReported)]
    assert reported.is_installed
    assert bool(world.network.messages("BF39")) is indirect
    hosts = {seen.url.split("/")[2] for seen in world.network.seen}
    assert (SMDP in hosts) is not indirect
    assert world.es10.retrieve_notifications().pending == ()
    assert any(type(event).__name__ == "NotificationReceived" for event in world.smdp.events)


def test_the_smdp_address_is_left_out_where_the_eim_handles_download_data() -> None:
    features = frozenset({DIRECT, INDIRECT, DOWNLOAD_DATA_HANDLING})
    for settings, expected in ((IpaSettings(), SMDP.encode()), (IpaSettings(features=features), None)):
        world = World(settings, indirect=True)
        world.install("operational-a")
        [initiate] = world.network.messages("BF39")
        address = tlv.parse(initiate).find(0x83)
        assert (None if address is None else address.value) == expected


@pytest.mark.parametrize("after_enable", ["refresh", "reset"])
def test_a_switch_is_reported_over_the_new_profile(after_enable: str) -> None:
    world = World(installed=("bootstrap", "operational-a"), after_enable=after_enable)
    first, second = profile("bootstrap").iccid, profile("operational-a").iccid
    for iccid in (first, second):
        transaction = world.eim.queue_package(None, enable(iccid))
        world.wake()
        assert world.eim.operation(transaction).state == "done"
        assert world.network.enabled == iccid
        assert world.enabled() == iccid


@pytest.mark.parametrize("cause", ["refusing", "unreachable"])
def test_a_switch_that_cannot_be_reported_is_rolled_back(cause: str) -> None:
    world = World(installed=("bootstrap", "operational-a"))
    first, second = profile("bootstrap").iccid, profile("operational-a").iccid
    world.eim.queue_package(None, enable(first))
    world.wake()
    if cause == "refusing":
        world.network.refusing.add(second)
    else:
        world.network.unreachable_over[second] = {EIM}
    transaction = world.eim.queue_package(None, enable(second, rollback=True))
    world.wake()
    assert world.enabled() == first
    [result] = [event for event in world.eim.events if isinstance(event, ResultAccepted)][-1:]
    assert [name for name, _ in result.results] == ["rollbackResult"]
    assert result.transaction_id == transaction


def test_without_the_flag_the_result_waits_for_connectivity() -> None:
    world = World(installed=("bootstrap", "operational-a"))
    first, second = profile("bootstrap").iccid, profile("operational-a").iccid
    world.eim.queue_package(None, enable(first))
    world.wake()
    world.network.refusing.add(second)
    transaction = world.eim.queue_package(None, enable(second))
    due = world.wake()
    assert due == world.network.now + IpaSettings().first_retry
    assert world.enabled() == second
    assert world.eim.operation(transaction).state == "delivered"
    assert len(world.es10.retrieve_notifications(results=True).results) == 1
    world.network.refusing.clear()
    world.ipa.wake(due)
    assert world.eim.operation(transaction).state == "done"
    assert world.es10.retrieve_notifications(results=True).results == ()


def test_back_off_grows_to_its_ceiling_and_ends_with_success() -> None:
    world = World(IpaSettings(polling_interval=600, first_retry=10, longest_retry=60))
    world.network.unreachable.add(EIM)
    now, waits = 0.0, []
    world.ipa.trigger()
    for _ in range(5):
        due = world.ipa.wake(now)
        waits.append(due - now)
        now = due
    assert waits == [10, 20, 40, 60, 60]
    world.network.unreachable.clear()
    assert world.ipa.wake(now) - now == 600


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b""),
        Reply(200, b"", (("Content-Type", "application/x-gsma-rsp-asn1"),)),
        Reply(200, bytes.fromhex("BF4F0302"), (("Content-Type", "application/x-gsma-rsp-asn1"),)),
        Reply(200, bytes.fromhex("BF4F0302010100"), (("Content-Type", "application/x-gsma-rsp-asn1"),)),
        Reply(200, bytes.fromhex("BF50023000"), (("Content-Type", "application/x-gsma-rsp-asn1"),)),
        Reply(200, bytes.fromhex("BF4F00"), (("Content-Type", "application/x-gsma-rsp-asn1"),)),
        Reply(200, bytes.fromhex("BF4F03020102"), (("Content-Type", "application/x-gsma-rsp-asn1"),)),
        Reply(200, bytes.fromhex("BF4F03020101"), (("Content-Type", "text/html"),)),
        Reply(500, bytes.fromhex("BF4F03020101"), (("Content-Type", "application/x-gsma-rsp-asn1"),)),
    ],
)
def test_unusable_answers_are_refused_and_the_ipa_comes_back(reply: Reply) -> None:
    world = World()
    world.network.tampering = [reply]
    due = world.wake()
    assert len(world.network.seen) == 1
    assert due == world.network.now + IpaSettings().first_retry
    assert len(world.ipa.incidents) == 1
    assert world.ipa.wake(due) == due + IpaSettings().polling_interval


def test_every_field_of_a_data_request_is_told() -> None:
    world = World()
    assert world.es10.set_default_dp_address(SMDP) == 0
    transaction = world.eim.queue_data_request()
    world.wake()
    assert world.eim.operation(transaction).state == "done"
    [message] = [body for body in world.network.messages("BF50") if b"\xbf\x52" in body]
    data = tlv.parse(message).get(0xBF52, 0xA0)
    tags = [child.tag for child in data.children]
    assert tags == [0xA0, 0x81, 0xA2, 0xBF20, 0xBF22, 0x83, 0xA5, 0xA6, 0x87, 0xA8, 0xA9]
    _, value = decode("IpaEuiccDataResponse", tlv.parse(message).get(0xBF52).raw)
    assert value["ipaCapabilities"] == {"ipaFeatures": (b"\xc0", 2), "ipaSupportedProtocols": (b"\x80", 1)}
    assert value["eimTransactionId"] == transaction
    [received] = [event for event in world.eim.events if isinstance(event, DataReceived)]
    assert received.transaction_id == transaction


@pytest.mark.parametrize("tags", ["5A", "BF2D", "BF20BF", "BF22BF2D", ""])
def test_tag_lists_with_other_tags_are_refused(tags: str) -> None:
    world = World()
    world.eim.queue_data_request(tags=bytes.fromhex(tags))
    world.wake()
    [message] = world.network.messages("BF50")
    error = tlv.parse(message).get(0xBF52, 0xA1)
    assert error.get(0x02).value == b"\x01"
    assert len(error.get(0x80).value) == 16


def test_a_ci_that_the_card_lacks_is_named_as_the_fault() -> None:
    world = World()
    world.eim.queue_data_request(tags=(0xA5,), ci_key_id=bytes(20))
    world.wake()
    [message] = world.network.messages("BF50")
    assert tlv.parse(message).get(0xBF52, 0xA1, 0x02).value == b"\x05"


@pytest.mark.parametrize(
    "code", ["1$" + SMDP, "2$" + SMDP + "$M", "1$$M", "1$" + SMDP + "$M 1", "garbage", "1$" + SMDP + "$M$1$1$1"]
)
def test_unusable_activation_codes_are_reported(code: str) -> None:
    world = World()
    world.eim.queue_download(activation_code=code)
    world.wake()
    [message] = world.network.messages("BF50")
    error = tlv.parse(message).get(0xA0)
    assert error.get(0x02).value == b"\x01"
    assert len(error.get(0x80).value) == 16


def test_a_refused_download_is_reported_as_failed() -> None:
    for indirect in (False, True):
        world = World(indirect=indirect)
        transaction = world.eim.queue_download(activation_code=f"1${SMDP}$UNKNOWN")
        world.wake()
        assert world.eim.operation(transaction).state == "failed"
        [message] = world.network.messages("BF50")
        assert tlv.parse(message).get(0xBF54, 0x30, 0x80).value == b"\x7f"
        assert len(tlv.parse(message).get(0xBF54, 0x82).value) == 16


def test_notifications_go_out_in_order_and_stay_until_taken() -> None:
    world = World(installed=("operational-a",))
    iccid = profile("operational-a").iccid
    world.network.unreachable.add(SMDP)
    for command in (enable(iccid), disable(iccid), delete(iccid)):
        world.eim.queue_package(None, command)
        world.wake()
    pending = world.es10.retrieve_notifications().pending
    assert pending
    world.network.unreachable.clear()
    before = len(world.smdp.events)
    world.wake()
    assert world.es10.retrieve_notifications().pending == ()
    numbers = [event.sequence_number for event in world.smdp.events[before:]]
    assert numbers == [entry.metadata.sequence_number for entry in pending]


def test_notifications_can_go_with_the_result_through_the_eim() -> None:
    world = World(IpaSettings(notification_route="eim"), installed=("operational-a",))
    world.eim.queue_package(None, enable(profile("operational-a").iccid))
    world.wake()
    assert world.es10.retrieve_notifications().pending == ()
    assert any(tlv.parse(body).find(0x30, 0xA0) is not None for body in world.network.messages("BF50"))


def test_results_left_over_are_delivered_after_a_restart() -> None:
    world = World()
    package = world.eim.package(list_profile_info())
    answer = world.es10.load_package(package)
    world.es10.reset()
    world.wake()
    first = tlv.parse(world.network.messages("BF50")[0])
    assert first.get(0xBF51).raw == answer.raw
    assert world.es10.retrieve_notifications(results=True).results == ()
