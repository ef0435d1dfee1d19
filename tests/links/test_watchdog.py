"""A watchdog bites once, in time, and only for a call that is under way."""

from __future__ import annotations

import threading
import time

from harness.links.watchdog import Watchdog


def test_it_bites_a_call_that_outlasts_its_deadline() -> None:
    bitten = threading.Event()
    watchdog = Watchdog(bitten.set)
    begun = time.monotonic()
    with watchdog.guard(0.05):
        assert bitten.wait(10)
    assert 0.05 <= time.monotonic() - begun < 5
    assert watchdog.bitten
    watchdog.close()


def test_a_shorter_deadline_after_a_longer_one_is_kept() -> None:
    bitten = threading.Event()
    watchdog = Watchdog(bitten.set)
    for _ in range(3):
        with watchdog.guard(60):
            pass
    with watchdog.guard(0.05):
        assert bitten.wait(10)
    watchdog.close()


def test_calls_in_time_are_not_bitten_also_when_an_old_deadline_passes() -> None:
    bites: list[int] = []
    seen = threading.Event()
    watchdog = Watchdog(lambda: (bites.append(1), seen.set()))  # type: ignore[func-returns-value]
    with watchdog.guard(0.05):
        pass
    with watchdog.guard(30):
        assert not seen.wait(0.2)
    assert not watchdog.bitten
    assert not bites
    watchdog.close()


def test_close_ends_its_thread() -> None:
    watchdog = Watchdog(lambda: None)
    with watchdog.guard(60):
        pass
    watchdog.close()
    assert watchdog._thread is not None
    watchdog._thread.join(10)
    assert not watchdog._thread.is_alive()
