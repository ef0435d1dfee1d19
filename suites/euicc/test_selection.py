"""What a card shows before any ES10 function: its ATR, the ISD-R, and that it waits to be told which terminal it is in.

SGP.32 v1.2 §5.9, SGP.22 §5.7.1, ETSI TS 102 221 §11.1.17 and §11.1.19.
"""

from __future__ import annotations

from harness.codec import decode, tlv
from harness.codec.atr import parse_atr
from harness.conformance.case import State, case
from harness.conformance.euicc import EuiccUnderTest
from harness.conformance.raw import ISD_R, close_channel, exchange, open_channel, select
from harness.conformance.steps import CaseSteps

WITHOUT_EUICC_SUPPORT = bytes.fromhex("80AA000007A9058100820101")
SELECTED = (0x9000,)


@case(
    "EU-001",
    clause="ISO/IEC 7816-3 §8.2",
    area="euicc",
    links=("memory", "pcsc"),
    catches="sends-wrong-atr-check-octet",
)
def test_atr(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """The ATR is well formed, its check octet stands where it is due and fits, and T=0 or T=1 is offered."""
    with step("cold reset", expect="an ATR per ISO/IEC 7816-3 that offers T=0 or T=1") as seen:
        octets = euicc.reset()
        seen.observed(octets)
        assert octets
        assert set(parse_atr(octets).protocols) & {0, 1}


@case(
    "EU-002",
    clause="SGP.32 v1.2 §5.9, SGP.22 §5.7.1",
    area="euicc",
    links=("memory", "pcsc", "at-csim"),
    catches="omits-iot-template",
)
def test_select_isdr(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """The ISD-R is selected by its AID on a logical channel and shows the SGP.22 and the IoT template."""
    with step("open a logical channel", precondition=True):
        channel = open_channel(euicc)
    with step("SELECT ISD-R by AID", expect="6F with 84 = AID, E0 (SGP.22 2.x or later) and E1") as seen:
        answer = select(euicc, channel)
        seen.observed(answer.data)
        assert answer.sw in SELECTED
        fci = tlv.parse(answer.data)
        assert fci.tag == 0x6F
        assert fci.get(0x84).value == ISD_R
        assert decode("ISDRProprietaryApplicationTemplate", fci.get(0xE0).raw)["svn"][0] >= 2
        assert fci.find(0xE1) is not None
    close_channel(euicc, channel)


@case(
    "EU-003",
    clause="SGP.32 v1.2 §5.9 (ISDRProprietaryApplicationTemplateIoT)",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    links=("memory", "pcsc", "at-csim"),
    catches="never-shows-enabled-profile",
)
def test_iot_template_tells_the_truth(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """The bit enabledProfile of the IoT template is set exactly when GetProfilesInfo shows an enabled profile."""
    with step("read the profiles", expect="one is enabled", precondition=True):
        is_enabled = euicc.enabled_profile is not None
        channel = open_channel(euicc)
    with step("SELECT ISD-R", expect="euiccConfiguration says the same") as seen:
        template = tlv.parse(select(euicc, channel).data).get(0xE1).raw
        octets, count = decode("ISDRProprietaryApplicationTemplateIoT", template)["euiccConfiguration"]
        seen.observed(f"euiccConfiguration {octets.hex()} of {count} bits")
        assert (count > 1 and bool(octets[0] & 0x40)) == is_enabled
    close_channel(euicc, channel)


@case(
    "EU-004",
    clause="SGP.22 §5.7.1",
    area="euicc",
    links=("memory", "pcsc", "at-csim"),
    catches="selects-isdr-by-wrong-aid",
)
def test_select_wrong_aid(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """An AID that differs from the ISD-R's in one octet selects nothing."""
    with step("open a logical channel", precondition=True):
        channel = open_channel(euicc)
    for position in (4, len(ISD_R) - 1):
        aid = bytearray(ISD_R)
        aid[position] ^= 0x01
        with step(f"SELECT with octet {position + 1} changed", expect="6A82") as seen:
            answer = select(euicc, channel, bytes(aid))
            seen.observed(f"{answer.sw:04X}")
            assert answer.sw == 0x6A82
    close_channel(euicc, channel)


@case(
    "EU-005",
    clause="SGP.32 v1.2, ETSI TS 102 221 §11.1.19",
    confidence="likely",
    area="euicc",
    links=("memory", "pcsc"),
    catches="serves-es10-without-terminal-capability",
)
def test_terminal_capability_comes_first(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """ES10 is refused in a terminal that declares no eUICC support, and works in one that declares it."""
    with step("reset into a terminal without 83 and 84", precondition=True):
        euicc.terminal.reset(capability=WITHOUT_EUICC_SUPPORT)
        channel = open_channel(euicc)
        select(euicc, channel)
    with step("GetEID", expect="refused, no EID") as seen:
        answer = exchange(euicc, bytes([0x80 | channel]) + bytes.fromhex("E2910006BF3E035C015A"))
        seen.observed(f"{answer.data.hex().upper()} {answer.sw:04X}")
        assert answer.sw != 0x9000
        assert not answer.data
    with step("reset into a terminal that declares 83 and 84, GetEID", expect="the EID", confidence="certain"):
        euicc.reset()
        assert len(euicc.get_eid()) == 16
