"""How ES10 requests and answers are cut into APDUs. SGP.22 §5.7.2, ISO/IEC 7816-4."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.euicc import EuiccUnderTest
from harness.conformance.raw import close_channel, open_channel, select, store_data
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info
from harness.roles.es10 import Es10

GET_CERTS = bytes.fromhex("BF5600")
GET_EID = bytes.fromhex("BF3E035C015A")
COMMANDS = 20


@case(
    "EU-098",
    clause="SGP.22 §5.7.2",
    area="euicc",
    needs=State(eims=1),
    catches="executes-each-block-of-a-chain",
)
def test_chained_command_runs_once(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A request cut into blocks is executed once and whole, whatever the block size."""
    for size in (255, 64):
        package = eim.package(*[list_profile_info(tags=[0x5A])] * COMMANDS)
        with step(f"a package of {len(package)} octets in blocks of {size}", expect=f"{COMMANDS} results") as seen:
            answer = Es10(euicc.port, block_size=size).load_package(package)
            seen.observed(f"{len(answer.results)} results")
            assert len(answer.results) == COMMANDS
        with step("retrieve the stored results", expect="this one once"):
            kept = euicc.retrieve_notifications(results=True).results
            assert [entry.transaction_id for entry in kept].count(answer.transaction_id) == 1


@case(
    "EU-099",
    clause="SGP.22 §5.7.2",
    area="euicc",
    links=("memory", "pcsc", "at-csim"),
    catches="accepts-blocks-out-of-order",
)
def test_block_numbers(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """A gap or a repeat in the block numbers is an error, and the next good request works."""
    with step("open a channel to the ISD-R", precondition=True):
        channel = open_channel(euicc)
        assert select(euicc, channel).sw == 0x9000
    halves = GET_EID[:3], GET_EID[3:]
    for name, numbers in (("a gap (0, 2)", (0, 2)), ("a repeat (0, 0)", (0, 0)), ("a late start (1, 2)", (1, 2))):
        with step(f"GetEID in two blocks with {name}", expect="an error status, no EID") as seen:
            first = store_data(euicc, channel, halves[0], number=numbers[0], last=False)
            answer = first if first.sw != 0x9000 else store_data(euicc, channel, halves[1], number=numbers[1])
            seen.observed(f"{answer.sw:04X}")
            assert answer.sw >> 8 in (0x69, 0x6A, 0x64, 0x65, 0x67)
            assert not answer.data
        with step("GetEID in one block", expect="the EID"):
            whole = store_data(euicc, channel, GET_EID)
            assert whole.sw == 0x9000
            assert tlv.parse(whole.data).get(0x5A).value == euicc.eid
    close_channel(euicc, channel)


@case(
    "EU-100",
    clause="ISO/IEC 7816-4 §5.3.4",
    area="euicc",
    links=("memory", "pcsc", "at-csim"),
    catches="cuts-long-answers-short",
)
def test_long_answer(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """An answer above 255 octets comes whole by 61xx and GET RESPONSE: what its length field says."""
    with step("open a channel to the ISD-R", precondition=True):
        channel = open_channel(euicc)
        assert select(euicc, channel).sw == 0x9000
    with step("GetCerts", expect="more than 255 octets in several parts, as long as BF56 says") as seen:
        answer = store_data(euicc, channel, GET_CERTS)
        seen.observed(f"{len(answer.data)} octets in parts of {answer.parts}")
        assert answer.sw == 0x9000
        assert len(answer.data) > 255
        assert all(part <= 256 for part in answer.parts)
        assert len(tlv.parse(answer.data).raw) == len(answer.data)
    close_channel(euicc, channel)
