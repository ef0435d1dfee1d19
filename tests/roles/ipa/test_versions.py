"""ESipa of an IPA of each version, judged by the schema of that version."""

from __future__ import annotations

from typing import Any

import pytest

from harness.codec import decode, encode, findings, tlv
from harness.roles.eim.commands import enable, list_profile_info
from harness.roles.ipa import IpaSettings
from harness.roles.ipa.settings import DIRECT, INDIRECT
from harness.roles.ipa.versions import FORMS
from tests.roles.ipa.world import ASN1, SMDP, Reply, World

TRANSACTION = bytes(range(16))
NO_PACKAGE = bytes.fromhex("BF4F03020101")


def world_of(version: str, **more: Any) -> World:
    world = World(IpaSettings(version=version, **more))
    world.eim.associate(world.eid, ipa_version=version)
    return world


def given(world: World, package: bytes, *answers: bytes) -> list[bytes]:
    """The device is given a package, and hears these answers to what it says of it; what it said, without its polls."""
    replies = [tlv.build(0xBF4F, package), *answers, NO_PACKAGE]
    world.network.tampering += [Reply(200, octets, ASN1) for octets in replies]
    world.wake()
    assert world.network.tampering == []
    return [seen.body for seen in world.network.seen if not seen.body.startswith(b"\xbf\x4f")]


def valid(message: bytes, version: str) -> Any:
    """The message as its version's schema reads it; it is perfect DER of that version."""
    assert findings("EsipaMessageFromIpaToEim", message, version=version) == []
    return decode("EsipaMessageFromIpaToEim", message, version=version)


def test_every_version_of_the_codec_has_its_forms() -> None:
    assert set(FORMS) == {"1.0.1", "1.2", "1.3"}


@pytest.mark.parametrize(("version", "tag"), [("1.0.1", 0x81), ("1.2", 0x82), ("1.3", 0x82)])
def test_a_poll_has_the_plmn_under_the_tag_of_its_version(version: str, tag: int) -> None:
    world = world_of(version)
    world.wake()
    world.ipa.note_state_change(5)
    world.wake()
    first, second, *_ = world.network.messages("BF4F")
    assert first == tlv.build(0xBF4F, tlv.build(0x5A, world.eid), tlv.build(tag, bytes.fromhex("00F110")))
    _, request = valid(second, version)
    assert "notifyStateChange" in request
    assert request.get("stateChangeCause") == (None if version == "1.0.1" else 5)
    assert request["rPLMN"] == bytes.fromhex("00F110")


def test_only_v1_0_1_names_itself_by_no_user_agent_that_is_known() -> None:
    agents = {}
    for version in FORMS:
        world = world_of(version)
        world.wake()
        agents[version] = world.network.seen[0].headers.get("User-Agent")
    assert agents == {"1.0.1": None, "1.2": "gsma-rsp-ipad", "1.3": "gsma-rsp-ipad"}


def test_a_result_of_v1_0_1_stands_alone_and_its_answer_is_a_sequence() -> None:
    for answer, kept in (("BF5000", 1), ("BF50023000", 1), ("BF5003020102", 1), ("BF5006BF5303800101", 0)):
        world = world_of("1.0.1")
        package = world.eim.package(list_profile_info(), eid=world.eid)
        [result] = given(world, package, bytes.fromhex(answer))
        name, value = valid(result, "1.0.1")
        assert (name, value[0]) == ("provideEimPackageResult", "euiccPackageResult")
        assert result[:2] == b"\xbf\x50"
        assert b"\x5a\x10" + world.eid not in result
        assert len(world.es10.retrieve_notifications(results=True).results) == kept
        assert world.ipa.incidents == []


def test_what_cannot_be_used_is_refused_by_a_plain_integer_in_v1_0_1() -> None:
    trigger = tlv.build(0xBF54, tlv.build(0xA0, tlv.build(0x80, b"1$$")), tlv.build(0x82, TRANSACTION))
    [said] = given(world_of("1.0.1"), trigger, bytes.fromhex("BF5000"))
    assert said == bytes.fromhex("BF5003020101")
    [said] = given(world_of("1.2"), trigger, bytes.fromhex("BF50023000"))
    assert tlv.parse(said).get(0xA0, 0x80).value == TRANSACTION


@pytest.mark.parametrize("indirect", [False, True])
def test_a_download_that_failed_gives_no_reason_in_v1_0_1(indirect: bool) -> None:
    world = world_of("1.0.1", features=frozenset({INDIRECT} if indirect else {DIRECT}))
    world.network.unreachable.add(SMDP)
    trigger = tlv.build(0xBF54, tlv.build(0xA0, tlv.build(0x80, f"1${SMDP}$M".encode())), tlv.build(0x82, TRANSACTION))
    refused = [bytes.fromhex("BF3903810101")] if indirect else []
    said = given(world, trigger, *refused, bytes.fromhex("BF5000"))
    if indirect:
        _, initiated = valid(said[0], "1.0.1")
        assert set(initiated) == {"euiccChallenge", "smdpAddress", "euiccInfo1"}
    _, (name, value) = valid(said[-1], "1.0.1")
    assert name == "profileDownloadTriggerResult"
    assert value["eimTransactionId"] == TRANSACTION
    kind, error = value["profileDownloadTriggerResultData"]
    assert kind == "profileDownloadError"
    assert error == ({"errorResponse": refused[0]} if indirect else {})


def request_for(tags: str, criterion: tuple[str, Any] | None = None) -> bytes:
    """An IpaEuiccDataRequest of v1.0.1."""
    value: dict[str, Any] = {"tagList": bytes.fromhex(tags)}
    if criterion is not None:
        value["searchCriteria"] = criterion
    return encode("IpaEuiccDataRequest", value, version="1.0.1")


def data_of(message: bytes) -> Any:
    name, value = valid(message, "1.0.1")
    assert (name, value[0]) == ("provideEimPackageResult", "ipaEuiccDataResponse")
    return value[1]


def test_the_tag_list_that_eims_of_v1_0_send_is_served() -> None:
    world = world_of("1.0.1")
    [said] = given(world, request_for("80BF20BF228384A5A688A9BF2B"), bytes.fromhex("BF5000"))
    kind, data = data_of(said)
    assert kind == "ipaEuiccData"
    assert {"euiccInfo1", "rootSmdsAddress", "euiccCertificate", "ipaCapabilities", "notificationsList"} <= set(data)
    assert data["notificationsList"] == ("notificationList", [])


@pytest.mark.parametrize("tags", ["A0", "81BF20", "5A", ""])
def test_a_tag_that_v1_0_1_does_not_have_is_an_integer_error(tags: str) -> None:
    [said] = given(world_of("1.0.1"), request_for(tags), bytes.fromhex("BF5000"))
    assert said == bytes.fromhex("BF5006BF5203810101")


@pytest.mark.parametrize("asked", ["all", "results", "one"])
def test_the_list_of_v1_0_1_holds_what_was_asked_for(asked: str) -> None:
    world = world_of("1.0.1")
    iccid = world.install("operational-a")
    answer = world.es10.load_package(world.eim.package(enable(iccid), eid=world.eid))
    [notification] = world.es10.list_notifications()
    world.network.seen.clear()
    criterion = {"results": ("euiccPackageResults", None), "one": ("seqNumber", notification.sequence_number)}.get(
        asked
    )
    replies = [tlv.build(0xBF50), tlv.build(0xBF4F, request_for("BF2B", criterion)), tlv.build(0xBF50), NO_PACKAGE]
    world.network.tampering += [Reply(200, octets, ASN1) for octets in replies]
    world.wake()
    [said] = [one for one in world.network.messages("BF50") if tlv.parse(one).find(0xBF52) is not None]
    _, data = data_of(said)
    name, listed = data["notificationsList"]
    if asked == "all":
        assert name == "notificationAndEprList"
        assert {key: len(row) for key, row in listed.items()} == {"notificationList": 1, "euiccPackageResultList": 1}
    else:
        assert name == {"results": "euiccPackageResultList", "one": "notificationList"}[asked]
        assert len(listed) == 1
    assert (answer.raw in said) is (asked != "one")


def test_notifications_beside_a_result_stand_in_the_list_of_v1_0() -> None:
    world = world_of("1.0.1", notification_route="eim")
    iccid = world.install("operational-a")
    world.network.seen.clear()
    package = world.eim.package(enable(iccid), eid=world.eid)
    world.network.tampering += [Reply(200, octets, ASN1) for octets in (tlv.build(0xBF4F, package), tlv.build(0xBF50))]
    world.wake()
    [said] = world.network.messages("BF50")
    _, (name, value) = valid(said, "1.0.1")
    assert name == "ePRAndNotifications"
    kind, row = value["notificationList"]
    assert (kind, len(row)) == ("notificationList", 1)
