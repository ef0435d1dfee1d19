"""Installing a bound profile package. SGP.22 §2.5.6 and §5.7.6.

Whatever goes wrong on the way, the card is left without any part of the profile.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.conformance.steps import CaseSteps
from harness.crypto.certificates import Certificate
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.es10.download import segments
from harness.roles.smdp import Smdp

ICCID_ALREADY_EXISTS = 9
SECURITY_ERRORS = (7, 8)
"""scp03tStructureError and scp03tSecurityError."""
DISABLED = 0
ASKED_FOR = (0x5A, 0x9F70, 0x91, 0x92, 0x95)
"""ICCID, state, service provider, name and class of a profile."""
ROOM_FOR_RECORDS = 512
"""Octets that a card may spend on remembering what happened, such as a result that tells of the interruption."""


def own_certificate(euicc: EuiccUnderTest, smdp: Smdp) -> Certificate:
    """The eUICC certificate of the CI that this SM-DP+ and this card agree on: the first of the card's list it knows."""
    known = {credentials.ci_key_id for credentials in smdp.identity.credentials}
    agreed = [found for found in euicc.get_euicc_info1().ci_ids_for_signing if found in known]
    assert agreed, "the card signs under no CI of this SM-DP+"
    answer = euicc.get_certs(agreed[0])
    assert answer.error is None
    return euicc.checked(answer.euicc, answer.eum)


@case(
    "EU-107",
    clause="SGP.22 §5.7.6",
    area="euicc",
    catches=("installs-profile-enabled", "signs-installation-result-without-its-tag"),
)
def test_installation(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A bound profile package is installed disabled, with its metadata and a signed ProfileInstallationResult."""
    profile = profiles["operational-a"]
    session = StepwiseDownload(euicc, smdp, profile, clock)
    with step("authenticate, prepare, get the bound package", precondition=True):
        package = session.up_to_package()
    with step("LoadBoundProfilePackage", expect="success, signed, for this transaction and ICCID") as seen:
        answer = euicc.load_bound_profile_package(package)
        seen.observed(answer.raw)
        assert answer.is_success
        assert answer.transaction_id == session.transaction_id
        assert answer.metadata.iccid == profile.iccid
        assert answer.signature_is_valid(own_certificate(euicc, smdp))
    with step("GetProfilesInfo", expect="the profile, disabled, with its names and class"):
        infos = [info for info in euicc.get_profiles_info(tags=ASKED_FOR) if info.iccid == profile.iccid]
        assert len(infos) == 1
        info = infos[0]
        assert info.state == DISABLED
        assert info.service_provider_name == profile.metadata["serviceProviderName"]
        assert info.name == profile.metadata["profileName"]
        assert info.profile_class in (profile.metadata["profileClass"], None)
    with step("RetrieveNotificationsList", expect="the installation result is kept"):
        kept = [entry for entry in euicc.retrieve_notifications().pending if entry.is_installation_result]
        assert answer.signed in [entry.signed for entry in kept]


@case(
    "EU-108",
    clause="SGP.22 §5.7.6",
    area="euicc",
    catches=("ignores-segment-macs", "keeps-profile-after-failed-installation"),
)
def test_modified_segment(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """One changed bit in a protected segment ends the installation with a security error and leaves nothing."""
    session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
    with step("authenticate, prepare, get the bound package", precondition=True):
        before = iccids_on(euicc)
        package = session.up_to_package()
    last = tlv.parse(package).get(0xA3).children[-1]
    bit = 8 * (last.offset + last.header_length) + 13
    with step("LoadBoundProfilePackage with one bit of its last segment changed", expect="an error result") as seen:
        answer = euicc.load_bound_profile_package(with_flipped_bit(package, bit))
        seen.observed(answer.raw)
        assert not answer.is_success
    with step("look at the reason", expect="scp03t structure or security error", confidence="likely") as seen:
        seen.observed(answer.error_reason)
        assert answer.error_reason in SECURITY_ERRORS
    with step("GetProfilesInfo", expect="no new profile, not even half of one"):
        assert iccids_on(euicc) == before


@case(
    "EU-109",
    clause="SGP.22 §5.7.6",
    area="euicc",
    catches=("keeps-half-installed-profile", "loses-memory-at-interruption"),
)
def test_interrupted_installation(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A reset in the middle of an installation leaves no profile and all of the memory; a new attempt succeeds."""
    profile = profiles["operational-a"]
    with step("read the profiles and the free memory", precondition=True):
        there, before = iccids_on(euicc), euicc.get_euicc_info2().free_memory
        package = StepwiseDownload(euicc, smdp, profile, clock).up_to_package()
        parts = tuple(segments(package))
    with step(f"send {len(parts) - 1} of {len(parts)} segments", expect="no answer yet", precondition=True):
        for part in parts[:-1]:
            assert not euicc.call(part)
    with step("reset, GetProfilesInfo", expect="no new profile") as seen:
        euicc.reset()
        left = iccids_on(euicc)
        seen.observed(" ".join(iccid.hex().upper() for iccid in left) or "none")
        assert left == there
    with step("GetEUICCInfo2", expect=f"as much free memory as before: {before}", confidence="likely") as seen:
        after = euicc.get_euicc_info2().free_memory
        seen.observed(after)
        assert after > before - ROOM_FOR_RECORDS
    with step("download it again", expect="success"):
        again = StepwiseDownload(euicc, smdp, profile, clock)
        assert euicc.load_bound_profile_package(again.up_to_package()).is_success


def iccids_on(euicc: EuiccUnderTest) -> list[bytes]:
    """The ICCIDs of the profiles on the card, in its order."""
    return [info.iccid or b"" for info in euicc.get_profiles_info()]


@case(
    "EU-110",
    clause="SGP.22 §2.5.6.1",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    catches="installs-iccid-twice",
)
def test_duplicate_iccid(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A profile whose ICCID is already on the card is refused for that reason, and the first one stays."""
    with step("authenticate, prepare, get the bound package", precondition=True):
        package = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock).up_to_package()
    with step("LoadBoundProfilePackage", expect="installFailedDueToIccidAlreadyExistsOnEuicc(9)") as seen:
        answer = euicc.load_bound_profile_package(package)
        seen.observed(answer.raw)
        assert not answer.is_success
        assert answer.error_reason == ICCID_ALREADY_EXISTS
    with step("GetProfilesInfo", expect="the profile once"):
        assert iccids_on(euicc).count(profiles["operational-a"].iccid) == 1
