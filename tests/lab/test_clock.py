"""The lab's clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from harness.lab.clock import EPOCH, RealClock, VirtualClock


def test_a_virtual_day_costs_nothing() -> None:
    clock = VirtualClock()
    assert clock.utc() == datetime(2027, 1, 1, tzinfo=UTC)
    began = time.monotonic()
    assert clock.advance(86_400) == EPOCH + 86_400 == clock.now()
    assert time.monotonic() - began < 1
    assert clock.utc() == datetime(2027, 1, 2, tzinfo=UTC)


def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="go back"):
        VirtualClock().advance(-1)


def test_the_real_clock_is_the_hosts() -> None:
    clock = RealClock()
    assert abs(clock.now() - time.time()) < 1
    assert abs(clock.utc().timestamp() - time.time()) < 1
