"""How ES10 requests and answers are cut into APDUs. SGP.22 §5.7.2, ISO/IEC 7816-4."""

from __future__ import annotations

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.raw import open_isdr, store_data_block
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info
from harness.roles.es10 import Es10

GET_CERTS = bytes.fromhex("BF5600")
GET_EID = bytes.fromhex("BF3E035C015A")
COMMANDS = 60
LARGEST_PART = 256
"""Octets in one response of a command with short length fields."""
FEW = 16
MORE_DATA = 0x61


@case(
    "EU-098",
    clause="SGP.22 §5.7.2",
    area="euicc",
    needs=State(eims=1),
    catches="executes-each-block-of-a-chain",
)
def test_chained_command_runs_once(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A request cut into blocks is executed once and whole, whatever the block size.

    That it came whole shows in its signature. How many commands of it a card has room to answer is the card's to say.
    """
    for size in (255, 64):
        package = eim.package(*[list_profile_info(tags=[0x5A])] * COMMANDS)
        with step(f"a package of {len(package)} octets in blocks of {size}", expect="a signed result") as seen:
            euicc.close()
            es10 = Es10(euicc.port, block_size=size, version=euicc.dialect.schema)
            answer = es10.load_package(package)
            es10.close()
            seen.observed(f"{answer.kind}, {len(answer.results)} results")
            assert answer.is_result
            assert {name for name, _ in answer.results} <= {"listProfileInfoResult", "processingTerminated"}
        with step("retrieve the stored results", expect="this one once"):
            kept = euicc.retrieve_notifications(results=True).results
            assert [entry.transaction_id for entry in kept].count(answer.transaction_id) == 1


@case("EU-099", clause="SGP.22 §5.7.2", confidence="likely", area="euicc", catches="accepts-blocks-out-of-order")
def test_block_numbers(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """A gap or a repeat in the block numbers is an error, and the next good request works."""
    with step("open a channel to the ISD-R", precondition=True):
        channel = open_isdr(euicc)
    halves = GET_EID[:3], GET_EID[3:]
    for name, numbers in (("a gap (0, 2)", (0, 2)), ("a repeat (0, 0)", (0, 0)), ("a late start (1, 2)", (1, 2))):
        with step(f"GetEID in two blocks with {name}", expect="an error status, no EID", confidence="likely") as seen:
            answer = channel.store_data(halves[0], number=numbers[0], last=False)
            if answer.is_success:
                answer = channel.store_data(halves[1], number=numbers[1])
            seen.observed(f"{answer.data.hex().upper()} {answer.sw:04X}")
            assert not answer.is_success
            assert not answer.data
        with step("GetEID in one block", expect="the EID", confidence="certain"):
            whole = channel.store_data(GET_EID)
            assert whole.is_success
            assert len(tlv.parse(whole.data).get(0x5A).value) == 16
    channel.close()


@case("EU-100", clause="ISO/IEC 7816-4, SGP.22 §5.7.2", area="euicc", catches="cuts-long-answers-short")
def test_long_answer(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """An answer above 255 octets comes whole by 61xx and GET RESPONSE: what its length field says."""
    with step("open a channel to the ISD-R", precondition=True):
        channel = open_isdr(euicc)
    with step("GetCerts", expect="more than 255 octets, as long as BF56 says") as seen:
        answer = channel.store_data(GET_CERTS)
        seen.observed(f"{len(answer.data)} octets in parts of {answer.parts}")
        assert answer.is_success
        assert len(answer.data) > LARGEST_PART
        assert tlv.first(answer.data).raw == answer.data
    if euicc.is_terminal:
        with step("look at the parts", expect=f"none above {LARGEST_PART} octets"):
            assert all(part <= LARGEST_PART for part in answer.parts)
        first = channel.once(store_data_block(GET_CERTS))
        if first.sw >> 8 == MORE_DATA:
            with step(f"the same, {FEW} octets of it fetched first", expect="the same octets", confidence="likely"):
                part = channel.exchange(bytes([0x80, 0xC0, 0x00, 0x00, FEW]))
                assert first.data + part.data == answer.data
    channel.close()
