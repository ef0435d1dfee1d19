"""What the card makes of a profile's metadata at its installation. SGP.22 §2.9.3.1 and §5.5.3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.codec import encode, named_bits
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.bound import Bound
from harness.conformance.ours.downloading import refused_package
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.conformance.steps import CaseSteps
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import Smdp

STORE_METADATA = 2
UNSUPPORTED_CLASS, PPR_NOT_ALLOWED = 6, 15
NO_CLASS = 9
UPDATE_CONTROL, PPR1, PPR2 = 0, 1, 2
ICCID, POLICY_RULES = 0x5A, 0x99


def with_metadata(profile: ProfilePackage, **fields: Any) -> ProfilePackage:
    """The same profile with these fields of StoreMetadataRequest; None takes one out."""
    metadata = {name: value for name, value in {**profile.metadata, **fields}.items() if value is not None}
    return replace(profile, metadata=metadata)


@case("EU-147", clause="SGP.22 §5.5.3", confidence="likely", area="euicc", catches="takes-any-profile-class")
def test_unknown_class(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A profile of a class that does not exist is not installed."""
    with step(f"get a package of class {NO_CLASS}", precondition=True):
        profile = with_metadata(profiles["operational-a"], profileClass=NO_CLASS)
        package = StepwiseDownload(euicc, smdp, profile, clock).up_to_package()
    with step("LoadBoundProfilePackage", expect="an error result, no profile") as seen:
        answer = refused_package(euicc, package, seen)
    with step("look at the reason", expect="unsupportedProfileClass(6), in storeMetadata(2)") as seen:
        seen.observed(f"{answer.error_reason}, in command {answer.command_id}")
        assert (answer.error_reason, answer.command_id) == (UNSUPPORTED_CLASS, STORE_METADATA)


@case(
    "EU-148",
    clause="SGP.22 §2.9.3.1, §5.5.3",
    confidence="likely",
    area="euicc",
    effects=("strands-device",),
    catches="takes-policy-rules-of-nobody",
)
def test_policy_rules_without_authorisation(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A profile with a policy rule that its owner may not use is not installed, nor is one without an owner."""
    profile = profiles["operational-a"]
    refused = {
        "PPR2 and no profileOwner": with_metadata(profile, profileOwner=None, profilePolicyRules=named_bits([PPR2]))
    }
    for rule in sorted(euicc.get_euicc_info2().forbidden_profile_policy_rules & {PPR1, PPR2}):
        refused[f"PPR{rule}, which the card forbids"] = with_metadata(profile, profilePolicyRules=named_bits([rule]))
    for name, changed in refused.items():
        with step(f"bind a profile with {name}", precondition=True):
            session = StepwiseDownload(euicc, smdp, profile, clock)
            session.up_to_package()
            package = Bound.of(session).package(metadata=encode("StoreMetadataRequest", dict(changed.metadata)))
        with step(f"LoadBoundProfilePackage with {name}", expect="an error result, no profile") as seen:
            answer = refused_package(euicc, package, seen)
        with step(f"look at the reason for {name}", expect="pprNotAllowed(15), in storeMetadata(2)") as seen:
            seen.observed(f"{answer.error_reason}, in command {answer.command_id}")
            assert (answer.error_reason, answer.command_id) == (PPR_NOT_ALLOWED, STORE_METADATA)


@case(
    "EU-149",
    clause="SGP.22 §2.9.3.1, §5.5.3",
    confidence="likely",
    area="euicc",
    requires=("ppr",),
    effects=("strands-device",),
    catches=("drops-policy-rules", "takes-update-control-for-a-rule"),
)
def test_policy_rules_are_kept(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """Policy rules that the owner may use are kept with the profile; pprUpdateControl beside them bars nothing."""
    forbidden = euicc.get_euicc_info2().forbidden_profile_policy_rules
    rules = {PPR1, PPR2} - forbidden
    with step("get a package with the policy rules that the card does not forbid", precondition=True):
        profile = with_metadata(profiles["operational-a"], profilePolicyRules=named_bits({UPDATE_CONTROL, *rules}))
        package = StepwiseDownload(euicc, smdp, profile, clock).up_to_package()
    with step("LoadBoundProfilePackage", expect="success") as seen:
        answer = euicc.load_bound_profile_package(package)
        seen.observed(answer.raw)
        assert answer.is_success
    with step("GetProfilesInfo", expect=f"profilePolicyRules with the bits {sorted(rules)}") as seen:
        infos = [one for one in euicc.get_profiles_info(tags=(ICCID, POLICY_RULES)) if one.iccid == profile.iccid]
        assert len(infos) == 1
        info = infos[0]
        seen.observed(info.raw)
        assert (info.policy_rules or frozenset()) - {UPDATE_CONTROL} == rules
