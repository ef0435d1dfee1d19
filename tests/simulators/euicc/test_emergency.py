"""An emergency takes the card over, tells nobody, outlives a reset, and ends where it began."""

from __future__ import annotations

import pytest

from harness.simulators.euicc import CardConfig
from tests.simulators.euicc.conftest import Bench, Maker
from tests.simulators.euicc.support import enable

ENABLE, DISABLE = "BF5B038001FF", "BF5C038001FF"
ENABLE_QUIETLY, DISABLE_QUIETLY = "BF5B03800100", "BF5C03800100"


@pytest.fixture
def ready(make_bench: Maker) -> Bench:
    bench = make_bench(CardConfig(ecall_supported=True, fallback_supported=True))
    bench.associate()
    iccid = bench.install("operational-a")
    bench.install("emergency")
    bench.terminal.es10(bench.eim.psmo(enable(iccid)))
    return bench


def enabled(bench: Bench) -> list[str]:
    state = bench.card.state
    return [name for name, package in bench.packages.items() if (p := state.profile(package.iccid)) and p.enabled]


def code(bench: Bench, request: str) -> int:
    return bench.terminal.es10(request).get(0x80).value[0]


def test_there_and_back(ready: Bench) -> None:
    told = ready.card.state.notifications
    assert code(ready, DISABLE) == 2
    assert code(ready, ENABLE) == 0
    assert enabled(ready) == ["emergency"]
    assert code(ready, ENABLE) == 2
    assert code(ready, DISABLE) == 0
    assert enabled(ready) == ["operational-a"]
    assert code(ready, DISABLE) == 2
    assert ready.card.state.notifications == told


def test_everything_else_waits(ready: Bench) -> None:
    package = ready.eim.psmo(bytes.fromhex("BF2D00"))
    ready.terminal.es10(ENABLE)
    before = ready.card.state
    refused = ready.terminal.es10(package)
    assert refused.get(0xA1, 0x30, 0x02).value == bytes([104])
    assert ready.terminal.es10("BF6404820201FE").raw == bytes.fromhex("BF6403800168")
    assert ready.card.state == before
    ready.terminal.es10(DISABLE)
    assert ready.terminal.es10(package).find(0xA0) is not None


def test_a_reset_ends_no_emergency(ready: Bench) -> None:
    ready.terminal.es10(ENABLE)
    ready.terminal.start()
    assert enabled(ready) == ["emergency"]
    assert code(ready, DISABLE) == 0
    assert enabled(ready) == ["operational-a"]


def test_the_refresh_is_as_the_flag_says(ready: Bench) -> None:
    before = len(ready.terminal.refreshes)
    assert [code(ready, ENABLE_QUIETLY), code(ready, DISABLE_QUIETLY)] == [0, 0]
    assert len(ready.terminal.refreshes) == before
    assert [code(ready, ENABLE), code(ready, DISABLE)] == [0, 0]
    assert len(ready.terminal.refreshes) == before + 2


def test_from_nothing_and_back_to_nothing(make_bench: Maker) -> None:
    bench = make_bench(CardConfig(ecall_supported=True))
    bench.install("emergency")
    assert code(bench, ENABLE) == 0
    assert enabled(bench) == ["emergency"]
    assert code(bench, DISABLE) == 0
    assert enabled(bench) == []


@pytest.mark.parametrize(("version", "at_disable"), [("1.2", 2), ("1.3", 8)])
def test_without_such_a_profile(make_bench: Maker, version: str, at_disable: int) -> None:
    bench = make_bench(CardConfig(ecall_supported=True, version=version))
    assert code(bench, ENABLE) == 8
    assert code(bench, DISABLE) == at_disable


def test_a_card_that_knows_no_emergencies(make_bench: Maker) -> None:
    bench = make_bench(CardConfig())
    bench.install("emergency")
    assert code(bench, ENABLE) == 8
