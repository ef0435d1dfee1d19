"""What a card shows before any ES10 function: its ATR, the ISD-R, and that it waits to be told which terminal it is in.

SGP.32 v1.2 §5.9, SGP.22 §5.7.1, ETSI TS 102 221 §11.1.19.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import decode, tlv
from harness.codec.asn1 import has_bit
from harness.codec.atr import parse_atr
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.raw import open_channel, store_data_block
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import disable
from harness.roles.es10.ports import ISD_R

WITHOUT_EUICC_SUPPORT = bytes.fromhex("80AA000007A9058100820101")
GET_EID = bytes.fromhex("BF3E035C015A")
FILE_NOT_FOUND = 0x6A82
IPAE_SUPPORTED, ENABLED_PROFILE = 0, 1


@case(
    "EU-001",
    clause="ISO/IEC 7816-3",
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
    requires=("since-1.2",),
    catches="omits-iot-template",
)
def test_select_isdr(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """The ISD-R is selected by its AID on a logical channel and shows the SGP.22 and the IoT template."""
    with step("open a logical channel", precondition=True):
        channel = open_channel(euicc)
    with step("SELECT ISD-R by AID", expect="6F with 84 = AID, E0 (SGP.22 2.x or later) and E1") as seen:
        answer = channel.select()
        seen.observed(answer.data)
        assert answer.is_success
        fci = tlv.parse(answer.data)
        assert fci.tag == 0x6F
        assert fci.get(0x84).value == ISD_R
        assert decode("ISDRProprietaryApplicationTemplate", fci.get(0xE0).raw)["svn"][0] >= 2
        assert fci.find(0xE1) is not None
    channel.close()


def configuration_bits(euicc: EuiccUnderTest) -> dict[int, bool]:
    """The bits of euiccConfiguration as SELECT ISD-R shows them now."""
    channel = open_channel(euicc)
    template = tlv.parse(channel.select().data).get(0xE1).raw
    channel.close()
    value = decode("ISDRProprietaryApplicationTemplateIoT", template)["euiccConfiguration"]
    return {bit: has_bit(value, bit) for bit in (IPAE_SUPPORTED, ENABLED_PROFILE)}


@case(
    "EU-003",
    clause="SGP.32 v1.2 §5.9 (ISDRProprietaryApplicationTemplateIoT)",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    links=("memory", "pcsc", "at-csim"),
    effects=("strands-device",),
    requires=("since-1.2",),
    catches=("never-shows-enabled-profile", "always-shows-enabled-profile"),
)
def test_iot_template_tells_the_truth(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """The bit enabledProfile of the IoT template is set exactly when GetProfilesInfo shows an enabled profile."""
    with step("read the profiles", expect="one is enabled", precondition=True):
        assert euicc.enabled_profile is not None
    with step("SELECT ISD-R", expect="enabledProfile is set") as seen:
        bits = configuration_bits(euicc)
        seen.observed(f"ipaeSupported {bits[IPAE_SUPPORTED]}, enabledProfile {bits[ENABLED_PROFILE]}")
        assert bits[ENABLED_PROFILE]
    with step("disable the profile", expect="none is enabled", precondition=True):
        assert euicc.load_package(eim.package(disable(profiles["operational-a"].iccid))).is_result
        assert euicc.enabled_profile is None
    with step("SELECT ISD-R again", expect="enabledProfile is not set") as seen:
        bits = configuration_bits(euicc)
        seen.observed(f"ipaeSupported {bits[IPAE_SUPPORTED]}, enabledProfile {bits[ENABLED_PROFILE]}")
        assert not bits[ENABLED_PROFILE]


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
        with step(f"SELECT with octet {position + 1} changed", expect="an error status, nothing selected") as seen:
            answer = channel.select(bytes(aid))
            seen.observed(f"{answer.data.hex().upper()} {answer.sw:04X}")
            assert not answer.is_success
            assert not answer.data
        with step("look at the status word", expect="6A82", confidence="likely") as seen:
            seen.observed(f"{answer.sw:04X}")
            assert answer.sw == FILE_NOT_FOUND
    channel.close()


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
        channel.select()
    with step("GetEID", expect="refused, no EID", confidence="likely") as seen:
        answer = channel.exchange(store_data_block(GET_EID))
        seen.observed(f"{answer.data.hex().upper()} {answer.sw:04X}")
        assert not answer.is_success
        assert not answer.data
    with step("reset into a terminal that declares 83 and 84, GetEID", expect="the EID", confidence="certain"):
        euicc.reset()
        assert len(euicc.get_eid()) == 16
