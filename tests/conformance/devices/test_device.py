"""A real device's visit: when it begins, and when it is over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.conformance.devices import device as under_test
from harness.conformance.devices.device import DeviceUnderTest
from harness.endpoints.eim import EimEndpoint, SeenRequest
from harness.errors import DeviceSilent
from harness.links.at_habits import HABITS

POLL, RESULT = bytes.fromhex("BF4F00"), bytes.fromhex("BF5000")
PACKAGE, NOTHING, ENABLES = (
    bytes.fromhex(octets) for octets in ("BF4F04BF510100", "BF4F03020101", "BF4F09BF51063004A002A300")
)


@dataclass
class FakeEndpoint:
    """An eIM that saw what a test says."""

    came: threading.Condition = field(default_factory=threading.Condition)
    requests: tuple[SeenRequest, ...] = ()
    waits: list[float] = field(default_factory=list)
    coming: list[Callable[[], None]] = field(default_factory=list)
    """What happens at each wait, in order; nothing more comes behind it."""

    def see(self, body: bytes, reply: bytes) -> None:
        self.requests += (SeenRequest(0.0, "/gsma/rsp2/asn1", (), body, 200, reply, 1),)

    def wait_until(self, holds: Callable[[], bool], deadline: float) -> bool:
        self.waits.append(deadline)
        if self.coming:
            self.coming.pop(0)()
        return holds()


def device_at(
    *endpoints: FakeEndpoint,
    command: Callable[..., Any] = lambda text, deadline: SimpleNamespace(checked=lambda: None),
    habits: str = "sealed",
    declared: dict[str, float] | None = None,
    visits_others: bool = False,
    tells_smdp: bool = False,
    servers: Sequence[Any] = (SimpleNamespace(heard_at=0.0),),
) -> DeviceUnderTest:
    bench = SimpleNamespace(
        simulated=None,
        access=SimpleNamespace(leave=lambda: None),
        engine=SimpleNamespace(command=command),
        habits=HABITS[habits],
        power_cycle=lambda: None,
        slot=SimpleNamespace(declared=declared or {}),
        servers=servers,
    )
    return DeviceUnderTest(
        cast(Any, bench),
        b"",
        cast("list[EimEndpoint]", list(endpoints)),
        {},
        eim_answers=cast(Any, None),
        smdp_answers=cast(Any, None),
        visits_others=visits_others,
        tells_smdp=tells_smdp,
    )


def test_a_visit_that_begins_with_a_result_is_seen_out() -> None:
    eim = FakeEndpoint()
    eim.see(POLL, NOTHING)  # the visit before
    eim.coming = [
        lambda: eim.see(RESULT, b""),
        lambda: eim.see(POLL, PACKAGE),
        lambda: eim.see(POLL, NOTHING),
    ]
    assert [request.reply_body for request in device_at(eim).poll_now()] == [b"", PACKAGE, NOTHING]


def test_a_visit_whose_polls_were_an_earlier_ones_is_not_work_that_is_done() -> None:
    eim = FakeEndpoint()
    eim.see(POLL, NOTHING)
    eim.coming = [lambda: eim.see(RESULT, b""), lambda: None, lambda: eim.see(POLL, NOTHING)]
    device_at(eim).work_off()
    assert len(eim.requests) == 3, "it was made to poll once more"


def test_a_visit_is_over_when_nothing_comes_any_more() -> None:
    eim = FakeEndpoint(coming=[])
    eim.coming = [lambda: eim.see(POLL, b"")]
    device_at(eim).poll_now()
    assert eim.waits == [under_test.TELL_EVERY, under_test.PAUSE_IN_A_VISIT]


def test_the_other_eim_is_visited_too() -> None:
    eim, other = FakeEndpoint(), FakeEndpoint()
    eim.coming = [lambda: eim.see(POLL, NOTHING), lambda: other.see(POLL, PACKAGE), lambda: other.see(POLL, NOTHING)]
    device_at(eim, other, visits_others=True).poll_now()
    assert [request.reply_body for request in other.requests] == [PACKAGE, NOTHING]
    assert eim.waits[1:] == [under_test.BETWEEN_EIMS, under_test.PAUSE_IN_A_VISIT]


def test_a_device_that_only_the_other_eim_manages_has_polled() -> None:
    eim, other = FakeEndpoint(), FakeEndpoint()
    eim.coming = [lambda: other.see(POLL, NOTHING)]
    assert device_at(eim, other, visits_others=True).poll_now() == ()


@pytest.mark.parametrize(("reply", "tells_smdp"), [(ENABLES, False), (PACKAGE, True)])
def test_what_an_ipa_tells_the_smdp_behind_a_visit_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, reply: bytes, tells_smdp: bool
) -> None:
    now = [100.0]
    monkeypatch.setattr("harness.conformance.devices.device.time.monotonic", lambda: now[0])
    eim, smdp = FakeEndpoint(), SimpleNamespace(heard_at=0.0)

    def notify() -> None:
        now[0] += 2.0
        smdp.heard_at = now[0]

    def be_quiet() -> None:
        now[0] += under_test.AFTER_A_CHANGE

    eim.coming = [lambda: eim.see(POLL, reply), lambda: eim.see(POLL, NOTHING), notify, be_quiet]
    device_at(eim, servers=[smdp], tells_smdp=tells_smdp).poll_now()
    assert eim.waits[2:] == [under_test.AFTER_A_CHANGE, under_test.AFTER_A_CHANGE]


def test_a_silent_device_is_named_with_what_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "POLL_DEADLINE", 0.0)
    with pytest.raises(DeviceSilent, match=r"no poll came within 0 s of AT%IPA=2"):
        device_at(FakeEndpoint()).poll_now()
    with pytest.raises(DeviceSilent, match="of the reboot"):
        device_at(FakeEndpoint(), habits="3gpp").poll_now()


@pytest.mark.parametrize(
    ("habits", "declared", "deadline"),
    [
        ("sealed", {"polling_interval": 3600.0}, under_test.POLL_DEADLINE),
        ("3gpp", {}, under_test.POLL_DEADLINE),
        ("3gpp", {"polling_interval": 3600.0, "jitter": 60.0}, 3600.0 * under_test.INTERVAL_MARGIN + 60.0),
        ("3gpp", {"boot_poll_within": 300.0}, 300.0),
    ],
)
def test_the_deadline_is_what_makes_it_poll(habits: str, declared: dict[str, float], deadline: float) -> None:
    assert device_at(FakeEndpoint(), habits=habits, declared=declared).poll_deadline == pytest.approx(deadline)
