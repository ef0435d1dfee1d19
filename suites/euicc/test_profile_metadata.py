"""What a card shows of the metadata that a profile came with. SGP.32 v1.2 §5.9.14 (ProfileInfo), StoreMetadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.codec import encode, tlv
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info
from harness.roles.es10.download import InstallationAnswer
from harness.roles.smdp import Smdp

ICCID, ECALL_INDICATION, FALLBACK_ALLOWED = 0x5A, 0x9F7B, 0x9F67
DP_DATA, POLICY_RULES, SERVICE_DATA = 0xB8, 0x99, 0xBF22
PPR2 = 2
KEPT = (0x91, 0x92, 0x93, 0x94, 0xB6, 0xB7, SERVICE_DATA)
"""Fields that StoreMetadataRequest and ProfileInfo have under the same tag, in their order."""


@case(
    "EU-111",
    clause="SGP.32 v1.2 §5.9.14",
    area="euicc",
    requires=("ecall", "fallback"),
    catches=("drops-ecall-indication", "drops-fallback-allowed"),
)
def test_iot_metadata(
    euicc: EuiccUnderTest,
    profiles: Mapping[str, ProfilePackage],
    download: Callable[[str], InstallationAnswer],
    step: CaseSteps,
) -> None:
    """ecallIndication and fallbackAllowed of a profile's metadata are seen in its ProfileInfo, and not in the other's."""
    with step("install a profile for emergencies and one for fallback", precondition=True):
        assert download("emergency").is_success
        assert download("operational-a").is_success
    with step("GetProfilesInfo with 5A, 9F7B and 9F67", expect="each set where the metadata set it") as seen:
        found = euicc.get_profiles_info(tags=(ICCID, ECALL_INDICATION, FALLBACK_ALLOWED))
        seen.observed(" ".join(info.raw.hex().upper() for info in found))
        flags = {info.iccid: (bool(info.ecall_indication), bool(info.fallback_allowed)) for info in found}
        assert flags.get(profiles["emergency"].iccid) == (True, False)
        assert flags.get(profiles["operational-a"].iccid) == (False, True)


def fields_of(listed: bytes) -> dict[int, bytes]:
    """The fields of the one profile in a ProfileInfoListResponse, by tag and whole."""
    entries = tlv.parse(listed).get(0xA0).children
    assert len(entries) == 1
    return {field.tag: field.raw for field in entries[0].children}


@case(
    "EU-121",
    clause="SGP.32 v1.2 §5.9.14, §5.13.4",
    confidence="likely",
    area="euicc",
    needs=State(eims=1),
    catches=(
        "cuts-icon-short",
        "calls-every-icon-a-png",
        "lists-first-receiver-only",
        "drops-groups-of-owner",
        "drops-dp-proprietary-data",
        "drops-service-specific-data",
    ),
)
def test_all_metadata(
    euicc: EuiccUnderTest,
    eim: Eim,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    download: Callable[[str], InstallationAnswer],
    step: CaseSteps,
) -> None:
    """Every field of a profile's metadata is listed octet for octet as it was installed, for the IPA and for an eIM.

    What the SM-DP+ marks as not to be stored is not among them.
    """
    for name in ("rich-png", "rich-jpeg"):
        profile = profiles[name]
        metadata = tlv.parse(encode("StoreMetadataRequest", dict(profile.metadata)))
        expected = {tag: field.raw for tag in KEPT if (field := metadata.find(tag)) is not None}
        owner = encode("ProfileInfo", {"dpProprietaryData": {"dpOid": smdp.identity.oid}})
        expected[DP_DATA] = tlv.parse(owner).get(DP_DATA).raw
        with step(f"install {name}", expect="ok") as seen:
            answer = download(name)
            seen.observed(answer.raw)
            assert answer.is_success
        with step("GetProfilesInfo for these tags", expect="each as it was installed") as seen:
            info = euicc.shown(profile.iccid, (*KEPT, DP_DATA))
            seen.observed(info.raw)
            assert {field.tag: field.raw for field in tlv.parse(info.raw).children} == expected
        with step("LoadEuiccPackage: listProfileInfo for the same", expect="the same") as seen:
            listed = euicc.load_package(eim.package(list_profile_info(tags=(*KEPT, DP_DATA), iccid=profile.iccid)))
            seen.observed(listed.raw)
            assert fields_of(tlv.parse(listed.data_signed).get(0x30, 0xBF2D).raw) == expected


@case(
    "EU-122",
    clause="SGP.32 v1.2 §5.9.14",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-kept", "operational-a")),
    requires=("ppr",),
    catches="hides-policy-rules",
)
def test_policy_rules(euicc: EuiccUnderTest, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """The policy rules of a profile are listed where they are asked for; a profile without any shows none."""
    for name, expected in (("operational-kept", {PPR2}), ("operational-a", set())):
        with step(
            f"GetProfilesInfo with 99 for {name}", expect=f"rules {sorted(expected) or 'left out or empty'}"
        ) as seen:
            info = euicc.shown(profiles[name].iccid, (ICCID, POLICY_RULES))
            seen.observed(info.raw)
            assert (info.policy_rules or set()) == expected
