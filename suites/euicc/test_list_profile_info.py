"""Listing profiles by a signed package. SGP.32 v1.2 §5.13.4."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info

DEFAULT_TAGS = (0x5A, 0x4F, 0x9F70, 0x91, 0x92, 0x95, 0x9F7B, 0x9F26, 0x9F67)
"""What listProfileInfo answers where no tag list is given, in the order of the type."""
OTHER_TAGS = {0x90, 0x93, 0x94, 0xB6, 0xB7, 0xB8, 0x99, 0xBF22}
"""What else ProfileInfo may hold. Fields that v1.2 does not know may stand in any answer."""
ALWAYS = {0x5A, 0x4F, 0x9F70}
PROFILES = ("operational-a", "operational-b")


@case(
    "EU-048",
    clause="SGP.32 v1.2 §5.13.4",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=PROFILES, enabled="operational-b", exact=True),
    catches=("lists-more-than-default-tags", "lists-profile-fields-out-of-order"),
)
def test_default_tags(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """Without a tag list each profile is listed with the default tags alone, in the order of the type."""
    with step("LoadEuiccPackage: listProfileInfo", expect="one E3 for each profile") as seen:
        answer = euicc.load_package(eim.package(list_profile_info()))
        seen.observed(answer.raw)
        assert answer.is_result
        listed = tlv.parse(answer.data_signed).get(0x30, 0xBF2D, 0xA0).children
        assert {entry.tag for entry in listed} == {0xE3}
        assert {entry.get(0x5A).value for entry in listed} == {profiles[name].iccid for name in PROFILES}
    for entry in listed:
        tags = [child.tag for child in entry.children]
        with step("look at one profile's fields", expect="default tags alone, in order") as seen:
            seen.observed(" ".join(f"{tag:X}" for tag in tags))
            assert set(tags) >= ALWAYS
            assert not OTHER_TAGS.intersection(tags)
            assert [tag for tag in tags if tag in DEFAULT_TAGS] == [tag for tag in DEFAULT_TAGS if tag in tags]
