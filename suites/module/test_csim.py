"""APDUs as they are, over +CSIM. 3GPP TS 27.007 §8.17. A module need not have it."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import case
from harness.conformance.devices.module import MORE_DATA, ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.errors import Unsupported
from harness.links.apdu import class_byte, status_word
from harness.links.at_grammar import AtRefused
from harness.roles.es10.ports import ISD_R
from harness.roles.es10.status import CONDITIONS_NOT_SATISFIED, OK

GET_EID = "E2910006BF3E035C015A"
STATUS = "80F2000C00"
NO_APDUS = {
    "more characters announced than there are": f'AT+CSIM=12,"{STATUS}"',
    "fewer characters announced than there are": f'AT+CSIM=8,"{STATUS}"',
    "an odd number of digits": 'AT+CSIM=9,"80F2000C0"',
    "no hexadecimal digits": 'AT+CSIM=10,"80F2000CXX"',
    "no length": f'AT+CSIM="{STATUS}"',
    "no APDU": "AT+CSIM=10",
    "an APDU of two octets": 'AT+CSIM=4,"80F2"',
}


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
        assert status_word(opened) == OK
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
        assert status_word(selected) == OK
    with step("GetEID over +CSIM", expect="a response with a status word") as seen:
        answer = module.csim(f"{proprietary:02X}{GET_EID}")
        if answer[-2] == MORE_DATA:
            answer = answer[:-2] + module.csim(f"{proprietary:02X}C00000{answer[-1]:02X}")
        seen.observed(answer)
        assert len(answer) >= 2
    with step("ES10 is served in this terminal", expect="not 6985", precondition=True):
        assert status_word(answer) != CONDITIONS_NOT_SATISFIED, "the module may not declare an IPAd to its card"
    with step("look at the answer", expect="BF3E with an EID of 16 octets"):
        assert status_word(answer) == OK
        assert len(tlv.parse(answer[:-2]).get(0x5A).value) == 16
    with step("MANAGE CHANNEL close over +CSIM", expect="9000"):
        assert status_word(module.csim(f"007080{channel:02X}")) == OK


@case(
    "MO-005",
    clause="3GPP TS 27.007 §8.17 (+CSIM)",
    confidence="likely",
    area="module",
    catches="takes-apdus-of-any-length",
)
def test_wrong_lengths(module: ModuleUnderTest, step: CaseSteps) -> None:
    """+CSIM with a length that does not match its APDU, or with what is no APDU, is refused, and nothing hangs."""
    with step("the module has +CSIM: STATUS", precondition=True):
        module.take_card()
        module.optional(f'AT+CSIM=10,"{STATUS}"')
    for what, command in NO_APDUS.items():
        with step(f"{command}: {what}", expect="an error", confidence="likely") as seen:
            answer = module.at(command)
            seen.observed(" / ".join((*answer.lines, answer.final)))
            assert not answer.ok
    with step("STATUS once more", expect="OK", confidence="certain"):
        assert module.at(f'AT+CSIM=10,"{STATUS}"').ok
