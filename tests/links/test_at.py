"""The AT engine against a scripted peer on a pty."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.errors import DeviceSilent, LabFault, MalformedAnswer
from harness.links.at import AtEngine
from harness.links.at_grammar import AtRefused, Kind, line_kind
from harness.links.events import Direction, Exchange
from tests.links.pty_modem import Answer, PtyModem

Start = Callable[..., tuple[PtyModem, AtEngine]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    engines: list[AtEngine] = []
    modems: list[PtyModem] = []

    def begin(script: dict[str, Answer] | None = None, *, echo: bool = False) -> tuple[PtyModem, AtEngine]:
        modems.append(PtyModem(tmp_path / "modem", script, echo=echo))
        engines.append(AtEngine(modems[0].path, reopen_within=10))
        return modems[0], engines[0]

    yield begin
    for engine in engines:
        engine.close()
    for modem in modems:
        if modem._thread.is_alive():
            modem.unplug()


@pytest.mark.parametrize("echo", [False, True])
def test_lines_and_final_result_with_echo_on_and_off(start: Start, echo: bool) -> None:
    _, engine = start({"ATI": b"\r\nACME\r\nM1\r\n\r\nOK\r\n"}, echo=echo)
    answer = engine.command("ATI")
    assert (answer.lines, answer.final, answer.ok, answer.error) == (("ACME", "M1"), "OK", True, None)


@pytest.mark.parametrize(
    ("final", "error"),
    [
        ("ERROR", ""),
        ("+CME ERROR: 100", 100),
        ("+CME ERROR: SIM not inserted", "SIM not inserted"),
        ("+CMS ERROR: 500", 500),
        ("NO CARRIER", ""),
    ],
)
def test_errors_of_all_forms(start: Start, final: str, error: int | str) -> None:
    _, engine = start({"AT+CPIN?": f"\r\n{final}\r\n".encode()})
    answer = engine.command("AT+CPIN?")
    assert (answer.ok, answer.error) == (False, error)
    with pytest.raises(AtRefused, match=r"AT\+CPIN\? answered"):
        answer.checked()


def test_unsolicited_lines_within_an_answer_are_kept_apart(start: Start) -> None:
    wire = b'\r\n+CREG: 5\r\n\r\nRDY\r\n\r\n+CSIM: 4,"9000"\r\n\r\n^SIMST: 1\r\n\r\nOK\r\n\r\n+CEREG: 1,"00A1"\r\n'
    _, engine = start({"AT+CSIM": wire})
    assert engine.command('AT+CSIM=10,"0070000001"').lines == ('+CSIM: 4,"9000"',)
    expected = ["+CREG: 5", "RDY", "^SIMST: 1", '+CEREG: 1,"00A1"']
    engine.wait_for(lambda line: line == expected[-1], deadline=10)
    assert [line.text for line in engine.unsolicited] == expected


def test_a_registration_report_is_not_the_answer_to_its_query(start: Start) -> None:
    wire = b'\r\n+CREG: 2\r\n\r\n+CREG: 0,1\r\n\r\n+CREG: 1,"00","01",7\r\n\r\nOK\r\n'
    _, engine = start({"AT+CREG?": wire})
    answer = engine.command("AT+CREG?")
    assert (answer.lines, answer.value("+CREG")) == (("+CREG: 0,1",), "0,1")
    assert [line.text for line in engine.unsolicited] == ["+CREG: 2", '+CREG: 1,"00","01",7']


@pytest.mark.parametrize(
    ("line", "command", "kind"),
    [
        ("+CREG: (0-2)", "AT+CREG=?", Kind.ANSWER),
        ("+ICCID: 89", "AT+CCID", Kind.UNSOLICITED),
        ("OK", None, Kind.UNSOLICITED),
        ("001010000000001", "AT+CIMI", Kind.ANSWER),
        ("+cgla: 4,\"9000\"", "at+cgla=1,2,\"00\"", Kind.ANSWER),
        ("+CME ERROR: 3", "AT", Kind.FINAL),
    ],
)  # fmt: skip
def test_what_a_line_is(line: str, command: str | None, kind: Kind) -> None:
    assert line_kind(line, command) is kind
    assert line_kind("+ICCID: 89", "AT+CCID", ("+ICCID",)) is Kind.ANSWER


def test_silence_is_told_within_the_deadline_and_a_late_answer_belongs_to_nobody(start: Start) -> None:
    late = threading.Event()
    modem, engine = start({"AT+CIMI": lambda _: None, "AT+CGSN": b"\r\n490154203237518\r\n\r\nOK\r\n"})

    def probe(_: str) -> bytes:
        late.set()
        return b"\r\n001010000000001\r\n\r\nOK\r\n\r\nOK\r\n"  # the late answer comes before that of the probe

    begun = time.monotonic()
    with pytest.raises(DeviceSilent):
        engine.command("AT+CIMI", deadline=0.1)
    assert time.monotonic() - begun < 2
    modem.script["AT"] = probe
    assert engine.command("AT+CGSN").lines == ("490154203237518",)
    assert late.is_set()


def test_garbage_and_a_text_prompt_are_overcome(start: Start) -> None:
    modem, engine = start({"AT+CMGS": b"\r\n> "})
    with pytest.raises(DeviceSilent):
        engine.command('AT+CMGS="1"', deadline=0.1)
    modem.send(b"\x00\xff\xfe garbage")
    engine.initialise()
    assert modem.received[-3:] == ["ATE0", "ATV1", "AT+CMEE=1"]
    assert engine.command("AT").ok


def test_a_modem_that_never_answers_is_silent(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.links.at._PROBE_DEADLINE", 0.05)
    _, engine = start({"AT": lambda _: None})
    with pytest.raises(DeviceSilent, match="does not answer AT") as fault:
        engine.initialise()
    assert "AT port" in fault.value.hint


def test_raw_octets_are_told_as_they_were(start: Start) -> None:
    told: list[Exchange] = []
    _, engine = start({"ATI": b"\r\nACME\r\n\r\nOK\r\n"}, echo=True)
    engine.observers.add(told.append)
    engine.command("ATI")
    assert b"".join(e.octets for e in told if e.direction is Direction.TO_DEVICE) == b"ATI\r"
    assert b"".join(e.octets for e in told if e.direction is Direction.FROM_DEVICE) == b"ATI\r\r\nACME\r\n\r\nOK\r\n"


def test_waiting_for_an_unsolicited_line(start: Start) -> None:
    modem, engine = start({"AT+CFUN": b"\r\nOK\r\n\r\n+CPIN: READY\r\n"})
    begun = time.monotonic_ns()
    engine.command("AT+CFUN=1")
    assert engine.wait_for(lambda line: line == "+CPIN: READY", deadline=10, since_ns=begun).at_ns >= begun
    modem.send(b"\r\n+CEREG: 5\r\n")
    assert engine.wait_for(lambda line: line.startswith("+CEREG"), deadline=10).text == "+CEREG: 5"
    with pytest.raises(DeviceSilent):
        engine.wait_for(lambda line: line == "never", deadline=0.05)


def test_a_port_that_vanishes_is_a_lab_fault_and_comes_back(start: Start) -> None:
    told: list[Exchange] = []
    modem, engine = start({"AT+CFUN": lambda _: None})
    engine.observers.add(told.append)
    cut = threading.Timer(0.1, modem.unplug)
    cut.start()
    with pytest.raises(LabFault, match="vanished"):
        engine.command("AT+CFUN=1,1", deadline=20)
    cut.join(10)
    back = threading.Timer(0.1, modem.plug_in)
    back.start()
    assert engine.command("AT").ok
    back.join(10)
    assert [e.note["event"] for e in told if "event" in e.note] == ["lost", "reopened"]


def test_waiting_outlives_a_reboot(start: Start) -> None:
    modem, engine = start()
    engine.command("AT")

    def reboot() -> None:
        modem.unplug()
        modem.plug_in()
        modem.send(b"\r\nRDY\r\n")

    reboots = threading.Timer(0.1, reboot)
    reboots.start()
    assert engine.wait_for(lambda line: line == "RDY", deadline=20).text == "RDY"
    reboots.join(10)


def test_what_a_modem_said_before_the_port_was_opened_is_kept(tmp_path: Path) -> None:
    modem = PtyModem(tmp_path / "modem")
    modem.send(b"\r\nRDY\r\n")
    engine = AtEngine(modem.path)
    assert engine.wait_for(lambda line: line == "RDY", deadline=10).text == "RDY"
    engine.close()
    modem.unplug()


def test_a_port_that_stays_away_is_a_lab_fault(tmp_path: Path) -> None:
    modem = PtyModem(tmp_path / "modem")
    engine = AtEngine(modem.path, reopen_within=0.2)
    modem.unplug()
    with pytest.raises(LabFault, match="vanished"):
        engine.command("AT")
    with pytest.raises(LabFault, match="cannot be opened"):
        engine.command("AT")


def test_no_port_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(LabFault) as fault:
        AtEngine(str(tmp_path / "nowhere"))
    assert "/dev/serial/by-id" in fault.value.hint


def test_a_port_is_opened_exclusively(start: Start) -> None:
    modem, _ = start()
    with pytest.raises(LabFault, match="exclusively lock"):
        AtEngine(modem.path)


@pytest.mark.parametrize("flood", [b"x" * 300_000, b"\r\nline of some length\r\n" * 20_000])
def test_an_answer_without_end_is_malformed(start: Start, flood: bytes) -> None:
    _, engine = start({"ATI": flood})
    with pytest.raises(MalformedAnswer, match="without end"):
        engine.command("ATI", deadline=20)


def test_a_text_goes_out_once_the_modem_asks_for_it(start: Start) -> None:
    modem, engine = start({"AT+QISEND=0,5": b"\r\n+CREG: 1\r\n\r\n> ", "HELLO": b"\r\nSEND OK\r\n"})
    modem.ends_lines_after = ("HELLO",)
    answer = engine.prompted("AT+QISEND=0,5", "HELLO", also_final=("SEND OK",))
    assert answer.ok
    assert answer.final == "SEND OK"
    assert [line.text for line in engine.unsolicited] == ["+CREG: 1"]
    assert engine.command("AT").ok


def test_a_command_that_is_refused_gets_no_text(start: Start) -> None:
    modem, engine = start({"AT+QISEND=0,5": b"\r\n+CME ERROR: 3\r\n"})
    assert engine.prompted("AT+QISEND=0,5", "HELLO").error == 3
    assert engine.command("AT").ok
    assert "HELLO" not in modem.received


def test_a_prompt_that_never_comes_is_silence(start: Start) -> None:
    _, engine = start({"AT+QISEND=0,5": None})
    with pytest.raises(DeviceSilent, match="no prompt"):
        engine.prompted("AT+QISEND=0,5", "HELLO", deadline=0.2)
    assert engine.command("AT").ok


def test_raw_octets_can_be_sent(start: Start) -> None:
    modem, engine = start()
    engine.send_raw(b"AT+BROKEN\r")
    assert engine.command("AT").ok
    assert "AT+BROKEN" in modem.received


def test_closing_gives_the_descriptor_back(start: Start) -> None:
    modem, engine = start()
    engine.close()
    engine.close()
    AtEngine(modem.path).close()
    assert os.path.exists(modem.path)
