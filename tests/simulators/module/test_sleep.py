"""A module in power saving mode: its AT port sleeps, its own work goes on."""

from __future__ import annotations

import pytest

from harness.simulators.module import NetworkScript, SimulatedModule
from harness.simulators.module.sleep import seconds_of
from tests.simulators.module.test_dialects import quiet
from tests.simulators.module.test_modem import ask

ICCID = "89001012345678901234"


@pytest.fixture
def module() -> SimulatedModule:
    made = quiet("harness")
    made.modem.sim.iccid, made.modem.sim.imsi = ICCID, "001010123456789"
    made.modem.network = NetworkScript()
    made.pending()
    return made


@pytest.mark.parametrize(
    ("bits", "seconds"), [("00000101", 10), ("00100001", 60), ("01000010", 720), ("11100000", float("nan"))]
)
def test_the_active_timer_is_read_as_24_008_writes_it(bits: str, seconds: float) -> None:
    assert seconds_of(bits) == pytest.approx(seconds, nan_ok=True)


def test_the_port_sleeps_when_nobody_used_it_and_loses_what_wakes_it(module: SimulatedModule) -> None:
    module.wake(100.0)
    assert ask(module, 'AT+CPSMS=1,,,"00100001","00000101"') == ["OK"]
    assert ask(module, "AT+CPSMS?") == ['+CPSMS: 1,,,"00100001","00000101"', "OK"]
    module.wake(105.0)
    assert ask(module, "AT") == ["OK"], "five seconds are not enough"
    module.wake(120.0)
    assert module.receive(b"AT\r") == b""
    assert ask(module, "AT") == ["OK"]
    assert ask(module, "AT+CPSMS=0") == ["OK"]
    module.wake(10_000.0)
    assert ask(module, "AT") == ["OK"]


def test_without_a_network_there_is_no_sleep() -> None:
    module = quiet("harness")
    ask(module, "AT+CPSMS=1")
    module.wake(10_000.0)
    assert ask(module, "AT") == ["OK"]


@pytest.mark.parametrize("parameters", ["3", '1,,,"0010000","00000101"', '1,,,"00100001","2"'])
def test_timers_that_are_none_are_refused(module: SimulatedModule, parameters: str) -> None:
    assert ask(module, f"AT+CPSMS={parameters}") == ["ERROR"]


def test_edrx_is_asked_for_by_technology(module: SimulatedModule) -> None:
    assert ask(module, 'AT+CEDRXS=2,4,"0101"') == ["OK"]
    assert ask(module, "AT+CEDRXS?") == ['+CEDRXS: 4,"0101"', "OK"]
    assert ask(module, 'AT+CEDRXS=2,9,"0101"') == ["ERROR"]
    assert ask(module, "AT+CEDRXS=0") == ["OK"]
    assert ask(module, "AT+CEDRXS?") == ["OK"]
