"""A fleet in one process: every device polls in its time, gets what is its own, and is remembered apart."""

from __future__ import annotations

from collections import Counter

from harness import resources
from harness.lab.file.configuration import read_lab
from harness.lab.rack import Rack
from harness.roles.eim.commands import get_rat, list_profile_info
from harness.roles.eim.events import Polled
from harness.roles.eim.state import DONE, QUEUED
from harness.roles.ipa import IpaSettings
from tests.bench.devices import fleet

HOUR = 3600.0


def test_every_device_polls_hourly_and_executes_its_own_package() -> None:
    with Rack(read_lab(resources.path("lab-config/simulated.yaml")), 1) as rack:
        one = fleet(rack, 12, remembers=None)
        orders = {device.eid: one.eim.queue_package(device.eid, list_profile_info()) for device in one.devices}
        wakes = one.run(5 * HOUR - 1)
        assert wakes == 12 * 5
        assert not list(one.incidents)
        for eid, order in orders.items():
            operation = one.eim.operation(order)
            assert (operation.state, operation.eid) == (DONE, eid)
            assert one.eim.device(eid).association.counter == 1
        polls = Counter(event.eid for event in one.eim.events if isinstance(event, Polled))
        assert set(polls.values()) == {6}, "each visit polls until nothing is left: the first one twice"


def test_one_device_does_not_get_what_is_another_ones() -> None:
    with Rack(read_lab(resources.path("lab-config/simulated.yaml")), 1) as rack:
        one = fleet(rack, 3, IpaSettings(polling_interval=60.0))
        lucky = one.devices[1].eid
        order = one.eim.queue_package(lucky, get_rat())
        one.devices[1].ipa.wake = lambda now: now + 1e9  # type: ignore[method-assign]  # it sleeps
        one.run(10 * 60.0)
        assert one.eim.operation(order).state == QUEUED
