"""ES10 on two logical channels at once. ETSI TS 102 221 §8.7, SGP.22 §5.7.2."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.raw import RawAnswer, open_channel, open_isdr
from harness.conformance.steps import CaseSteps
from harness.errors import Unsupported

GET_EID = bytes.fromhex("BF3E035C015A")
HALVES = GET_EID[:3], GET_EID[3:]
OPEN = bytes.fromhex("0070000001")
CLOSE = bytes.fromhex("007080")


def eid_in(answer: RawAnswer) -> bytes:
    """The EID in an answer to GetEID; empty where it was refused."""
    return tlv.parse(answer.data).get(0x5A).value if answer.is_success and answer.data else b""


def free_channels(euicc: EuiccUnderTest, most: int) -> int:
    """How many logical channels the card opens beside the basic one and those that are open; at most so many."""
    opened = [number for _ in range(most) if len(number := euicc.transmit(OPEN)[:-2]) == 1]
    for number in opened:
        euicc.transmit(CLOSE + number)
    return len(opened)


@case(
    "EU-101",
    clause="ETSI TS 102 221 §8.7, SGP.22 §5.7.2",
    area="euicc",
    links=("memory", "pcsc", "at-csim"),
    catches="shares-one-chain-between-channels",
)
def test_two_channels(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """A chain on one channel cannot be ended on another: the second is refused, or each has its own."""
    with step("GetEID; then see that two logical channels can be open", precondition=True):
        eid = euicc.eid
        euicc.close()
        if free_channels(euicc, 2) < 2:
            raise Unsupported("the card does not open two logical channels beside the basic one")
    with step("half of a GetEID on one channel", precondition=True):
        first = open_isdr(euicc)
        assert first.store_data(HALVES[0], last=False).is_success
    with step("open a second channel", precondition=True):
        second = open_channel(euicc)
    with step("select the ISD-R on it", expect="selected, or an error status and no data") as seen:
        selected = second.select()
        seen.observed(f"{selected.data.hex().upper()} {selected.sw:04X}")
        assert selected.is_success or not selected.data
    if selected.is_success:
        with step("the other half there", expect="no data") as seen:
            answer = second.store_data(HALVES[1], number=1)
            seen.observed(f"{answer.data.hex().upper()} {answer.sw:04X}")
            assert not answer.data
        with step("look at the status word", expect="an error status", confidence="likely"):
            assert not answer.is_success
    with step("the other half on the first channel", expect="the EID, or an error status") as seen:
        answer = first.store_data(HALVES[1], number=1)
        seen.observed(f"{answer.data.hex().upper()} {answer.sw:04X}")
        assert eid_in(answer) in (eid, b"")
    with step("GetEID in one block on each channel that was selected", expect="the EID"):
        for channel in (first, second) if selected.is_success else (first,):
            assert eid_in(channel.store_data(GET_EID)) == eid
    second.close()
    first.close()
