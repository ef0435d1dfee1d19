"""Downloads by way of an SM-DS: directly before the reference SM-DS, through the eIM before answers made by hand."""

from __future__ import annotations

import json

from harness.codec import tlv
from harness.roles.eim.events import DownloadReported
from harness.roles.ipa import CONFORMING, IpaSettings
from harness.roles.ipa.activation import DownloadTarget
from harness.roles.ipa.esipa import EsipaClient
from harness.roles.ipa.indirect import IndirectServer
from harness.roles.ipa.settings import DIRECT, INDIRECT
from harness.simulators.euicc import CardConfig
from tests.roles.ipa.world import ASN1, NOW, SMDP, SMDS, Reply, World, profile

DIRECTLY = IpaSettings(features=frozenset({DIRECT}))
HEADER = {"functionRequesterIdentifier": "2.999.10", "functionCallIdentifier": "1"}


def registered(world: World) -> bytes:
    """An event at the SM-DS for a profile that waits at the SM-DP+; its ICCID."""
    package = profile("operational-a")
    order = world.smdp.order(package, eid=world.eid)
    event = {"eid": world.eid.hex(), "eventId": order.matching_id, "rspServerAddress": SMDP}
    body = json.dumps({"header": HEADER, **event}).encode()
    reply = world.smds.handle("/gsma/rsp2/es12/registerEvent", body, NOW)
    assert reply.status == 200
    return package.iccid


def reports(world: World) -> list[bool]:
    return [event.is_installed for event in world.eim.events if isinstance(event, DownloadReported)]


def test_the_profile_is_found_at_the_smds_that_the_trigger_names() -> None:
    world = World(DIRECTLY)
    iccid = registered(world)
    world.eim.queue_download(world.eid, smds=SMDS)
    world.wake()
    assert [info.iccid for info in world.es10.get_profiles_info()] == [iccid]
    assert reports(world) == [True]
    hosts = [seen.url.split("/")[2] for seen in world.network.seen if "es9plus" in seen.url]
    assert hosts[0] == SMDS
    assert SMDP in hosts


def test_the_root_smds_of_the_card_is_asked_where_none_is_named() -> None:
    world = World(DIRECTLY, card=CardConfig(root_smds_address=SMDS))
    iccid = registered(world)
    world.eim.queue_download(world.eid, smds=True)
    world.wake()
    assert [info.iccid for info in world.es10.get_profiles_info()] == [iccid]


def test_no_event_is_a_failure_that_is_told() -> None:
    world = World(DIRECTLY)
    world.eim.queue_download(world.eid, smds=SMDS)
    world.wake()
    assert reports(world) == [False]


def test_what_an_eim_answers_for_an_smds_is_where_to_go_on() -> None:
    world = World(IpaSettings(features=frozenset({INDIRECT})), indirect=True)
    trigger = tlv.build(0xBF54, tlv.build(0xA0, tlv.build(0x80, b"1$smdp.harness.test$E-1")))
    answers = (
        tlv.build(0xA1, tlv.build(0x80, b"\x01"), trigger),
        tlv.build(0xA1, tlv.build(0x80, b"\x01")),
    )
    found = []
    for answer in answers:
        world.network.tampering = [Reply(200, tlv.build(0xBF3B, answer), ASN1)]
        found.append(esipa_server(world).discover(b"\x01", tlv.build(0xBF38, tlv.build(0xA1))))
    assert found == [DownloadTarget("smdp.harness.test", "E-1"), None]


def esipa_server(world: World) -> IndirectServer:
    """The eIM of the world as the way to an SM-DS."""
    [configuration] = world.es10.get_eim_configuration()
    settings = IpaSettings(features=frozenset({INDIRECT}))
    return IndirectServer(EsipaClient(configuration, world.network, settings, CONFORMING), SMDS, None)
