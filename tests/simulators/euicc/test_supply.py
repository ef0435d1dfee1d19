"""The power of a simulated card fails at a write of its memory."""

from __future__ import annotations

import pytest

from tests.simulators.euicc.conftest import Bench


def address(bench: Bench) -> str:
    return bench.card.state.default_smdp_address


@pytest.mark.parametrize("late", [False, True])
def test_a_cut_at_a_write(bench: Bench, late: bool) -> None:
    bench.card.cut_power_at_write(1, late=late)
    assert bench.card.transmit(bytes.fromhex("81E2910009BF6506800461") + b".eu") == b""
    assert bench.card.is_dead
    assert bench.card.transmit(bytes.fromhex("81E2910003BF2E00")) == b""
    bench.terminal.start()
    assert not bench.card.is_dead
    assert address(bench) == ("a.eu" if late else "")


def test_a_later_write_is_counted(bench: Bench) -> None:
    bench.card.cut_power_at_write(2)
    bench.terminal.es10(bytes.fromhex("BF6506800461") + b".eu")
    assert bench.card.writes == 1
    assert bench.card.transmit(bytes.fromhex("81E2910009BF6506800462") + b".eu") == b""
    bench.terminal.start()
    assert address(bench) == "a.eu"


def test_no_cut_after_all(bench: Bench) -> None:
    bench.card.cut_power_at_write(1)
    bench.card.cut_power_at_write(0)
    bench.terminal.es10(bytes.fromhex("BF6506800461") + b".eu")
    assert bench.card.writes == 1
    assert address(bench) == "a.eu"


def test_what_goes_with_the_power_is_called(bench: Bench) -> None:
    called: list[str] = []
    bench.card.cut_power_at_write(1, late=True, then=lambda: called.append(bench.memory.load().decode()))  # type: ignore[union-attr]
    bench.card.transmit(bytes.fromhex("81E2910009BF6506800461") + b".eu")
    assert len(called) == 1
    assert '"a.eu"' in called[0]
