"""What an IPA does between a change of profile and its result: eUICCs that send no REFRESH want a reset first."""

from __future__ import annotations

import pytest

from harness.roles.eim.commands import enable
from tests.roles.ipa.world import World


def test_the_card_is_reset_before_the_modem_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(installed=("bootstrap", "operational-a"), after_enable="reset")
    recoveries: list[int] = []
    connect = world.network.connect

    def noted() -> bool:
        recoveries.append([event.kind for event in world.terminal.events].count("recovery"))
        return connect()

    monkeypatch.setattr(world.network, "connect", noted)
    wanted = next(info.iccid for info in world.es10.get_profiles_info() if not info.is_enabled)
    assert wanted is not None
    transaction = world.eim.queue_package(None, enable(wanted))
    world.wake()
    assert world.eim.operation(transaction).state == "done"
    first, *later = recoveries
    assert later, "the modem connects anew after the switch"
    assert all(count > first for count in later)
