"""Sessions to applications of the card: +CCHO, +CGLA, +CCHC. 3GPP TS 27.007 §8.43, §8.45, §8.46.

A module need not have them.
"""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.module import ModuleUnderTest, session_of
from harness.conformance.steps import CaseSteps
from harness.links.apdu import status_word
from harness.links.at_grammar import AtRefused
from harness.roles.es10.ports import ISD_R
from harness.roles.es10.status import CONDITIONS_NOT_SATISFIED, OK

OPEN = f'AT+CCHO="{ISD_R.hex().upper()}"'
GET_EID = "80E2910006BF3E035C015A"
GET_CERTS = "80E2910003BF5600"
MOST_CHANNELS = 19
SHORT, LONGEST_BLOCK = 16, 255
HEADER = 5
"""Octets of an APDU before its data."""
READINGS = 5


@case(
    "MO-006",
    clause="3GPP TS 27.007 §8.43 (+CGLA), §8.45 (+CCHO), §8.46 (+CCHC)",
    area="module",
    needs=State(eims=1),
    catches=("closes-sessions-in-name-only", "miscounts-sessions"),
)
def test_session(module: ModuleUnderTest, step: CaseSteps) -> None:
    """+CCHO opens the ISD-R, +CGLA carries APDUs on it, +CCHC closes it, and a second +CCHC is an error."""
    with step("the module has +CCHO", precondition=True):
        module.take_card()
        opened = module.optional(OPEN)
    with step("look at its answer", expect="a session id") as seen:
        seen.observed(" / ".join(opened.lines))
        session = session_of(opened)
        assert session
    with step("+CGLA with GetEID", expect="a response with a status word") as seen:
        answer = module.exchange(session, GET_EID)
        seen.observed(answer)
        assert len(answer) >= 2
    with step("ES10 is served in this terminal", expect="not 6985", precondition=True):
        assert status_word(answer) != CONDITIONS_NOT_SATISFIED, "the module may not declare an IPAd to its card"
    with step("look at the answer", expect="BF3E with an EID of 16 octets"):
        assert status_word(answer) == OK
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


@case(
    "MO-007",
    clause="3GPP TS 27.007 §8.45 (+CCHO), §8.46 (+CCHC)",
    area="module",
    catches=("opens-nothing-and-says-ok", "wedges-when-channels-run-out"),
)
def test_channels_run_out(module: ModuleUnderTest, step: CaseSteps) -> None:
    """When no channel is left +CCHO is refused; all that are open can be closed, and the next one opens."""
    with step("the module has +CCHO", precondition=True):
        module.take_card()
        sessions = [module.open_isd_r()]
    with step("+CCHO until it is refused", expect="a session id each time, then an error") as seen:
        answer = module.at(OPEN)
        while answer.ok and len(sessions) <= MOST_CHANNELS:
            sessions.append(session_of(answer))
            answer = module.at(OPEN)
        seen.observed(f"{len(sessions)} open, then {answer.final}")
        assert not answer.ok
        assert len(set(sessions)) == len(sessions)
    with step("+CCHC for each", expect="OK") as seen:
        closed = [module.at(f"AT+CCHC={session}") for session in sessions]
        seen.observed(" ".join(answer.final for answer in closed))
        if not any(answer.ok for answer in closed):
            module.reset_sim()
            module.optional("AT+CCHC=?")
        assert all(answer.ok for answer in closed)
    with step("+CCHO", expect="a session id") as seen:
        again = module.at(OPEN)
        seen.observed(" / ".join((*again.lines, again.final)))
        assert again.ok
        module.at(f"AT+CCHC={session_of(again)}")


@case(
    "MO-008",
    clause="3GPP TS 27.007 §8.43 (+CGLA)",
    confidence="likely",
    area="module",
    catches="cuts-long-apdus",
)
def test_longest_apdu(module: ModuleUnderTest, step: CaseSteps) -> None:
    """An APDU is passed on whole or refused: the longest one that gets through is found and reported (IXIT)."""
    with step(f"the module has +CCHO: first block of a chain, {SHORT} octets", precondition=True) as seen:
        module.take_card()
        expected = first_block(module, SHORT)
        seen.observed("refused" if expected is None else f"{expected:04X}")
        assert expected is not None
    with step("longer ones, until one is refused", expect="the same status word, or an error of the module") as seen:
        passed, refused, size = SHORT, LONGEST_BLOCK + 1, LONGEST_BLOCK
        while refused - passed > 1:
            status = first_block(module, size)
            assert status in (expected, None), f"{size} octets of data: {status:04X}"
            passed, refused = (passed, size) if status is None else (size, refused)
            size = (passed + refused) // 2
        seen.observed(f"the longest APDU of the module has {HEADER + passed} octets, {passed} of data")
    with step("one of extended length", expect="a status word of the card, or an error", confidence="unsure") as seen:
        session = module.open_isd_r()
        answer = module.at(extended(session))
        seen.observed(" / ".join((*answer.lines, answer.final)))
        module.at(f"AT+CCHC={session}")


def first_block(module: ModuleUnderTest, size: int) -> int | None:
    """The status word for the first block of a STORE DATA chain with so many octets; None where the module refuses it."""
    session = module.open_isd_r()
    try:
        return status_word(module.cgla(session, f"80E21100{size:02X}" + "BF3E" + "00" * (size - 2)))
    except AtRefused:
        return None
    finally:
        module.at(f"AT+CCHC={session}")


def extended(session: str) -> str:
    """The same block with 256 octets, which needs an extended length."""
    apdu = "80E21100" + "000100" + "BF3E" + "00" * 254
    return f'AT+CGLA={session},{len(apdu)},"{apdu}"'


@case(
    "MO-023",
    clause="3GPP TS 27.007 §8.43 (+CGLA)",
    area="module",
    catches="loses-characters-of-long-lines",
)
def test_long_answers_arrive_whole(module: ModuleUnderTest, step: CaseSteps) -> None:
    """The longest answers of the card arrive over the serial line without a character lost, time after time.

    The line is used as the lab file has it: other speeds, flow control and multiplexing are slots of their own.
    """
    with step("the module has +CCHO", precondition=True):
        module.take_card()
        session = module.open_isd_r()
    with step("ES10 is served in this terminal: GetEID", expect="9000", precondition=True):
        assert status_word(module.exchange(session, GET_EID)) == OK
    with step(f"GetCerts, {READINGS} times", expect="the same certificates, whole") as seen:
        answers = [module.exchange(session, GET_CERTS) for _ in range(READINGS)]
        seen.observed(f"{len(answers[0])} octets")
        assert status_word(answers[0]) == OK
        assert tlv.parse(answers[0][:-2]).tag == 0xBF56
        assert set(answers) == {answers[0]}
    module.at(f"AT+CCHC={session}")
