"""An operator updates the metadata of its enabled profile over the air: ES6.UpdateMetadata. SGP.22 §5.4.1.

The request goes to the operator's security domain as a secured packet (TS 102 225, TS 31.115) in ENVELOPEs. Only where the
harness is the terminal can it hand them to the card; behind a modem the network would have to.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import decode, named_bits
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.operator import Operator
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.ota import UNPROTECTED

TERMINAL_LINKS = ("memory", "pcsc")
ICCID, RECEIVERS, OWNER, ICON_TYPE, ICON, POLICY_RULES, SERVICE_DATA = 0x5A, 0xB6, 0xB7, 0x93, 0x94, 0x99, 0xBF22
PPR1 = 1
PNG = 1
AN_ICON = bytes.fromhex("89504E470D0A1A0A") + bytes(range(256)) * 3


def name_of(euicc: EuiccUnderTest, profile: str) -> str | None:
    """What the card calls a fixture profile now."""
    return euicc.profile(profile).name


@case(
    "EU-114",
    clause="SGP.22 §5.4.1",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    links=TERMINAL_LINKS,
    catches=("says-metadata-updated-but-does-not", "loses-receivers-at-an-update"),
)
def test_names(euicc: EuiccUnderTest, operator: Operator, step: CaseSteps) -> None:
    """The operator gives its enabled profile other names; everything else of the metadata stays, over a reset too."""
    tags = (ICCID, RECEIVERS, OWNER)
    with step("GetProfilesInfo with 5A, B6 and B7", precondition=True) as seen:
        before = [info.raw for info in euicc.get_profiles_info(tags=tags)]
        seen.observed(" ".join(raw.hex().upper() for raw in before))
    with step("ENVELOPE: UpdateMetadata with both names", expect="a proof of receipt: executed, 9000") as seen:
        receipt = operator.update("operational-a", {"serviceProviderName": "East Operator", "profileName": "Renamed"})
        seen.observed(receipt)
        assert receipt.is_taken
    with step("reset, GetProfilesInfo", expect="the new names; receivers and owner as before") as seen:
        euicc.reset()
        found = euicc.profile("operational-a")
        seen.observed(found.raw)
        assert (found.service_provider_name, found.name) == ("East Operator", "Renamed")
        assert [info.raw for info in euicc.get_profiles_info(tags=tags)] == before


@case(
    "EU-115",
    clause="ETSI TS 102 225 §5.1",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    links=TERMINAL_LINKS,
    catches="takes-packet-with-wrong-checksum",
)
def test_wrong_checksum(euicc: EuiccUnderTest, operator: Operator, step: CaseSteps) -> None:
    """A packet whose checksum was made with another key changes nothing, and the operator's next one is taken."""
    platform = operator.platform("operational-a")
    with step("UpdateMetadata by the operator: Renamed", precondition=True) as seen:
        seen.observed(operator.update("operational-a", {"profileName": "Renamed"}))
        assert name_of(euicc, "operational-a") == "Renamed"
    with step("UpdateMetadata under a wrong key for checksums", expect="still Renamed") as seen:
        forged = platform.update_metadata({"profileName": "Forged"}, keys=platform.forged())
        seen.observed(operator.deliver(forged))
        assert name_of(euicc, "operational-a") == "Renamed"
    with step("UpdateMetadata by the operator: Again", expect="Again") as seen:
        seen.observed(operator.update("operational-a", {"profileName": "Again"}))
        assert name_of(euicc, "operational-a") == "Again"


@case(
    "EU-116",
    clause="ETSI TS 102 225 §5.1.1",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    links=TERMINAL_LINKS,
    catches=("takes-replayed-packet", "never-moves-its-packet-counter"),
)
def test_replayed_packet(euicc: EuiccUnderTest, operator: Operator, step: CaseSteps) -> None:
    """A packet whose counter has to be above the last one is not executed a second time, after a reset neither."""
    platform = operator.platform("operational-a")
    first = platform.update_metadata({"profileName": "First"})
    with step("UpdateMetadata: First, then under the next counter Second", precondition=True) as seen:
        taken = operator.deliver(first)
        assert name_of(euicc, "operational-a") == "First"
        seen.observed(f"{taken}; {operator.update('operational-a', {'profileName': 'Second'})}")
        assert name_of(euicc, "operational-a") == "Second"
    for when in ("the first packet again", "reset, and the first packet again"):
        with step(when, expect="still Second") as seen:
            if "reset" in when:
                euicc.reset()
            seen.observed(operator.deliver(first))
            assert name_of(euicc, "operational-a") == "Second"


@case(
    "EU-117",
    clause="ETSI TS 102 226 §8.2.1.3.2.4",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    links=TERMINAL_LINKS,
    catches="takes-unprotected-packet",
)
def test_unprotected_packet(euicc: EuiccUnderTest, operator: Operator, step: CaseSteps) -> None:
    """A packet below the minimum security level that the profile gives its security domain changes nothing."""
    with step("UpdateMetadata by the operator: Renamed", precondition=True) as seen:
        seen.observed(operator.update("operational-a", {"profileName": "Renamed"}))
        assert name_of(euicc, "operational-a") == "Renamed"
    with step("UpdateMetadata with SPI1 00: no checksum, plain, no counter", expect="still Renamed") as seen:
        message = operator.platform("operational-a").update_metadata({"profileName": "Anybody"}, spi1=UNPROTECTED)
        seen.observed(operator.deliver(message))
        assert name_of(euicc, "operational-a") == "Renamed"


@case(
    "EU-118",
    clause="SGP.22 §5.4.1, 3GPP TS 31.115 §4",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    links=TERMINAL_LINKS,
    catches=("takes-each-part-for-a-packet", "keeps-the-icon-at-an-update"),
)
def test_icon(
    euicc: EuiccUnderTest, operator: Operator, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """An icon, which takes several short messages, is the profile's icon when the last of them is there."""
    message = operator.platform("operational-a").update_metadata({"iconType": PNG, "icon": AN_ICON})
    with step(f"{len(message.envelopes)} ENVELOPEs: UpdateMetadata with an icon", expect="executed, 9000") as seen:
        receipt = operator.deliver(message)
        seen.observed(receipt)
        assert receipt.is_taken
    with step("GetProfilesInfo with 5A, 93 and 94", expect="the icon, octet by octet") as seen:
        info = euicc.shown(profiles["operational-a"].iccid, (ICCID, ICON_TYPE, ICON))
        seen.observed(info.raw)
        assert (info.icon_type, info.icon) == (PNG, AN_ICON)


@case(
    "EU-135",
    clause="SGP.22 §5.4.1",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",), enabled="operational-a"),
    links=TERMINAL_LINKS,
    catches="drops-service-data-at-an-update",
)
def test_service_specific_data(
    euicc: EuiccUnderTest, operator: Operator, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Data of a vendor come to a profile that had none, as they were sent."""
    data = [{"vendorOid": "2.999.20", "vendorSpecificData": b"\x04\x03new"}]
    with step("UpdateMetadata, GetProfilesInfo with 5A and BF22", expect="BF22 as sent") as seen:
        receipt = operator.update("operational-a", {"serviceSpecificDataStoredInEuicc": data})
        info = euicc.shown(profiles["operational-a"].iccid, (ICCID, SERVICE_DATA))
        seen.observed(f"{receipt}; {info.raw.hex().upper()}")
        assert decode("ProfileInfo", info.raw).get("serviceSpecificDataStoredInEuicc") == data


@case(
    "EU-119",
    clause="SGP.22 §5.4.1",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-kept",), enabled="operational-kept"),
    requires=("ppr",),
    links=TERMINAL_LINKS,
    catches=("keeps-lifted-policy-rules", "sets-policy-rules-over-the-air"),
)
def test_policy_rules(
    euicc: EuiccUnderTest, operator: Operator, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """The operator lifts policy rules and cannot set any: what is stored and what is sent are combined bit by bit."""
    for sent, title in (([PPR1], "PPR1 in place of PPR2"), ([], "no rule")):
        with step(f"UpdateMetadata: {title}", expect="no rule is left") as seen:
            receipt = operator.update("operational-kept", {"profilePolicyRules": named_bits(sent)})
            info = euicc.shown(profiles["operational-kept"].iccid, (ICCID, POLICY_RULES))
            seen.observed(f"{receipt}; {info.raw.hex().upper()}")
            assert not info.policy_rules
