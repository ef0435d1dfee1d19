"""What SGP.32 adds to a profile's metadata. SGP.32 v1.2 §5.9.14 (ProfileInfo), StoreMetadata."""

from __future__ import annotations

from collections.abc import Callable

from harness.conformance.case import case
from harness.conformance.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.es10.download import InstallationAnswer

ICCID, ECALL_INDICATION, FALLBACK_ALLOWED = 0x5A, 0x9F7B, 0x9F67


@case(
    "EU-111",
    clause="SGP.32 v1.2 §5.9.14",
    area="euicc",
    requires=("ecall", "fallback"),
    catches=("drops-ecall-indication", "drops-fallback-allowed"),
)
def test_iot_metadata(euicc: EuiccUnderTest, download: Callable[[str], InstallationAnswer], step: CaseSteps) -> None:
    """ecallIndication and fallbackAllowed of a profile's metadata are seen in its ProfileInfo, and in no other's."""
    with step("install a profile for emergencies and one for fallback", precondition=True):
        assert download("emergency").is_success
        assert download("operational-a").is_success
    with step("GetProfilesInfo with 5A, 9F7B and 9F67", expect="each set where the metadata set it") as seen:
        found = euicc.get_profiles_info(tags=(ICCID, ECALL_INDICATION, FALLBACK_ALLOWED))
        seen.observed(" ".join(info.raw.hex().upper() for info in found))
        flags = {info.iccid: (bool(info.ecall_indication), bool(info.fallback_allowed)) for info in found}
        assert sorted(flags.values()) == [(False, True), (True, False)]
