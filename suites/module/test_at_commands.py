"""The module at its serial port. ITU-T V.250, 3GPP TS 27.007.

A module need not have +CSIM, +CCHO and their like: without them their cases do not apply.
"""

from __future__ import annotations

import re
import time

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.errors import Unsupported
from harness.links.apdu import class_byte
from harness.links.at_grammar import AtRefused
from harness.roles.es10.ports import ISD_R
from harness.roles.es10.status import CONDITIONS_NOT_SATISFIED

GET_EID = "E2910006BF3E035C015A"
IDENTITY = ("ATI", "AT+CGMI", "AT+CGMM", "AT+CGMR", "AT+CGSN")
QUICK = 1.0
"""Seconds that a command of identity may take."""
RADIO_DEADLINE = 60.0
OK, MORE_DATA = 0x9000, 0x61


def status_of(response: bytes) -> int:
    """The status word of a response APDU."""
    return int.from_bytes(response[-2:], "big")


@case(
    "MO-001",
    clause="ITU-T V.250, 3GPP TS 27.007",
    area="module",
    catches=("names-no-revision", "refuses-to-name-its-model"),
)
def test_identity(module: ModuleUnderTest, step: CaseSteps) -> None:
    """The module answers AT and ATE0 and tells manufacturer, model, revision and IMEI, within a second each."""
    slow = {}
    for command in ("AT", "ATE0", *IDENTITY):
        with step(command, expect="at least one line, then OK" if command in IDENTITY else "OK") as seen:
            began = time.monotonic()
            answer = module.at(command)
            if time.monotonic() - began > QUICK:
                slow[command] = round(time.monotonic() - began, 1)
            seen.observed(" / ".join(answer.lines))
            assert answer.ok
            assert command not in IDENTITY or any(line.strip() for line in answer.lines)
    with step("look at the times", expect=f"none above {QUICK:g} s", confidence="likely") as seen:
        seen.observed(slow or "none")
        assert not slow


@case(
    "MO-003",
    clause="3GPP TS 27.007 §10.1.22 (+CEREG)",
    area="module",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    catches="cuts-answers-with-announcements",
)
def test_unsolicited_codes(module: ModuleUnderTest, step: CaseSteps) -> None:
    """Unsolicited codes come between answers and never inside one."""
    with step("ask for registration codes", expect="OK", precondition=True):
        assert module.at("AT+CEREG=1").ok
    for command in ("AT+CFUN=4", "AT+CFUN=1"):
        with step(command, expect="OK", precondition=True):
            assert module.at(command, deadline=RADIO_DEADLINE).ok
        with step("ask for the IMEI five times", expect="15 digits on one line, each time") as seen:
            answers = [module.at("AT+CGSN").lines for _ in range(5)]
            seen.observed(answers)
            for lines in answers:
                assert len([line for line in lines if re.search(r"(?<!\d)\d{15}(?!\d)", line)]) == 1
                assert not [line for line in lines if re.search(r"\d", line) and "+CEREG" in line]
    with step("look at the codes that came", expect="at least one +CEREG", precondition=True) as seen:
        urc = module.wait_for_urc(lambda line: line.startswith("+CEREG:"))
        seen.observed(urc.text)


@case(
    "MO-004",
    clause="3GPP TS 27.007 §8.17 (+CSIM)",
    area="module",
    catches=("drops-apdu-data", "counts-octets-for-characters"),
)
def test_csim(module: ModuleUnderTest, step: CaseSteps) -> None:
    """+CSIM carries MANAGE CHANNEL, SELECT and STORE DATA, and GET RESPONSE where the answer is 61xx."""
    with step("the module has +CSIM: STATUS", precondition=True):
        module.take_card()
        module.optional('AT+CSIM=10,"80F2000C00"')
    with step("MANAGE CHANNEL open over +CSIM", expect="a channel number and 9000") as seen:
        opened = module.csim("0070000001")
        seen.observed(opened)
        assert status_of(opened) == OK
        assert len(opened) == 3
        assert 1 <= opened[0] <= 19
    channel = opened[0]
    plain, proprietary = class_byte(0x00, channel), class_byte(0x80, channel)
    with step("SELECT ISD-R over +CSIM", expect="61xx or 9000") as seen:
        try:
            selected = module.csim(f"{plain:02X}A4040010{ISD_R.hex().upper()}00")
        except AtRefused as refusal:
            raise Unsupported("+CSIM carries APDUs on the basic channel only") from refusal
        seen.observed(selected)
        if selected[-2] == MORE_DATA:
            selected = module.csim(f"{plain:02X}C00000{selected[-1]:02X}")
        assert status_of(selected) == OK
    with step("GetEID over +CSIM", expect="a response with a status word") as seen:
        answer = module.csim(f"{proprietary:02X}{GET_EID}")
        if answer[-2] == MORE_DATA:
            answer = answer[:-2] + module.csim(f"{proprietary:02X}C00000{answer[-1]:02X}")
        seen.observed(answer)
        assert len(answer) >= 2
    with step("ES10 is served in this terminal", expect="not 6985", precondition=True):
        assert status_of(answer) != CONDITIONS_NOT_SATISFIED, "the module may not declare an IPAd to its card"
    with step("look at the answer", expect="BF3E with an EID of 16 octets"):
        assert status_of(answer) == OK
        assert len(tlv.parse(answer[:-2]).get(0x5A).value) == 16
    with step("MANAGE CHANNEL close over +CSIM", expect="9000"):
        assert status_of(module.csim(f"007080{channel:02X}")) == OK


@case(
    "MO-006",
    clause="3GPP TS 27.007 §8.43 (+CGLA), §8.45 (+CCHO), +CCHC",
    area="module",
    needs=State(eims=1),
    catches=("closes-sessions-in-name-only", "miscounts-sessions"),
)
def test_logical_channel_commands(module: ModuleUnderTest, step: CaseSteps) -> None:
    """+CCHO opens the ISD-R, +CGLA carries APDUs on it, +CCHC closes it, and a second +CCHC is an error."""
    with step("the module has +CCHO", precondition=True):
        module.take_card()
        opened = module.optional(f'AT+CCHO="{ISD_R.hex().upper()}"')
    with step("look at its answer", expect="a session id") as seen:
        seen.observed(" / ".join(opened.lines))
        found = [match for line in opened.lines if (match := re.fullmatch(r"(?:\+CCHO:)?\s*(\d{1,9})\s*", line))]
        assert len(found) == 1
    session = int(found[0][1])
    with step("+CGLA with GetEID", expect="a response with a status word") as seen:
        answer = module.cgla(session, f"81{GET_EID}")
        if answer[-2] == MORE_DATA:
            answer = answer[:-2] + module.cgla(session, f"81C00000{answer[-1]:02X}")
        seen.observed(answer)
        assert len(answer) >= 2
    with step("ES10 is served in this terminal", expect="not 6985", precondition=True):
        assert status_of(answer) != CONDITIONS_NOT_SATISFIED, "the module may not declare an IPAd to its card"
    with step("look at the answer", expect="BF3E with an EID of 16 octets"):
        assert status_of(answer) == OK
        assert len(tlv.parse(answer[:-2]).get(0x5A).value) == 16
    with step("+CCHC", expect="OK") as seen:
        closed = module.at(f"AT+CCHC={session}")
        seen.observed(closed.final)
        if not closed.ok:
            module.optional("AT+CCHC=?")
        assert closed.ok
    with step("+CCHC again", expect="an error, no hang") as seen:
        again = module.at(f"AT+CCHC={session}")
        seen.observed(again.final)
        assert not again.ok
