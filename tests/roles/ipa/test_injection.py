"""Packages that an eIM brings to the IPA: TransferEimPackage."""

from __future__ import annotations

import pytest

from harness.codec import decode, tlv
from harness.roles.eim.commands import enable, list_profile_info
from harness.roles.ipa import IpaSettings
from harness.roles.ipa.settings import DIRECT, INJECT_HTTPS, RETRIEVE_HTTPS
from tests.roles.ipa.world import World, profile

INJECTED = IpaSettings(features=frozenset({DIRECT}), protocols=frozenset({RETRIEVE_HTTPS, INJECT_HTTPS}))


def brought(world: World, package: bytes) -> tlv.Tlv:
    """The answer, which decodes."""
    answer = world.ipa.transfer(tlv.build(0xBF4E, package))
    decode("TransferEimPackageResponse", answer)
    return tlv.parse(answer).children[0]


def test_a_result_comes_back_at_once_and_goes_when_it_is_acknowledged() -> None:
    world = World(INJECTED, injects=True)
    answer = brought(world, world.eim.package(list_profile_info()))
    assert answer.tag == 0xBF51
    [stored] = world.es10.retrieve_notifications(results=True).results
    assert stored.raw == answer.raw
    number = tlv.integer(0x80, stored.sequence_number or 0)
    assert brought(world, tlv.build(0xBF53, number)).raw == bytes.fromhex("0500")
    assert world.es10.retrieve_notifications(results=True).results == ()
    assert world.network.seen == []


def test_a_switch_is_taken_and_done_at_the_next_wake() -> None:
    world = World(INJECTED, injects=True, installed=("bootstrap",))
    iccid = profile("bootstrap").iccid
    assert brought(world, world.eim.package(enable(iccid))).raw == bytes.fromhex("0500")
    assert world.ipa.has_work
    assert world.enabled() is None
    world.ipa.wake(world.network.now)
    assert world.enabled() == iccid
    assert len(world.network.messages("BF50")) == 1


def test_data_and_downloads() -> None:
    world = World(INJECTED, injects=True)
    assert brought(world, bytes.fromhex("BF52045C02BF20")).find(0xA0, 0xBF20) is not None
    order = world.smdp.order(profile("operational-a"))
    trigger = tlv.build(0xBF54, tlv.build(0xA0, tlv.build(0x80, order.activation_code.encode())))
    assert brought(world, trigger).tag == 0x05
    world.ipa.wake(world.network.now)
    assert [info.iccid for info in world.es10.get_profiles_info()] == [profile("operational-a").iccid]


@pytest.mark.parametrize(
    ("message", "code"), [(b"", 1), (bytes.fromhex("BF4E00"), 1), (bytes.fromhex("BF4E03BF5500"), 2), (b"\xbf\x4e", 1)]
)
def test_what_is_no_package_is_refused(message: bytes, code: int) -> None:
    world = World(INJECTED, injects=True)
    assert world.ipa.transfer(message) == tlv.build(0xBF4E, tlv.integer(0x02, code))


@pytest.mark.parametrize(("settings", "injects"), [(INJECTED, False), (IpaSettings(), True)])
def test_who_does_not_take_part_gets_an_error(settings: IpaSettings, injects: bool) -> None:
    world = World(settings, injects=injects)
    assert brought(world, world.eim.package(list_profile_info())).raw == bytes.fromhex("02017F")
    assert world.es10.retrieve_notifications(results=True).results == ()
