"""Changes that the IPA makes by itself: fallback, return, emergency, immediate enabling; and when it comes back."""

from __future__ import annotations

from email.utils import format_datetime

import pytest

from harness.codec import decode
from harness.roles.eim.commands import configure_immediate_enable, enable, set_fallback
from harness.roles.ipa import IpaSettings
from harness.roles.ipa.local import END_OF_EMERGENCY, FALL_BACK, RETURN, Circumstances, change_to_make
from harness.roles.ipa.schedule import wait_asked_for
from harness.simulators.euicc import CardConfig
from tests.roles.ipa.world import ASN1, NOW, Reply, World, profile

SETTINGS = IpaSettings()
CAPABLE = CardConfig(fallback_supported=True, ecall_supported=True)


def capable_world(*installed: str) -> World:
    """A card that can do everything, with the first profile enabled."""
    world = World(card=CAPABLE, installed=installed)
    world.eim.queue_package(None, enable(profile(installed[0]).iccid))
    world.wake()
    assert world.enabled() == profile(installed[0]).iccid
    return world


def causes(world: World) -> list[int]:
    """The causes told so far; the eIM asks for fresh data after each, so that a poll without one follows."""
    polls = [decode("GetEimPackageRequest", message) for message in world.network.messages("BF4F")]
    return [poll["stateChangeCause"] for poll in polls if "stateChangeCause" in poll]


def test_it_falls_back_and_returns() -> None:
    world = capable_world("operational-a", "bootstrap")
    first, fallback = profile("operational-a").iccid, profile("bootstrap").iccid
    order = world.eim.queue_package(None, set_fallback(fallback))
    world.wake()
    assert world.eim.operation(order).results == (("setFallbackAttributeResult", 0),)
    world.network.refusing.add(first)
    lost = world.network.now
    due = world.ipa.wake(lost)
    assert due <= lost + SETTINGS.fallback_after
    world.ipa.wake(lost + SETTINGS.fallback_after - 1)
    assert world.enabled() == first
    world.network.seen.clear()
    world.ipa.wake(lost + SETTINGS.fallback_after)
    assert world.enabled() == fallback
    assert causes(world)[0] == 1
    back = lost + SETTINGS.fallback_after + SETTINGS.return_after
    world.network.refusing.clear()
    world.network.seen.clear()
    world.ipa.wake(back)
    assert world.enabled() == first
    assert causes(world)[0] == 1


def test_without_a_fallback_profile_everything_stays() -> None:
    world = capable_world("operational-a", "bootstrap")
    world.network.refusing.add(profile("operational-a").iccid)
    for seconds in range(0, 7200, 60):
        world.ipa.wake(world.network.now + seconds)
    assert world.enabled() == profile("operational-a").iccid


def test_an_emergency_call_has_the_emergency_profile_as_long_as_it_lasts() -> None:
    world = capable_world("operational-a", "emergency")
    world.network.seen.clear()
    world.network.is_calling = True
    world.ipa.wake(world.network.now)
    assert world.enabled() == profile("emergency").iccid
    world.network.is_calling = False
    world.ipa.wake(world.network.now)
    assert world.enabled() == profile("operational-a").iccid
    assert causes(world) == [2, 2]


def test_a_profile_is_enabled_at_once_where_that_is_configured() -> None:
    world = World(card=CAPABLE)
    world.eim.queue_package(None, configure_immediate_enable())
    world.wake()
    world.network.seen.clear()
    iccid = world.install("operational-a")
    assert world.enabled() == iccid
    assert causes(world)[-1] == 5


@pytest.mark.parametrize(
    ("circumstances", "change"),
    [
        (Circumstances(), None),
        (Circumstances(without_network=599), None),
        (Circumstances(without_network=600), FALL_BACK),
        (Circumstances(without_network=9000, in_fallback=60), None),
        (Circumstances(in_fallback=1800), RETURN),
        (Circumstances(is_calling=True, gave_emergency_profile=True, without_network=900), None),
        (Circumstances(gave_emergency_profile=True), END_OF_EMERGENCY),
    ],
)
def test_what_is_decided(circumstances: Circumstances, change: str | None) -> None:
    assert change_to_make(circumstances, SETTINGS) == change


@pytest.mark.parametrize(
    ("said", "seconds"), [(None, 0), ("", 0), ("120", 120), ("soon", 0), ("-5", 0), ("99999999", 86400)]
)
def test_retry_after(said: str | None, seconds: float) -> None:
    assert wait_asked_for(said, 0.0, SETTINGS) == seconds


def test_retry_after_as_a_date() -> None:
    assert wait_asked_for(format_datetime(NOW, usegmt=True), NOW.timestamp() - 300, SETTINGS) == 300
    assert wait_asked_for(format_datetime(NOW, usegmt=True), NOW.timestamp() + 300, SETTINGS) == 0


def test_an_eim_that_asks_for_time_gets_it() -> None:
    world = World()
    world.network.tampering = [Reply(503, b"", (("Retry-After", "1800"),))]
    assert world.wake() == world.network.now + 1800
    world.network.tampering = [Reply(500, b"", (("Retry-After", "1800"), *ASN1))]
    assert world.wake() < world.network.now + 1800
