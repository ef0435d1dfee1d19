"""What has to happen to the profiles of a hidden card: decided on lists."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness import resources
from harness.conformance.case import State
from harness.conformance.preparing.hidden_profiles import Listed, changes_for
from harness.errors import DeviceFault, Withheld
from harness.profiles import ProfilePackage, load_profiles
from harness.roles.eim.commands import delete, disable, enable, unset_fallback

HOME, SPARE = bytes.fromhex("98101000000000000011"), bytes.fromhex("98101000000000000022")
ENABLED_A = State(eims=1, profiles=("operational-a",), enabled="operational-a")


@pytest.fixture(scope="module")
def profiles() -> Mapping[str, ProfilePackage]:
    return load_profiles(resources.path("fixtures/profiles"))


def iccids(profiles: Mapping[str, ProfilePackage], *names: str) -> list[bytes]:
    return [profiles[name].iccid for name in names]


def test_an_empty_card_gets_what_the_case_needs(profiles: Mapping[str, ProfilePackage]) -> None:
    [a] = iccids(profiles, "operational-a")
    changes = changes_for(ENABLED_A, Listed({}), profiles, None)
    assert (changes.before, changes.downloads) == ((), ("operational-a",))
    assert changes.after == ((enable(a),),), "there is nothing to roll back to"


def test_the_way_home_can_be_taken_back_by_the_device_itself(profiles: Mapping[str, ProfilePackage]) -> None:
    [a] = iccids(profiles, "operational-a")
    changes = changes_for(ENABLED_A, Listed({HOME: True}), profiles, HOME)
    assert changes.after == ((enable(a, rollback=True),),)


def test_what_is_there_is_not_installed_again(profiles: Mapping[str, ProfilePackage]) -> None:
    [a] = iccids(profiles, "operational-a")
    changes = changes_for(ENABLED_A, Listed({a: True}), profiles, None)
    assert (changes.before, changes.downloads, changes.after) == ((), (), ())


def test_what_a_case_left_goes_and_home_is_enabled_first(profiles: Mapping[str, ProfilePackage]) -> None:
    a, b = iccids(profiles, "operational-a", "operational-b")
    changes = changes_for(State(eims=1), Listed({HOME: False, a: False, b: True}, with_fallback=b), profiles, HOME)
    assert changes.before == ((unset_fallback(),), (enable(HOME),), (delete(a),), (delete(b),))
    assert changes.after == ()


def test_without_a_home_nothing_is_enabled(profiles: Mapping[str, ProfilePackage]) -> None:
    [a] = iccids(profiles, "operational-a")
    assert changes_for(State(eims=1), Listed({a: True}), profiles, None).before == ((disable(a),), (delete(a),))
    disabled = State(eims=1, profiles=("operational-a",))
    assert changes_for(disabled, Listed({a: True}), profiles, None).before == ((disable(a),),)


def test_home_is_the_profile_that_is_not_ours(profiles: Mapping[str, ProfilePackage]) -> None:
    [a] = iccids(profiles, "operational-a")
    assert Listed({SPARE: False, HOME: True, a: False}).home([a]) == HOME
    assert Listed({SPARE: False, a: True}).home([a]) == SPARE, "an earlier run was cut off"
    assert Listed({a: True}).home([a]) is None


def test_what_is_not_ours_stays(profiles: Mapping[str, ProfilePackage]) -> None:
    changes = changes_for(State(eims=1), Listed({HOME: True, SPARE: False}), profiles, HOME)
    assert (changes.before, changes.after) == ((), ())


def test_what_would_not_go_away_again_is_withheld(profiles: Mapping[str, ProfilePackage]) -> None:
    with pytest.raises(Withheld, match="policy rules"):
        changes_for(State(eims=1, profiles=("operational-locked",)), Listed({}), profiles, None)


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ({}, "not installed: operational-a"),
        ({"operational-a": False}, "enabled is no profile"),
        ({"operational-a": True, "operational-b": False}, "still installed"),
    ],
)
def test_a_card_that_did_not_go_along_is_told(
    profiles: Mapping[str, ProfilePackage], listed: Mapping[str, bool], said: str
) -> None:
    changes = changes_for(ENABLED_A, Listed({}), profiles, None)
    with pytest.raises(DeviceFault, match=said):
        changes.check(Listed({profiles[name].iccid: state for name, state in listed.items()}))
