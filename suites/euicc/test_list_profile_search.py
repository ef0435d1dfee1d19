"""Which profiles listProfileInfo lists, with which fields, and when it lists none. SGP.32 v1.2 §5.13.4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import Command, delete, disable, enable, list_profile_info
from harness.roles.es10.packages import PackageAnswer

UNKNOWN_ICCID = "89999999999999999992"
UNKNOWN_AID = bytes.fromhex("A0000005591010FFFFFFFF8900FFFE00")
ICCID, NEVER_A_PROFILE_TAG = 0x5A, 0x9F7E
KNOWN_TAGS = {
    0x5A, 0x4F, 0x9F70, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0xB6, 0xB7, 0xB8, 0x99, 0xBF22, 0x9F7B, 0x9F26, 0x9F67,
}  # fmt: skip
INCORRECT_INPUT_VALUES, PROFILE_CHANGE_ONGOING = 1, 11
TEST, PROVISIONING, OPERATIONAL = 0, 1, 2
LISTED = State(eims=1, profiles=("operational-a", "operational-b", "bootstrap"), enabled="operational-b", exact=True)


def fields_of(answer: PackageAnswer) -> list[set[int]]:
    """The tags of each listed profile that ProfileInfo has in v1.2; what else stands there is an extension."""
    return [{field.tag for field in entry.children} & KNOWN_TAGS for entry in entries_of(answer)]


def iccids_of(answer: PackageAnswer) -> set[bytes]:
    """The ICCIDs of the listed profiles."""
    return {entry.get(ICCID).value for entry in entries_of(answer)}


def entries_of(answer: PackageAnswer) -> tuple[tlv.Tlv, ...]:
    """The E3 of each listed profile."""
    return tlv.parse(answer.data_signed).get(0x30, 0xBF2D, 0xA0).children


def outcome_of(answer: PackageAnswer) -> tuple[str, Any]:
    """The last result: a list, or the error that listProfileInfo ended in."""
    assert answer.results
    name, value = answer.results[-1]
    assert name == "listProfileInfoResult"
    kind, found = value
    return kind, found


@case(
    "EU-049",
    clause="SGP.32 v1.2 §5.13.4",
    confidence="likely",
    area="euicc",
    needs=LISTED,
    catches=("ignores-tag-list", "dies-of-unknown-tag-in-list"),
)
def test_tag_list(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """A tag list decides on the fields; a tag that no profile has is passed over, or incorrectInputValues."""
    with step("LoadEuiccPackage: listProfileInfo for 5A", expect="three profiles with 5A alone") as seen:
        answer = euicc.load_package(eim.package(list_profile_info(tags=[ICCID])))
        seen.observed(answer.raw)
        assert fields_of(answer) == [{ICCID}] * 3
    with step("for 5A and a tag that is none", expect="5A alone, or incorrectInputValues(1)") as seen:
        answer = euicc.load_package(eim.package(list_profile_info(tags=[ICCID, NEVER_A_PROFILE_TAG])))
        seen.observed(answer.raw)
        kind, found = outcome_of(answer)
        assert found == INCORRECT_INPUT_VALUES if kind != "profileInfoListOk" else fields_of(answer) == [{ICCID}] * 3


@case(
    "EU-050",
    clause="SGP.32 v1.2 §5.13.4",
    confidence="likely",
    area="euicc",
    needs=LISTED,
    catches=("ignores-profile-search", "errs-where-no-profile-matches"),
)
def test_search(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """A search by ICCID, ISD-P AID or class lists what matches, and an empty list where nothing does."""
    a, b, bootstrap = (profiles[name].iccid for name in LISTED.profiles)
    aid = euicc.profile("operational-b").isdp_aid
    searches: tuple[tuple[str, Command, set[bytes]], ...] = (
        ("the ICCID of A", list_profile_info(iccid=a), {a}),
        ("the ISD-P AID of B", list_profile_info(isdp_aid=aid), {b}),
        ("the class provisioning", list_profile_info(profile_class=PROVISIONING), {bootstrap}),
        ("the class operational", list_profile_info(profile_class=OPERATIONAL), {a, b}),
        ("an unknown ICCID", list_profile_info(iccid=UNKNOWN_ICCID), set()),
        ("an unknown AID", list_profile_info(isdp_aid=UNKNOWN_AID), set()),
        ("the class test", list_profile_info(profile_class=TEST), set()),
    )
    for name, command, expected in searches:
        with step(f"LoadEuiccPackage: listProfileInfo for {name}", expect=f"{len(expected)} profiles") as seen:
            answer = euicc.load_package(eim.package(command))
            seen.observed(answer.raw)
            assert iccids_of(answer) == expected


@case(
    "EU-051",
    clause="SGP.32 v1.2 §5.13.4",
    confidence="likely",
    area="euicc",
    needs=LISTED,
    effects=("removes-profile", "strands-device"),
    catches="lists-profiles-behind-a-change",
)
def test_no_list_behind_a_change(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Behind an enable, disable or delete in the same package no profiles are listed: profileChangeOngoing."""
    a, b = (profiles[name].iccid for name in ("operational-a", "operational-b"))
    for name, change in (("enable", enable(a)), ("disable", disable(a)), ("delete", delete(b))):
        with step(f"LoadEuiccPackage: {name}, listProfileInfo", expect="ok, then profileChangeOngoing(11)") as seen:
            answer = euicc.load_package(eim.package(change, list_profile_info()))
            seen.observed(answer.raw)
            assert answer.results[:1] == ((f"{name}Result", 0),)
            kind, found = outcome_of(answer)
            assert kind == "profileInfoListError"
            assert found == PROFILE_CHANGE_ONGOING
