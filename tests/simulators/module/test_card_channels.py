"""Channels for the card, octet for octet (ETSI TS 102 223 §6.4.27 to §6.4.31)."""

from __future__ import annotations

import pytest

from harness.simulators.euicc import CardConfig, SimulatedEuicc, VolatileMemory
from harness.simulators.module import ModuleConfig, SimulatedModule
from tests.roles.ipa.world import Entropy, shared_pki
from tests.simulators.module.test_dialects import Echo
from tests.simulators.module.test_modem import EID, NoServers

OPEN = "D01C8103014001820281" + "82B50103B9020400BC03020007BE0521C6336401"
SEND = "D0108103014301820281" + "21B60548454C4C4F"
RECEIVE = "D00C8103014200820281" + "21B701C8"
CLOSE = "D0098103014100820281" + "21"
STATUS = "D0098103014400820281" + "82"


class Bench:
    """A module whose card asks for channels to a peer that sends everything back."""

    def __init__(self) -> None:
        identities = shared_pki().euicc_identities(EID)
        self.card = SimulatedEuicc(CardConfig(), identities, VolatileMemory(), Entropy("module"))
        self.module = SimulatedModule(self.card, NoServers(), ModuleConfig())
        self.module.power_on()
        self.module.modem.peers = Echo()

    def ask(self, command: str) -> str:
        self.card.ask_terminal(bytes.fromhex(command))
        self.module.serve_card()
        return self.card.terminal_answer.hex().upper()


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_profile_claims_what_there_is(bench: Bench) -> None:
    assert bench.card.terminal_profile.hex().upper() == "0300E80001" + "00" * 6 + "1F42" + "00" * 3 + "43"


def test_data_go_there_and_back(bench: Bench) -> None:
    assert bench.ask(STATUS) == "81030144008202828183010" + "0B8020000"
    assert bench.ask(OPEN) == "810301400182028281830100" + "B8028100B50103B9020400"
    assert bench.ask(STATUS) == "810301440082028281830100" + "B8028100"
    assert bench.ask(SEND) == "810301430182028281830100" + "B701FF"
    assert bench.ask(RECEIVE) == "810301420082028281830100" + "B60548454C4C4FB70100"
    assert bench.ask(RECEIVE) == "810301420082028281830100" + "B600B70100"
    assert bench.ask(CLOSE) == "810301410082028281830100"
    assert bench.ask(SEND) == "810301430182028281" + "83023A03"


@pytest.mark.parametrize(
    ("part", "becomes", "result"),
    [
        ("B9020400", "B902FFFF", "07"),
        ("BC030200", "BC030300", "3A06"),
        ("BC03020007", "BC03020050", "3A07"),
        ("BE0521", "BE0557", "3A06"),
        ("C6336401", "C6336409", "3A07"),
    ],
)
def test_what_cannot_be_is_refused_as_such(bench: Bench, part: str, becomes: str, result: str) -> None:
    answer = bench.ask(OPEN.replace(part, becomes))
    assert answer.startswith(f"81030140018202828183{len(result) // 2:02X}{result}")


def test_there_are_two_channels_until_the_card_is_reset(bench: Bench) -> None:
    assert "B8028100" in bench.ask(OPEN)
    assert "B8028200" in bench.ask(OPEN)
    assert "83023A01" in bench.ask(OPEN)
    bench.module.reboot()
    assert "B8028100" in bench.ask(OPEN)


def test_without_a_data_path_the_terminal_is_unable(bench: Bench) -> None:
    bench.module.receive(b"AT+CFUN=4\r")
    assert "83022000" in bench.ask(OPEN)
