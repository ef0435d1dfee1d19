"""The AT side of the simulated module, octet for octet."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from harness.roles.es10.eims import TrustData
from harness.roles.ipa import HttpReply, NoAnswer
from harness.simulators.euicc import CardConfig, SimulatedEuicc, VolatileMemory
from harness.simulators.module import ModuleConfig, NetworkScript, ProfileNetwork, SimulatedModule
from tests.roles.ipa.world import Entropy, shared_pki

EID = CardConfig().eid


class NoServers:
    """An HttpPort with nobody behind it."""

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, trust: TrustData | None) -> HttpReply:
        raise NoAnswer(url)


@pytest.fixture
def module() -> SimulatedModule:
    card = SimulatedEuicc(CardConfig(), shared_pki().euicc_identities(EID), VolatileMemory(), Entropy("module"))
    made = SimulatedModule(card, NoServers())
    made.power_on()
    made.pending()
    made.receive(b"ATE0\r")
    return made


def ask(module: SimulatedModule, command: str) -> list[str]:
    """The lines of an answer, the final result last."""
    return [line for line in module.receive(command.encode() + b"\r").decode().split("\r\n") if line]


def test_boot_is_announced() -> None:
    card = SimulatedEuicc(CardConfig(), shared_pki().euicc_identities(EID), VolatileMemory(), Entropy("module"))
    module = SimulatedModule(card, NoServers())
    assert module.receive(b"AT\r") == b""
    module.power_on()
    assert module.pending() == b"\r\nRDY\r\n\r\n+CPIN: READY\r\n"


def test_echo_and_results_are_framed_as_v250_says() -> None:
    card = SimulatedEuicc(CardConfig(), shared_pki().euicc_identities(EID), VolatileMemory(), Entropy("module"))
    module = SimulatedModule(card, NoServers())
    module.power_on()
    module.pending()
    assert module.receive(b"AT\r\n") == b"AT\r\r\nOK\r\n"
    assert module.receive(b"ATE0\r") == b"ATE0\r\r\nOK\r\n"
    assert module.receive(b"at+cg") == b""
    assert module.receive(b"mm\r") == b"\r\nSIM-MODULE-1\r\n\r\nOK\r\n"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("AT", ["OK"]),
        ("ATI", ["SGP.32 Harness", "SIM-MODULE-1", "Revision: SIMMOD1R01A01", "OK"]),
        ("AT+CGSN", ["352906113456789", "OK"]),
        ("AT+CGSN=?", ["OK"]),
        ("AT+CMEE=?", ["+CMEE: (0-2)", "OK"]),
        ("AT+CMEE=7", ["ERROR"]),
        ("AT+CMEE=1;+CFUN?", ["+CFUN: 1", "OK"]),
        ("AT+CFUN=2", ["ERROR"]),
        ("AT+CPIN?", ["+CPIN: READY", "OK"]),
        ("AT+CREG?", ["+CREG: 1,0", "OK"]),
        ("AT+COPS?", ["+COPS: 0", "OK"]),
        ("AT+CGATT?", ["+CGATT: 0", "OK"]),
        ('AT+CGDCONT=1,"IP","iot"', ["OK"]),
        ("AT+CCLK?", ['+CCLK: "70/01/01,00:00:00+00"', "OK"]),
        ("AT+NOSUCH", ["ERROR"]),
        ("ATQ", ["ERROR"]),
        ("AT+", ["ERROR"]),
        ("AT=", ["ERROR"]),
    ],
)
def test_commands_are_answered(module: SimulatedModule, command: str, answer: list[str]) -> None:
    assert ask(module, command) == answer


def test_errors_come_as_asked_for(module: SimulatedModule) -> None:
    assert ask(module, "AT+CIMI") == ["ERROR"]
    ask(module, "AT+CMEE=1")
    assert ask(module, "AT+CIMI") == ["+CME ERROR: 13"]
    ask(module, "AT+CMEE=2")
    assert ask(module, "AT+CIMI") == ["+CME ERROR: SIM failure"]
    assert ask(module, "AT+CMEE?") == ["+CMEE: 2", "OK"]


def test_csim_reaches_the_isd_r_by_hand(module: SimulatedModule) -> None:
    assert ask(module, 'AT+CSIM=10,"0070000001"') == ['+CSIM: 6,"019000"', "OK"]
    [selected, ok] = ask(module, 'AT+CSIM=42,"01A4040010A0000005591010FFFFFFFF8900000100"')
    assert ok == "OK"
    assert selected.startswith('+CSIM: 4,"61')
    [stored, _] = ask(module, 'AT+CSIM=22,"81E2910006BF3E035C015A"')
    assert stored == '+CSIM: 4,"6115"'
    [answer, _] = ask(module, 'AT+CSIM=10,"81C0000015"')
    assert answer == f'+CSIM: 46,"BF3E125A10{EID.hex().upper()}9000"'


@pytest.mark.parametrize("parameters", ['10,"00700000"', '9,"007000000"', '4,"zz70"', '"0070000001"', "10", '2,"00"'])
def test_wrong_lengths_are_refused(module: SimulatedModule, parameters: str) -> None:
    assert ask(module, f"AT+CSIM={parameters}") == ["ERROR"]
    assert ask(module, "AT") == ["OK"]


def test_sessions_open_serve_and_close_once(module: SimulatedModule) -> None:
    ask(module, "AT+CMEE=1")
    assert ask(module, 'AT+CCHO="A0000005591010FFFFFFFF8900000100"') == ["1", "OK"]
    [stored, _] = ask(module, 'AT+CGLA=1,22,"80E2910006BF3E035C015A"')
    assert stored == '+CGLA: 4,"6115"'
    [answer, _] = ask(module, 'AT+CGLA=1,10,"80C0000015"')
    assert EID.hex().upper() in answer
    assert ask(module, "AT+CCHC=1") == ["+CCHC", "OK"]
    assert ask(module, "AT+CCHC=1") == ["+CME ERROR: 3"]
    assert ask(module, 'AT+CGLA=1,22,"80E2910006BF3E035C015A"') == ["+CME ERROR: 3"]
    assert ask(module, 'AT+CCHO="A000000000"') == ["+CME ERROR: 22"]


def test_sessions_run_out_cleanly(module: SimulatedModule) -> None:
    open_one = 'AT+CCHO="A0000005591010FFFFFFFF8900000100"'
    ask(module, "AT+CMEE=1")
    assert [ask(module, open_one)[-1] for _ in range(4)] == ["OK", "OK", "OK", "+CME ERROR: 20"]
    assert ask(module, "AT+CCHC=2") == ["+CCHC", "OK"]
    assert ask(module, open_one) == ["2", "OK"]


def test_cfun_takes_the_sim_down_and_up(module: SimulatedModule) -> None:
    ask(module, "AT+CMEE=1")
    assert ask(module, "AT+CFUN=0") == ["OK"]
    assert module.pending() == b"\r\n+CPIN: NOT READY\r\n"
    assert ask(module, "AT+CPIN?") == ["+CME ERROR: 10"]
    assert ask(module, 'AT+CSIM=10,"0070000001"') == ["+CME ERROR: 10"]
    assert ask(module, "AT+CFUN=1") == ["OK"]
    assert ask(module, "AT+CFUN=4") == ["+CPIN: READY", "OK"]
    assert ask(module, "AT+CPIN?") == ["+CPIN: READY", "OK"]


def test_what_comes_by_itself_stands_on_lines_of_its_own_behind_the_answer(module: SimulatedModule) -> None:
    module.modem.announce("^SIGNAL: 3")
    assert module.receive(b"AT+CGSN\r") == b"\r\n352906113456789\r\n\r\n^SIGNAL: 3\r\n\r\nOK\r\n"
    assert module.pending() == b""


def test_reboot_forgets_settings_and_announces_itself(module: SimulatedModule) -> None:
    ask(module, "AT+CMEE=1")
    firmware = module.firmware
    assert ask(module, "AT+CFUN=1,1") == ["OK"]
    assert module.firmware not in (None, firmware)
    assert module.pending().startswith(b"\r\nRDY\r\n")
    assert module.receive(b"AT\r") == b"AT\r\r\nOK\r\n"
    assert module.receive(b"AT+CMEE?\r").endswith(b"+CMEE: 0\r\n\r\nOK\r\n")


def test_endless_lines_and_garbage_do_no_harm(module: SimulatedModule) -> None:
    assert ask(module, "AT+" + "A" * 100_000) == ["ERROR"]
    assert module.receive(bytes(range(32, 127)) + b"\r") == b""
    assert module.receive(b"AT+CSIM=" + bytes(range(128, 256)) + b"\r") == b"\r\nERROR\r\n"
    assert module.receive(b"garbage\x1bAT\r") == b"\r\nOK\r\n"


def test_registration_follows_the_script() -> None:
    script = NetworkScript(profiles={"1": ProfileNetwork(attaches=False)}, others=ProfileNetwork(plmn="26201"))
    assert script.of("2").attaches
    assert not script.of("1").attaches
    assert not script.of(None).attaches
    assert ModuleConfig().imei.isdigit()
