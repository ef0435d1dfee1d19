"""The fallback attribute: which profile a device turns to when it is lost. SGP.32 v1.2 §3.4.6 and §3.4.7."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable, set_fallback, unset_fallback

OK, NOT_FOUND, NOT_ALLOWED, NO_ATTRIBUTE, PROFILE_ENABLED = 0, 1, 2, 2, 3
UNKNOWN_ICCID = "89999999999999999992"
ALLOWED, NOT_FOR_FALLBACK, ALLOWED_TOO = "operational-a", "operational-b", "operational-c"
"""Fixture profiles: 9F67 of the first and the last is TRUE, that of the second FALSE."""


def set_on(euicc: EuiccUnderTest, eim: Eim, iccid: str | bytes) -> int:
    """The result of a package that gives the attribute to this profile."""
    return int(euicc.load_package(eim.package(set_fallback(iccid))).result("setFallbackAttributeResult"))


def unset(euicc: EuiccUnderTest, eim: Eim) -> int:
    """The result of a package that takes the attribute away."""
    return int(euicc.load_package(eim.package(unset_fallback())).result("unsetFallbackAttributeResult"))


def holders(euicc: EuiccUnderTest, profiles: Mapping[str, ProfilePackage]) -> set[str]:
    """The fixture profiles that the card lists with the attribute."""
    listed = {info.iccid for info in euicc.get_profiles_info() if info.fallback_attribute}
    return {name for name, profile in profiles.items() if profile.iccid in listed}


@case(
    "FB-001",
    clause="SGP.32 v1.2 §3.4.6",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a", "operational-b")),
    requires=("fallback",),
    catches=("forgets-fallback-attribute", "shows-fallback-attribute-on-every-profile"),
)
def test_set(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """A profile that allows it gets the fallback attribute, and is listed with it, alone."""
    with step("look at the profiles", expect="none has the attribute"):
        assert holders(euicc, profiles) == set()
    with step("LoadEuiccPackage: setFallbackAttribute on A", expect="ok(0), listed with 9F26, no other") as seen:
        code = set_on(euicc, eim, profiles[ALLOWED].iccid)
        seen.observed(code)
        assert code == OK
        assert holders(euicc, profiles) == {ALLOWED}


@case(
    "FB-002",
    clause="SGP.32 v1.2 §3.4.6",
    area="fallback",
    needs=State(eims=1, profiles=("operational-b",)),
    requires=("fallback",),
    catches="gives-fallback-attribute-unasked",
)
def test_set_where_not_allowed(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A profile without fallbackAllowed cannot have the attribute: fallbackNotAllowed."""
    with step("LoadEuiccPackage: setFallbackAttribute on B", expect="fallbackNotAllowed(2), not listed") as seen:
        code = set_on(euicc, eim, profiles[NOT_FOR_FALLBACK].iccid)
        seen.observed(code)
        assert code == NOT_ALLOWED
        assert holders(euicc, profiles) == set()


@case(
    "FB-003",
    clause="SGP.32 v1.2 §3.4.6",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a",)),
    requires=("fallback",),
    catches="calls-unknown-iccid-fallback-not-allowed",
)
def test_set_on_unknown_iccid(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """The attribute of a profile that is not there cannot be set: iccidOrAidNotFound."""
    with step("LoadEuiccPackage: setFallbackAttribute, unknown ICCID", expect="iccidOrAidNotFound(1)") as seen:
        code = set_on(euicc, eim, UNKNOWN_ICCID)
        seen.observed(code)
        assert code == NOT_FOUND
        assert holders(euicc, profiles) == set()


@case(
    "FB-004",
    clause="SGP.32 v1.2 §3.4.6",
    confidence="likely",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a", "operational-c")),
    requires=("fallback",),
    catches="keeps-former-fallback-attribute",
)
def test_attribute_moves(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """There is one fallback profile: setting the attribute on another takes it from the first."""
    for name in (ALLOWED, ALLOWED_TOO):
        with step(f"LoadEuiccPackage: setFallbackAttribute on {name}", expect="ok(0), listed on it alone") as seen:
            code = set_on(euicc, eim, profiles[name].iccid)
            seen.observed(code)
            assert code == OK
            assert holders(euicc, profiles) == {name}


@case(
    "FB-005",
    clause="SGP.32 v1.2 §3.4.6",
    confidence="likely",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a",)),
    requires=("fallback",),
    catches="refuses-fallback-attribute-twice",
)
def test_set_twice(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """Setting the attribute where it is changes nothing and is ok."""
    for time in ("first", "second"):
        with step(f"LoadEuiccPackage: setFallbackAttribute on A, the {time} time", expect="ok(0), listed") as seen:
            code = set_on(euicc, eim, profiles[ALLOWED].iccid)
            seen.observed(code)
            assert code == OK
            assert holders(euicc, profiles) == {ALLOWED}


@case(
    "FB-006",
    clause="SGP.32 v1.2 §3.4.7",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a",)),
    requires=("fallback",),
    catches=("unsets-fallback-attribute-that-is-not-there", "keeps-unset-fallback-attribute"),
)
def test_unset(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """The attribute is taken away where there is one, and is noFallbackAttribute where there is none."""
    with step("LoadEuiccPackage: unsetFallbackAttribute, none is set", expect="noFallbackAttribute(2)") as seen:
        code = unset(euicc, eim)
        seen.observed(code)
        assert code == NO_ATTRIBUTE
    with step("setFallbackAttribute on A", precondition=True):
        assert set_on(euicc, eim, profiles[ALLOWED].iccid) == OK
    with step("LoadEuiccPackage: unsetFallbackAttribute", expect="ok(0), no longer listed") as seen:
        code = unset(euicc, eim)
        seen.observed(code)
        assert code == OK
        assert holders(euicc, profiles) == set()
    with step("LoadEuiccPackage: unsetFallbackAttribute again", expect="noFallbackAttribute(2)") as seen:
        code = unset(euicc, eim)
        seen.observed(code)
        assert code == NO_ATTRIBUTE


@case(
    "FB-007",
    clause="SGP.32 v1.2 §3.4.6, §3.4.7",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a", "operational-c")),
    requires=("fallback",),
    catches=("moves-fallback-attribute-in-use", "takes-away-fallback-attribute-in-use"),
)
def test_fallback_profile_is_enabled(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """While the fallback profile is enabled the attribute stays with it: fallbackProfileEnabled."""
    with step("A gets the attribute, and is enabled", precondition=True):
        answer = euicc.load_package(eim.package(set_fallback(profiles[ALLOWED].iccid)))
        assert answer.result("setFallbackAttributeResult") == OK
        assert euicc.load_package(eim.package(enable(profiles[ALLOWED].iccid))).result("enableResult") == OK
        assert euicc.enabled_profile == ALLOWED
    with step("LoadEuiccPackage: setFallbackAttribute on C", expect="fallbackProfileEnabled(3)") as seen:
        code = set_on(euicc, eim, profiles[ALLOWED_TOO].iccid)
        seen.observed(code)
        assert code == PROFILE_ENABLED
    with step("LoadEuiccPackage: unsetFallbackAttribute", expect="fallbackProfileEnabled(3)") as seen:
        code = unset(euicc, eim)
        seen.observed(code)
        assert code == PROFILE_ENABLED
    with step("look at the profiles", expect="A has the attribute"):
        assert holders(euicc, profiles) == {ALLOWED}
