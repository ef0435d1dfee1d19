"""What modules of different makers answer, octet for octet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from harness.links.at_habits import HABITS, recognised
from harness.roles.es10 import Es10
from harness.simulators.euicc import CardConfig, SimulatedEuicc, VolatileMemory
from harness.simulators.module import DIALECTS, ModuleConfig, SimulatedModule
from tests.roles.ipa.world import Entropy, shared_pki
from tests.simulators.module.test_modem import EID, NoServers, ask

OPEN = 'AT+CCHO="A0000005591010FFFFFFFF8900000100"'


def booted(dialect: str) -> SimulatedModule:
    card = SimulatedEuicc(CardConfig(), shared_pki().euicc_identities(EID), VolatileMemory(), Entropy("module"))
    module = SimulatedModule(card, NoServers(), ModuleConfig(dialect=dialect))
    module.power_on()
    return module


def quiet(dialect: str) -> SimulatedModule:
    module = booted(dialect)
    module.pending()
    for command in ("ATE0", *HABITS[dialect].start):
        ask(module, command)
    module.pending()
    return module


def test_host_and_simulation_know_the_same_dialects() -> None:
    assert HABITS.keys() == DIALECTS.keys()


@pytest.mark.parametrize("dialect", ["harness", "quectel", "telit", "u-blox", "simcom", "simcom-lpwa", "nordic"])
def test_a_maker_is_recognised_by_its_name(dialect: str) -> None:
    [manufacturer, ok] = ask(quiet(dialect), "AT+CGMI")
    assert ok == "OK"
    [model, _] = ask(quiet(dialect), "AT+CGMM")
    assert recognised(manufacturer, model) == dialect


def test_an_unknown_maker_speaks_27_007() -> None:
    assert recognised("Nobody Wireless") == "3gpp"
    assert recognised("") == "3gpp"


@pytest.mark.parametrize(
    ("dialect", "announced"),
    [
        ("3gpp", ["RDY", "+CPIN: READY"]),
        ("quectel", ["RDY", "+CFUN: 1", "+QIND: SMS DONE", "+QIND: PB DONE", "+CPIN: READY"]),
        ("telit", []),
        ("nordic", []),
    ],
)
def test_each_boots_in_its_own_words(dialect: str, announced: list[str]) -> None:
    assert [line for line in booted(dialect).pending().decode().split("\r\n") if line] == announced


def test_a_module_that_boots_without_radio_has_no_sim_yet() -> None:
    module = booted("nordic")
    module.pending()
    ask(module, "ATE0")
    assert ask(module, "AT+CFUN?") == ["+CFUN: 0", "OK"]
    assert ask(module, "AT+CPIN?") == ["ERROR"]
    assert ask(module, "AT+CFUN=1") == ["OK"]
    assert ask(module, "AT+CPIN?") == ["+CPIN: READY", "OK"]


@pytest.mark.parametrize(
    ("dialect", "opened", "closed"),
    [
        ("3gpp", ["1", "OK"], ["+CCHC", "OK"]),
        ("quectel", ["+CCHO: 1", "OK"], ["OK"]),
        ("telit", ["+CCHO: 1", "OK"], ["OK"]),
        ("helpful", ["1", "OK"], ["ERROR"]),
        ("sealed", ["ERROR"], ["ERROR"]),
        ("registered", ["ERROR"], ["ERROR"]),
    ],
)
def test_sessions_are_told_in_more_than_one_way(dialect: str, opened: list[str], closed: list[str]) -> None:
    module = quiet(dialect)
    assert ask(module, OPEN) == opened
    assert ask(module, "AT+CCHC=1") == closed


def test_apdus_may_need_flight_mode() -> None:
    module = quiet("flight-mode")
    ask(module, "AT+CMEE=1")
    assert ask(module, OPEN) == ["+CME ERROR: 3"]
    assert ask(module, 'AT+CSIM=10,"0070000001"') == ["+CME ERROR: 3"]
    ask(module, "AT+CFUN=4")
    assert ask(module, OPEN) == ["1", "OK"]


def test_csim_may_know_the_basic_channel_only() -> None:
    module = quiet("quectel")
    assert ask(module, 'AT+CSIM=10,"0070000001"') == ['+CSIM: 6,"019000"', "OK"]
    assert ask(module, 'AT+CSIM=10,"81F2000000"') == ["ERROR"]
    assert ask(module, 'AT+CSIM=10,"0070800100"') == ['+CSIM: 4,"9000"', "OK"]


def test_test_forms_may_be_refused() -> None:
    assert ask(quiet("quectel"), "AT+CGLA=?") == ["ERROR"]
    assert ask(quiet("3gpp"), "AT+CGLA=?") == ["OK"]


def test_a_module_may_fetch_answers_and_refuse_long_apdus() -> None:
    module = quiet("helpful")
    ask(module, OPEN)
    [answer, ok] = ask(module, 'AT+CGLA=1,22,"80E2910006BF3E035C015A"')
    assert (answer, ok) == (f'+CGLA: 46,"BF3E125A10{EID.hex().upper()}9000"', "OK")
    longest = f"80E2110080{'00' * 128}"
    assert ask(module, f'AT+CGLA=1,{len(longest)},"{longest}"') == ['+CGLA: 4,"9000"', "OK"]
    longer = f"80E2110081{'00' * 129}"
    assert ask(module, f'AT+CGLA=1,{len(longer)},"{longer}"') == ["ERROR"]


def test_a_restless_module_talks_between_the_lines() -> None:
    lines = ask(quiet("restless"), "AT+CGSN")
    assert lines[0] == "352906113456789"
    assert len(lines) > 20
    assert lines[-1] == "OK"


@pytest.mark.parametrize(
    ("dialect", "command", "prefix"),
    [
        ("3gpp", "AT+CCID", "+CCID: "),
        ("quectel", "AT+QCCID", "+QCCID: "),
        ("telit", "AT#CCID", "#CCID: "),
        ("u-blox", "AT+CCID", "+CCID: "),
        ("simcom", "AT+CICCID", "+ICCID: "),
        ("simcom-lpwa", "AT+CCID", ""),
        ("nordic", "AT%XICCID", "%XICCID: "),
    ],
)
def test_the_iccid_has_many_commands(dialect: str, command: str, prefix: str) -> None:
    module = quiet(dialect)
    module.modem.sim.iccid = "89001012345678901234"
    module.pending()
    assert ask(module, command) == [f"{prefix}89001012345678901234", "OK"]
    assert HABITS[dialect].iccid == command


class Echo:
    """A peer that sends back what it gets, at once."""

    hosts = ("app.example",)

    def __init__(self) -> None:
        self._held = b""
        self._tell: Callable[[], None] = lambda: None

    def connect(self, host: str, transport: str) -> Echo:
        return self

    def send(self, octets: bytes) -> None:
        self._held += octets
        tell, self._tell = self._tell, lambda: None
        tell()

    def receive(self, most: int, within: float) -> bytes:
        taken, self._held = self._held[:most], self._held[most:]
        return taken

    @property
    def waiting(self) -> int:
        return len(self._held)

    def on_arrival(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def close(self) -> None:
        self._held = b""


TALKS: Mapping[str, list[tuple[str, list[str]]]] = {
    "u-blox": [
        ("AT+USOCR=6\r", ["ERROR"]),
        ("AT+UPSD=0,0,0\r", ["OK"]),
        ("AT+UPSD=0,100,1\r", ["OK"]),
        ("AT+UPSDA=0,3\r", ["OK", '+UUPSDA: 0,"10.0.0.1"']),
        ("AT+UPSND=0,8\r", ["+UPSND: 0,8,1", "OK"]),
        ('AT+UDNSRN=0,"app.example"\r', ['+UDNSRN: "198.51.100.1"', "OK"]),
        ("AT+USOCR=6\r", ["+USOCR: 0", "OK"]),
        ('AT+USOCO=0,"198.51.100.1",7\r', ["OK"]),
        ("AT+USORD=0,16\r", ['+USORD: 0,0,""', "OK"]),
        ('AT+USOWR=0,5,"HELLO"\r', ["+USOWR: 0,5", "OK", "+UUSORD: 0,5"]),
        ("AT+USORD=0,16\r", ['+USORD: 0,5,"HELLO"', "OK"]),
        ("AT+USOCL=0\r", ["OK"]),
    ],
    "nordic": [
        ('AT#XGETADDRINFO="app.example"\r', ['#XGETADDRINFO: "198.51.100.1"', "OK"]),
        ("AT#XSOCKET=1,1,0\r", ["#XSOCKET: 0,1,6", "OK"]),
        ('AT#XCONNECT="198.51.100.1",7\r', ["#XCONNECT: 1", "OK"]),
        ('AT#XSEND="HELLO"\r', ["#XSEND: 5", "OK"]),
        ("AT#XRECV=2\r", ["#XRECV: 5", "HELLO", "OK"]),
        ("AT#XRECV=2\r", ["ERROR"]),
        ("AT#XSOCKET=0\r", ['#XSOCKET: 0,"closed"', "OK"]),
    ],
    "quectel": [
        ("AT+QIACT?\r", ["OK"]),
        ("AT+QIACT=1\r", ["OK"]),
        ("AT+QIACT?\r", ['+QIACT: 1,1,1,"10.0.0.1"', "OK"]),
        ('AT+QIDNSGIP=1,"app.example"\r', ["OK", '+QIURC: "dnsgip",0,1,600', '+QIURC: "dnsgip","198.51.100.1"']),
        ('AT+QIDNSGIP=1,"nobody.example"\r', ["OK", '+QIURC: "dnsgip",565']),
        ('AT+QIOPEN=1,0,"TCP","198.51.100.9",7,0,0\r', ["OK", "+QIOPEN: 0,566"]),
        ("AT+QICLOSE=0\r", ["OK"]),
        ('AT+QIOPEN=1,0,"TCP","198.51.100.1",7,0,0\r', ["OK", "+QIOPEN: 0,0"]),
        ("AT+QISEND=0,5\r", [">"]),
        ("HELLO", ["SEND OK", '+QIURC: "recv",0']),
        ("AT+QIRD=0,1500\r", ["+QIRD: 5", "HELLO", "OK"]),
        ("AT+QIRD=0,1500\r", ["+QIRD: 0", "OK"]),
        ('AT+QISENDEX=0,"4142"\r', ["SEND OK", '+QIURC: "recv",0']),
        ("AT+QISEND=0\r", [">"]),
        ("CD\x1a", ["SEND OK"]),
        ("AT+QIRD=0,1500\r", ["+QIRD: 4", "ABCD", "OK"]),
        ("AT+QISEND=0,5\r", [">"]),
        ("HE\x1b", ["OK"]),
        ("AT+QIRD=0,1500\r", ["+QIRD: 0", "OK"]),
        ("AT+QICLOSE=0\r", ["OK"]),
    ],
    "simcom": [
        ("AT+NETOPEN?\r", ["+NETOPEN: 0", "OK"]),
        ("AT+NETOPEN\r", ["OK", "+NETOPEN: 0"]),
        ("AT+NETOPEN\r", ["+IP ERROR: Network is already opened", "ERROR"]),
        ("AT+CIPRXGET=1\r", ["OK"]),
        ('AT+CDNSGIP="app.example"\r', ['+CDNSGIP: 1,"app.example","198.51.100.1"', "OK"]),
        ('AT+CIPOPEN=0,"TCP","198.51.100.1",7\r', ["OK", "+CIPOPEN: 0,0"]),
        ("AT+CIPRXGET=2,0,1500\r", ["+IP ERROR: No data", "ERROR"]),
        ("AT+CIPSEND=0,5\r", [">"]),
        ("HELLO", ["OK", "+CIPRXGET: 1,0", "+CIPSEND: 0,5,5"]),
        ("AT+CIPRXGET=4,0\r", ["+CIPRXGET: 4,0,5", "OK"]),
        ("AT+CIPRXGET=2,0,1500\r", ["+CIPRXGET: 2,0,5,0", "HELLO", "OK"]),
        ("AT+CIPCLOSE=0\r", ["OK", "+CIPCLOSE: 0,0"]),
        ('AT+CIPOPEN=0,"UDP",,,5007\r', ["OK", "+CIPOPEN: 0,0"]),
        ('AT+CIPSEND=0,5,"198.51.100.1",7\r', [">"]),
    ],
    "simcom-lpwa": [
        ("AT+CNACT=0,1\r", ["OK", "+APP PDP: 0,ACTIVE"]),
        ('AT+CDNSGIP="app.example"\r', ["OK", '+CDNSGIP: 1,"app.example","198.51.100.1"']),
        ('AT+CAOPEN=0,0,"TCP","198.51.100.9",7\r', ["+CAOPEN: 0,27", "OK"]),
        ('AT+CAOPEN=0,0,"TCP","198.51.100.1",7\r', ["+CAOPEN: 0,0", "OK"]),
        ("AT+CASEND=0,5\r", [">"]),
        ("HELLO", ["OK", "+CADATAIND: 0"]),
        ("AT+CARECV=0,1500\r", ["+CARECV: 5,HELLO", "OK"]),
        ("AT+CARECV=0,1500\r", ["+CARECV: 0", "OK"]),
        ("AT+CACLOSE=0\r", ["OK"]),
    ],
}
"""What is said over sockets, and what comes back with what follows unasked."""


@pytest.mark.parametrize("dialect", TALKS)
def test_sockets_are_spoken_as_their_makers_have_them(dialect: str) -> None:
    module = quiet(dialect)
    module.modem.peers = Echo()
    for said, expected in TALKS[dialect]:
        out = module.receive(said.encode()) + module.pending()
        lines = [line.strip() for line in out.decode().split("\r\n") if line.strip()]
        assert lines == expected, said


def test_sockets_of_other_makers_are_unknown() -> None:
    for dialect in ("3gpp", "telit", "u-blox", "simcom"):
        assert ask(quiet(dialect), "AT+QIACT?") == ["ERROR"]
    assert ask(quiet("simcom-lpwa"), "AT+NETOPEN?") == ["ERROR"]


def test_its_ipa_rests_while_it_is_paused_and_polls_when_asked_to() -> None:
    module = quiet("harness")
    assert module.wake(1.0) is not None
    assert ask(module, "AT%IPA?") == ["%IPA: 1", "OK"]
    assert ask(module, "AT%IPA=0") == ["OK"]
    assert module.wake(2.0) is None
    assert ask(module, "AT%IPA=2") == ["OK"]
    assert module.modem.poll_is_wanted
    assert module.wake(3.0) is not None
    assert not module.modem.poll_is_wanted
    assert ask(quiet("3gpp"), "AT%IPA=0") == ["ERROR"]


def test_the_card_is_the_same_behind_all_of_them() -> None:
    for dialect in DIALECTS:
        assert Es10(quiet(dialect).modem.sim).get_eid() == EID
