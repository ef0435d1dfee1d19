"""The module at its serial port. ITU-T V.250, 3GPP TS 27.007."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.es10.ports import ISD_R

GET_EID = "81E2910006BF3E035C015A"
IDENTITY = ("ATI", "AT+CGMI", "AT+CGMM", "AT+CGMR", "AT+CGSN")


@case(
    "MO-001",
    clause="ITU-T V.250, 3GPP TS 27.007 §5",
    area="module",
    catches=("names-no-revision", "refuses-to-name-its-model"),
)
def test_identity(module: ModuleUnderTest, step: CaseSteps) -> None:
    """The module answers AT and ATE0 and tells manufacturer, model, revision and IMEI within a second each."""
    for command in ("AT", "ATE0"):
        with step(command, expect="OK within 1 s"):
            assert module.at(command, deadline=1.0).ok
    for command in IDENTITY:
        with step(command, expect="at least one line, then OK, within 1 s") as seen:
            answer = module.at(command, deadline=1.0)
            seen.observed(" / ".join(answer.lines))
            assert answer.ok
            assert any(line.strip() for line in answer.lines)


@case(
    "MO-003",
    clause="3GPP TS 27.007 §10.1",
    area="module",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    catches="cuts-answers-with-announcements",
)
def test_unsolicited_codes(module: ModuleUnderTest, step: CaseSteps) -> None:
    """Unsolicited codes come between answers and never inside one."""
    with step("ask for registration codes", expect="OK", precondition=True):
        assert module.at("AT+CEREG=1").ok
    with step("detach and attach while asking for the IMEI", expect="15 digits each time, nothing else") as seen:
        answers = []
        for command in ("AT+CFUN=4", "AT+CFUN=1"):
            assert module.at(command).ok
            answers += [module.at("AT+CGSN").lines for _ in range(5)]
        seen.observed(answers)
        assert all(len(lines) == 1 and lines[0].isdecimal() and len(lines[0]) == 15 for lines in answers)
    with step("look at the codes that came", expect="at least one +CEREG") as seen:
        urc = module.wait_for_urc(lambda line: line.startswith("+CEREG:"))
        seen.observed(urc.text)
        assert urc.text.startswith("+CEREG:")


@case(
    "MO-004",
    clause="3GPP TS 27.007 §8.17 (+CSIM)",
    area="module",
    catches=("drops-apdu-data", "counts-octets-for-characters"),
)
def test_csim(module: ModuleUnderTest, step: CaseSteps) -> None:
    """+CSIM carries MANAGE CHANNEL, SELECT and STORE DATA, and GET RESPONSE where the answer is 61xx."""
    with step("MANAGE CHANNEL open over +CSIM", expect="a channel number and 9000") as seen:
        opened = module.csim("0070000001")
        seen.observed(opened)
        assert opened[-2:] == bytes.fromhex("9000")
        channel = opened[0]
    with step("SELECT ISD-R over +CSIM", expect="61xx or 9000") as seen:
        selected = module.csim(f"{channel:02X}A4040010{ISD_R.hex().upper()}00")
        seen.observed(selected)
        assert selected[-2] in (0x61, 0x90)
        if selected[-2] == 0x61:
            assert module.csim(f"{channel:02X}C00000{selected[-1]:02X}")[-2:] == bytes.fromhex("9000")
    with step("GetEID over +CSIM", expect="BF3E with an EID of 16 octets") as seen:
        answer = module.csim(f"8{channel:X}{GET_EID[2:]}")
        if answer[-2] == 0x61:
            answer = answer[:-2] + module.csim(f"8{channel:X}C00000{answer[-1]:02X}")
        seen.observed(answer)
        assert answer[-2:] == bytes.fromhex("9000")
        assert len(tlv.parse(answer[:-2]).get(0x5A).value) == 16
    with step("MANAGE CHANNEL close over +CSIM", expect="9000"):
        assert module.csim(f"007080{channel:02X}")[-2:] == bytes.fromhex("9000")


@case(
    "MO-006",
    clause="3GPP TS 27.007 §8.43, §8.45, §8.46 (+CGLA, +CCHO, +CCHC)",
    area="module",
    needs=State(eims=1),
    catches=("closes-sessions-in-name-only", "miscounts-sessions"),
)
def test_logical_channel_commands(module: ModuleUnderTest, step: CaseSteps) -> None:
    """+CCHO opens the ISD-R, +CGLA carries APDUs on it, +CCHC closes it, and a second +CCHC is an error."""
    with step("+CCHO with the ISD-R's AID", expect="a session id") as seen:
        opened = module.at(f'AT+CCHO="{ISD_R.hex().upper()}"')
        seen.observed(" / ".join(opened.lines))
        assert opened.ok
        session = int(opened.lines[0].removeprefix("+CCHO:"))
    with step("+CGLA with GetEID", expect="BF3E with an EID of 16 octets") as seen:
        answer = module.cgla(session, GET_EID)
        if answer[-2] == 0x61:
            answer = answer[:-2] + module.cgla(session, f"81C00000{answer[-1]:02X}")
        seen.observed(answer)
        assert answer[-2:] == bytes.fromhex("9000")
        assert len(tlv.parse(answer[:-2]).get(0x5A).value) == 16
    with step("+CCHC", expect="OK"):
        assert module.at(f"AT+CCHC={session}").ok
    with step("+CCHC again", expect="an error, no hang") as seen:
        again = module.at(f"AT+CCHC={session}")
        seen.observed(again.final)
        assert not again.ok
