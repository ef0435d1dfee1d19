"""A card behind a modem: +CSIM and +CGLA against a scripted peer that holds a stub card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from weakref import ref

import pytest

from harness.errors import ChannelLost, DeviceSilent, LabFault, MalformedAnswer
from harness.links.apdu import CardLink, ChannelRefused
from harness.links.at import AtEngine
from harness.links.at_access import CardAccess
from harness.links.at_card import SimReset
from harness.links.at_cgla import AtCglaLink
from harness.links.at_csim import AtCsimLink
from harness.links.at_grammar import AtRefused
from harness.links.at_habits import Habits
from harness.links.events import Exchange, Interface
from tests.endpoints.stub_card import StubCard
from tests.links.pty_modem import PtyModem

AID = bytes.fromhex("A001")
ECHO = bytes.fromhex("8002000003AABBCC")


class CardModem:
    """What a modem does with a card, as a script."""

    def __init__(self) -> None:
        self.card = StubCard()
        self.card.power_on()
        self.apdus: list[bytes] = []

    def csim(self, line: str) -> bytes:
        return self._exchange("+CSIM", line.partition("=")[2])

    def cgla(self, line: str) -> bytes:
        return self._exchange("+CGLA", line.partition("=")[2].partition(",")[2])

    def _exchange(self, name: str, parameter: str) -> bytes:
        length, _, digits = parameter.partition(",")
        command = bytes.fromhex(digits.strip('"'))
        assert int(length) == len(command) * 2
        self.apdus.append(command)
        response = self.card.transmit(command).hex().upper()
        return f'\r\n{name}: {len(response)},"{response}"\r\n\r\nOK\r\n'.encode()


@pytest.fixture
def inside() -> CardModem:
    return CardModem()


@pytest.fixture
def modem(tmp_path: Path, inside: CardModem) -> Iterator[PtyModem]:
    script = {"AT+CSIM": inside.csim, "AT+CGLA": inside.cgla, "AT+CCHO": b"\r\n+CCHO: 2\r\n\r\nOK\r\n",
              "AT+CPIN?": b"\r\n+CPIN: READY\r\n\r\nOK\r\n"}  # fmt: skip
    modem = PtyModem(tmp_path / "modem", script)
    yield modem
    modem.unplug()


@pytest.fixture
def engine(modem: PtyModem) -> Iterator[AtEngine]:
    engine = AtEngine(modem.path)
    yield engine
    engine.close()


@pytest.mark.parametrize(("kind", "name"), [(AtCsimLink, "at-csim"), (AtCglaLink, "at-cgla")])
def test_both_are_card_links_behind_a_terminal(engine: AtEngine, kind: type, name: str) -> None:
    link = kind(engine)
    assert isinstance(link, CardLink)
    assert (link.name, link.is_terminal) == (name, False)


def test_csim_carries_apdus_of_255_octets(engine: AtEngine, inside: CardModem) -> None:
    data = bytes(range(255))
    assert AtCsimLink(engine).transmit(bytes.fromhex("80020000FF") + data) == data + b"\x90\x00"


def test_csim_opens_its_own_channel(engine: AtEngine, inside: CardModem) -> None:
    channel = AtCsimLink(engine).open_channel(AID)
    assert (channel.number, channel.select_response) == (1, bytes.fromhex("6F01009000"))
    assert channel.transmit(ECHO) == bytes.fromhex("AABBCC9000")
    channel.close()
    assert [apdu.hex().upper() for apdu in inside.apdus] == [
        "0070000001", "01A4040002A001", "01C0000003", "8102000003AABBCC", "00708001"]  # fmt: skip


def test_both_the_line_and_the_apdu_are_told(engine: AtEngine) -> None:
    told: list[Exchange] = []
    link = AtCsimLink(engine)
    link.observers.add(told.append)
    link.transmit(ECHO)
    assert [(e.interface, e.octets) for e in told] == [
        (Interface.APDU, ECHO),
        (Interface.AT, b'AT+CSIM=16,"8002000003AABBCC"\r'),
        (Interface.AT, b'\r\n+CSIM: 10,"AABBCC9000"\r\n\r\nOK\r\n'),
        (Interface.APDU, bytes.fromhex("AABBCC9000")),
    ]


@pytest.mark.parametrize(
    "answer", [b"\r\n+CCHO: 2\r\n\r\nOK\r\n", b"\r\n2\r\n\r\nOK\r\n", b'\r\n+CCHO: 2,"6F00"\r\n\r\nOK\r\n']
)
def test_cgla_works_within_the_modems_session(
    engine: AtEngine, modem: PtyModem, inside: CardModem, answer: bytes
) -> None:
    modem.script["AT+CCHO"] = answer
    channel = AtCglaLink(engine).open_channel(AID)
    assert channel.number == 2
    assert channel.transmit(ECHO) == bytes.fromhex("AABBCC9000")
    channel.close()
    channel.close()
    assert modem.received == ['AT+CCHO="A001"', 'AT+CGLA=2,16,"8202000003AABBCC"', "AT+CCHC=2"]
    with pytest.raises(ChannelLost):
        channel.transmit(ECHO)


def test_a_session_id_that_is_no_channel_leaves_the_class_byte(engine: AtEngine, modem: PtyModem) -> None:
    modem.script["AT+CCHO"] = b"\r\n+CCHO: 257\r\n\r\nOK\r\n"
    AtCglaLink(engine).open_channel(AID).transmit(ECHO)
    assert modem.received[-1] == 'AT+CGLA=257,16,"8002000003AABBCC"'


def test_a_module_without_cchc_is_tolerated(engine: AtEngine, modem: PtyModem) -> None:
    modem.script["AT+CCHC"] = b"\r\nERROR\r\n"
    AtCglaLink(engine).open_channel(AID).close()
    assert modem.received[-1] == "AT+CCHC=2"


def test_a_refused_session_and_a_lost_one(engine: AtEngine, modem: PtyModem) -> None:
    link = AtCglaLink(engine)
    channel = link.open_channel(AID)
    modem.script["AT+CGLA"] = b"\r\n+CME ERROR: 100\r\n"
    with pytest.raises(ChannelLost, match="CME ERROR: 100"):
        channel.transmit(ECHO)
    modem.script["AT+CCHO"] = b"\r\n+CME ERROR: SIM failure\r\n"
    with pytest.raises(ChannelRefused, match="SIM failure"):
        link.open_channel(AID)
    modem.script["AT+CCHO"] = b"\r\nOK\r\n"
    with pytest.raises(MalformedAnswer, match="session"):
        link.open_channel(AID)
    with pytest.raises(LabFault, match="basic channel"):
        link.transmit(ECHO)


@pytest.mark.parametrize(
    "answer",
    [b'+CSIM: 6,"9000"', b'+CSIM: 3,"900"', b'+CSIM: 2,"90"', b"+CSIM: 4", b'+CSIM: 4,"90 0"', b"9000", b'+CSIM: 0,""'],
)
def test_an_answer_that_is_no_apdu_of_its_length_is_malformed(engine: AtEngine, modem: PtyModem, answer: bytes) -> None:
    modem.script["AT+CSIM"] = b"\r\n" + answer + b"\r\n\r\nOK\r\n"
    with pytest.raises(MalformedAnswer):
        AtCsimLink(engine).transmit(ECHO)


def test_a_refused_csim_is_told_with_its_error(engine: AtEngine, modem: PtyModem) -> None:
    modem.script["AT+CSIM"] = b"\r\n+CME ERROR: 13\r\n"
    with pytest.raises(AtRefused) as refusal:
        AtCsimLink(engine).transmit(ECHO)
    assert refusal.value.answer.error == 13


class Forgetful:
    forgot = 0

    def forget(self) -> None:
        self.forgot += 1


def test_reset_takes_the_sim_down_and_up_and_waits_until_it_is_ready(engine: AtEngine, modem: PtyModem) -> None:
    queries = iter([b"\r\nERROR\r\n", b"\r\n+CPIN: NOT READY\r\n\r\nOK\r\n", b"\r\n+CPIN: READY\r\n\r\nOK\r\n"])
    modem.script["AT+CPIN?"] = lambda _: next(queries)
    user, gone = Forgetful(), Forgetful()
    link = AtCglaLink(engine)
    link.on_reset(user.forget)
    link.on_reset(gone.forget)
    kept = ref(gone)
    del gone
    assert kept() is None, "a link keeps nobody alive who used it"
    channel = link.open_channel(AID)
    assert link.reset() == b""
    assert modem.received == ['AT+CCHO="A001"', "AT+CFUN=0", "AT+CFUN=1", "AT+CPIN?", "AT+CPIN?", "AT+CPIN?"]
    assert user.forgot == 1
    with pytest.raises(ChannelLost):
        channel.transmit(ECHO)


def test_a_sim_that_never_gets_ready_is_silent(engine: AtEngine, modem: PtyModem) -> None:
    modem.script["AT+CPIN?"] = b"\r\n+CME ERROR: 10\r\n"
    with pytest.raises(DeviceSilent, match="not ready"):
        AtCsimLink(engine, sim_reset=SimReset(ready_within=0.05)).reset()


def test_a_session_may_be_a_handle_in_hexadecimal(engine: AtEngine, modem: PtyModem) -> None:
    modem.script["AT+CCHO"] = b"\r\n+CCHO: 000000000385a7cf\r\n\r\nOK\r\n"
    modem.script["AT+CGLA"] = b'\r\n+CGLA: 4,"9000"\r\n\r\nOK\r\n'
    channel = AtCglaLink(engine).open_channel(AID)
    assert channel.transmit(ECHO) == b"\x90\x00"
    channel.close()
    assert modem.received[-2:] == ['AT+CGLA=000000000385a7cf,16,"8002000003AABBCC"', "AT+CCHC=000000000385a7cf"]


def test_sessions_that_cannot_be_closed_cost_a_reset_when_no_more_opens(engine: AtEngine, modem: PtyModem) -> None:
    opened = iter([b"\r\n1\r\n\r\nOK\r\n", b"\r\n+CME ERROR: 20\r\n", b"\r\n1\r\n\r\nOK\r\n"])
    modem.script["AT+CCHO"] = lambda line: next(opened)
    modem.script["AT+CCHC"] = b"\r\nERROR\r\n"
    link = AtCglaLink(engine)
    link.open_channel(AID).close()
    assert link.open_channel(AID).number == 1
    commands = [line.partition("=")[0] for line in modem.received]
    assert commands[-5:] == ["AT+CCHO", "AT+CFUN", "AT+CFUN", "AT+CPIN?", "AT+CCHO"]


@pytest.mark.parametrize(
    ("kind", "command", "said"),
    [
        (AtCglaLink, "AT+CCHO", 'AT+CCHO="A001" answered ERROR'),
        (AtCsimLink, "AT+CSIM", 'AT+CSIM=10,"0070000001" answered ERROR'),
    ],
)
def test_a_modem_that_passes_no_apdu_is_found_out(
    engine: AtEngine, modem: PtyModem, kind: type[AtCglaLink | AtCsimLink], command: str, said: str
) -> None:
    modem.script[command] = b"\r\nERROR\r\n"
    assert kind(engine).blocked(AID) == said


def test_a_card_that_refuses_is_not_the_modems_doing(engine: AtEngine, modem: PtyModem) -> None:
    modem.script["AT+CSIM"] = b'\r\n+CSIM: 4,"6A82"\r\n\r\nOK\r\n'
    assert AtCsimLink(engine).blocked(AID) == ""
    modem.script["AT+CCHO"] = lambda line: b"\r\nERROR\r\n" if "A001" in line else b"\r\n1\r\n\r\nOK\r\n"
    assert AtCglaLink(engine).blocked(AID) == "", "it opens another application"


def test_the_card_is_taken_and_given_back(engine: AtEngine, modem: PtyModem) -> None:
    habits = Habits(reach_card=("AT+CFUN=4",), leave_card=("AT+CFUN=1",), pause_ipa="AT%P", resume_ipa="AT%R")
    access = CardAccess(engine, habits)
    link = AtCsimLink(engine, access=access)
    link.transmit(ECHO)
    link.transmit(ECHO)
    access.leave()
    access.leave()
    assert [line for line in modem.received if "CSIM" not in line] == ["AT%P", "AT+CFUN=4", "AT+CFUN=1", "AT%R"]
    assert access.not_paused == ""


def test_an_ipa_that_cannot_be_paused_is_told(engine: AtEngine, modem: PtyModem) -> None:
    assert CardAccess(engine).not_paused == "no command is known that pauses it"
    modem.script["AT%P"] = b"\r\n+CME ERROR: 4\r\n"
    access = CardAccess(engine, Habits(pause_ipa="AT%P"))
    AtCsimLink(engine, access=access).transmit(ECHO)
    assert access.not_paused == "it could not be paused: AT%P answered +CME ERROR: 4"
