"""What networks do to a module, and what its clock believes."""

from __future__ import annotations

import pytest

from harness.simulators.module import TREATMENTS, NetworkScript, SimulatedModule
from tests.simulators.module.test_dialects import quiet
from tests.simulators.module.test_modem import ask

ICCID, IMSI = "89001012345678901234", "001010123456789"
NOON = 1_800_014_400.0
"""2027-01-15 12:00:00."""


def attached(treatment: str) -> SimulatedModule:
    module = quiet("harness")
    module.modem.now = NOON
    module.modem.sim.iccid, module.modem.sim.imsi = ICCID, IMSI
    module.modem.network = NetworkScript({ICCID: TREATMENTS[treatment]})
    module.pending()
    return module


@pytest.mark.parametrize(
    ("treatment", "status", "operator", "path"),
    [
        ("home", 1, '+COPS: 0,2,"00101",7', 1),
        ("roaming", 5, '+COPS: 0,2,"99970",7', 1),
        ("denied", 3, "+COPS: 0", 0),
        ("no-coverage", 2, "+COPS: 0", 0),
        ("no-data", 1, '+COPS: 0,2,"00101",7', 0),
    ],
)
def test_a_network_treats_a_profile(treatment: str, status: int, operator: str, path: int) -> None:
    module = attached(treatment)
    assert ask(module, "AT+CEREG?") == [f"+CEREG: 1,{status}", "OK"]
    assert ask(module, "AT+COPS?") == [operator, "OK"]
    assert ask(module, "AT+CGACT?") == [f"+CGACT: 1,{path}", "OK"]
    assert module.modem.has_data_path() is bool(path)


def test_the_clock_is_the_labs_until_somebody_sets_it() -> None:
    module = attached("home")
    assert ask(module, "AT+CCLK?") == ['+CCLK: "27/01/15,12:00:00+00"', "OK"]
    assert ask(module, 'AT+CCLK="30/01/15,14:00:00+08"') == ["OK"]
    assert ask(module, "AT+CCLK?") == ['+CCLK: "30/01/15,12:00:00+00"', "OK"]
    assert ask(module, 'AT+CCLK="30/13/15,14:00:00+08"') == ["ERROR"]


def test_a_network_may_tell_a_wrong_time() -> None:
    module = attached("wrong-time")
    assert ask(module, "AT+CCLK?") == ['+CCLK: "07/01/15,12:00:00+00"', "OK"]


def test_a_sim_may_be_taken_out() -> None:
    module = quiet("harness")
    module.modem.insert_sim(False)
    assert module.pending() == b"\r\n+CPIN: NOT READY\r\n"
    ask(module, "AT+CMEE=1")
    assert ask(module, "AT+CPIN?") == ["+CME ERROR: 10"]
    module.modem.insert_sim(True)
    assert ask(module, "AT+CPIN?")[0] == "+CPIN: READY"
