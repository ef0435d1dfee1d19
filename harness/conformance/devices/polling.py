"""When a device polls, as its eIM saw it, and how exactly that has to be what its maker declares."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from harness.conformance.devices.device import DeviceUnderTest
from harness.endpoints.eim import SeenRequest
from harness.lab.file.declared import Declared

ONE_VISIT = 5.0
"""Polls that are no more than so many seconds apart belong to one visit; a tenth of the interval where that is shorter."""
_UNDECLARED_JITTER = 0.1
_MEASURED = 0.01
"""Of the interval: registration, a TLS handshake and the device's own clock are not free."""
_LEAST = 5.0


def tolerance(interval: float, declared: Declared) -> float:
    """By how many seconds an interval may differ from the declared one.

    The declared jitter and one per cent, or ten per cent where no jitter is declared; never less than five seconds, or a
    tenth of an interval that is shorter than those.
    """
    jitter = declared.get("jitter")
    part = _UNDECLARED_JITTER * interval if jitter is None else jitter + _MEASURED * interval
    return max(part, min(_LEAST, _UNDECLARED_JITTER * interval))


def visits(polls: Sequence[SeenRequest], interval: float = 10 * ONE_VISIT) -> list[float]:
    """When visits began, in seconds of the lab's clock."""
    together = min(ONE_VISIT, interval / 10)
    begun: list[float] = []
    last = float("-inf")
    for poll in polls:
        if poll.at - last > together:
            begun.append(poll.at)
        last = poll.at
    return begun


def gaps(times: Sequence[float]) -> list[float]:
    """The seconds between each and the next."""
    return [later - earlier for earlier, later in pairwise(times)]


def next_poll(device: DeviceUnderTest, within: float) -> float | None:
    """Lets time pass until the device polls again, at most so many seconds; after how many it did, None for not at all."""
    before, since = len(device.polls), device.now
    device.advance(within, until=lambda: len(device.polls) > before)
    return device.polls[before].at - since if len(device.polls) > before else None


def in_words(seconds: Sequence[float]) -> str:
    """For a report."""
    return " ".join(f"{one:.0f}" for one in seconds) or "none"
