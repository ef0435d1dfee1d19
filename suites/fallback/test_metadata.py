"""What a profile's metadata say of emergencies and fallback stays with the profile. SGP.32 v1.2 §5.9.14."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.es10.download import InstallationAnswer

NAMES = ("emergency", "operational-a", "operational-b")


@case(
    "FB-037",
    clause="SGP.32 v1.2 §5.9.14",
    confidence="likely",
    area="fallback",
    requires=("fallback", "ecall"),
    catches=("forgets-ecall-indication", "forgets-fallback-allowed"),
)
def test_flags(
    euicc: EuiccUnderTest,
    profiles: Mapping[str, ProfilePackage],
    download: Callable[[str], InstallationAnswer],
    step: CaseSteps,
) -> None:
    """ecallIndication and fallbackAllowed are listed as they were installed; FALSE may be left out."""
    for name in NAMES:
        with step(f"install {name}, GetProfilesInfo", expect="9F7B and 9F67 as in its metadata") as seen:
            assert download(name).is_success
            listed, metadata = euicc.profile(name), profiles[name].metadata
            seen.observed(listed.raw)
            assert bool(listed.ecall_indication) is metadata.get("ecallIndication", False)
            assert bool(listed.fallback_allowed) is metadata.get("fallbackAllowed", False)
