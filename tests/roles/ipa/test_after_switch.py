"""What an IPA does between a change of profile and its result: eUICCs that send no REFRESH want a reset first."""

from __future__ import annotations

import pytest

from harness.roles.eim.commands import enable
from tests.roles.ipa.world import World, profile


@pytest.fixture
def world() -> World:
    return World(installed=("bootstrap", "operational-a"), after_enable="reset")


def recoveries_at_connect(world: World, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the card had been reset for its 6985 whenever the modem connected."""
    recoveries: list[int] = []
    connect = world.network.connect

    def noted() -> bool:
        recoveries.append([event.kind for event in world.terminal.events].count("recovery"))
        return connect()

    monkeypatch.setattr(world.network, "connect", noted)
    return recoveries


def test_the_card_is_reset_before_the_modem_connects(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    recoveries = recoveries_at_connect(world, monkeypatch)
    transaction = world.eim.queue_package(None, enable(profile("operational-a").iccid))
    world.wake()
    assert world.eim.operation(transaction).state == "done"
    at_wake, first, *later = recoveries
    assert at_wake == first
    assert later, "the modem connects anew after the switch"
    assert all(count > first for count in later)


def test_it_is_reset_after_a_rollback_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.eim.queue_package(None, enable(profile("bootstrap").iccid))
    world.wake()
    recoveries = recoveries_at_connect(world, monkeypatch)
    world.network.refusing.add(profile("operational-a").iccid)
    transaction = world.eim.queue_package(None, enable(profile("operational-a").iccid, rollback=True))
    world.wake()
    assert world.eim.operation(transaction).results == (("rollbackResult", 0),)
    _at_wake, at_visit, at_switch, at_rollback, *_ = recoveries
    assert at_visit < at_switch < at_rollback
