"""Profile elements that cannot become a profile. SGP.22 §2.5.6.1 and §5.5.5, TCA profile package §8."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.codec import decode_pe, encode_pe, split_profile_package, tlv
from harness.codec.asn1 import has_bit
from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.bound import Bound
from harness.conformance.ours.downloading import refused_package
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.conformance.steps import CaseSteps
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.smdp import Smdp

LOAD_ELEMENTS = 5
UNSUPPORTED_CLASS, INSUFFICIENT_MEMORY, PE_PROCESSING_ERROR, DATA_MISMATCH, INVALID_NAA_KEY = 6, 10, 12, 13, 14
NO_VERSION = 99
TEST = 0
TEST_PROFILE_SUPPORT = 3
"""Bit of RspCapability."""
LARGEST_FILE = 0x7FFF
NETWORK_OF_SOMEBODY_ELSE = bytes.fromhex("99F979")
"""MCC 999, MNC 97."""
ANOTHER_ICCID = bytes.fromhex("98000100000000000990")


def in_another_version(der: bytes) -> bytes:
    """A profile package whose header asks for a version that there is not."""
    first, *others = split_profile_package(der)
    kind, header = decode_pe(first)
    return encode_pe((kind, {**header, "major-version": NO_VERSION})) + b"".join(others)


def with_large_files(der: bytes, octets: int) -> bytes:
    """A profile package that creates empty files of so many octets, at least, before it ends."""
    *others, last = split_profile_package(der)
    files = [[("filePath", b""), ("createFCP", large_file(number))] for number in range(1 + octets // LARGEST_FILE)]
    element = {"gfm-header": {"mandated": None, "identification": 99}, "fileManagementCMD": files}
    return b"".join(others) + encode_pe(("genericFileManagement", element)) + last


def large_file(number: int) -> dict[str, Any]:
    """The descriptor of a transparent file below the MF, as large as one gets."""
    return {
        "fileDescriptor": bytes.fromhex("4121"),
        "fileID": (0x4F00 + number).to_bytes(2, "big"),
        "securityAttributesReferenced": bytes.fromhex("2F0602"),
        "efFileSize": LARGEST_FILE.to_bytes(2, "big"),
    }


def statuses(sima_response: bytes) -> Iterable[int]:
    """The status of each PEStatus in a simaResponse, which is one EUICCResponse after the other."""
    for response in tlv.parse_all(sima_response):
        for entry in response.get(0xA0).children:
            yield int.from_bytes(entry.get(0x80).value, "big")


@case(
    "EU-151",
    clause="SGP.22 §2.5.6.1, TCA profile package §8",
    confidence="likely",
    area="euicc",
    catches=("takes-any-profile-version", "omits-sima-response"),
)
def test_element_that_cannot_be_processed(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A profile element that cannot be processed ends the installation, and the result tells its status."""
    with step(f"bind a profile package of version {NO_VERSION}", precondition=True):
        session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
        session.up_to_package()
        bound = Bound.of(session)
        package = bound.package(elements=in_another_version(bound.contents.elements))
    with step("LoadBoundProfilePackage", expect="an error result, no profile") as seen:
        answer = refused_package(euicc, package, seen)
    with step("look at the reason", expect="PEProcessingError(12), in loadProfileElements(5)") as seen:
        seen.observed(f"{answer.error_reason}, in command {answer.command_id}")
        assert (answer.error_reason, answer.command_id) == (PE_PROCESSING_ERROR, LOAD_ELEMENTS)
    with step("look at simaResponse", expect="a PEStatus other than ok(0)") as seen:
        seen.observed(answer.sima_response)
        assert any(statuses(answer.sima_response))


@case(
    "EU-152",
    clause="SGP.22 §2.5.6.1",
    confidence="likely",
    area="euicc",
    catches="promises-more-than-its-memory",
)
def test_profile_that_does_not_fit(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A profile whose files are larger than the free memory is not installed."""
    with step("bind a profile with files larger than the free memory", precondition=True):
        free = euicc.get_euicc_info2().free_memory
        session = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
        session.up_to_package()
        bound = Bound.of(session)
        package = bound.package(elements=with_large_files(bound.contents.elements, free))
    with step(f"LoadBoundProfilePackage, {free} octets being free", expect="an error result, no profile") as seen:
        answer = refused_package(euicc, package, seen)
    with step("look at the reason", expect="insufficientMemoryForProfile(10)") as seen:
        seen.observed(f"{answer.error_reason}, in command {answer.command_id}")
        assert answer.error_reason == INSUFFICIENT_MEMORY


@case(
    "EU-153",
    clause="SGP.22 §5.5.5",
    confidence="likely",
    area="euicc",
    catches=("installs-under-another-iccid", "ignores-owner-of-profile"),
)
def test_metadata_of_another_profile(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """Metadata whose ICCID or owner is not that of the profile's files end the installation."""
    plain = profiles["operational-a"]
    owner = {**plain.metadata["profileOwner"], "mccMnc": NETWORK_OF_SOMEBODY_ELSE}
    changes: Mapping[str, Mapping[str, Any]] = {"ICCID": {"iccid": ANOTHER_ICCID}, "owner": {"profileOwner": owner}}
    for name, fields in changes.items():
        with step(f"get a package with another {name} in its metadata", precondition=True):
            profile = replace(plain, metadata={**plain.metadata, **fields})
            package = StepwiseDownload(euicc, smdp, profile, clock).up_to_package()
        with step(f"LoadBoundProfilePackage, another {name}", expect="an error result, no profile") as seen:
            answer = refused_package(euicc, package, seen)
        with step(f"look at the reason for another {name}", expect="dataMismatch(13)") as seen:
            seen.observed(f"{answer.error_reason}, in command {answer.command_id}")
            assert answer.error_reason == DATA_MISMATCH


@case(
    "EU-154",
    clause="SGP.22 §5.5.5",
    confidence="likely",
    area="euicc",
    catches="takes-operators-key-in-test-profile",
)
def test_test_profile_with_key_of_an_operator(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """A test profile that could authenticate to an operator's network is not installed.

    Its network key has to be all zeros or that of the test USIM. A card that knows no test profiles takes none at all.
    """
    takes_tests = has_bit(euicc.get_euicc_info2().rsp_capability, TEST_PROFILE_SUPPORT)
    expected = INVALID_NAA_KEY if takes_tests else UNSUPPORTED_CLASS
    with step("get an operator's profile as one of class test", precondition=True):
        plain = profiles["operational-a"]
        profile = replace(plain, metadata={**plain.metadata, "profileClass": TEST})
        package = StepwiseDownload(euicc, smdp, profile, clock).up_to_package()
    with step("LoadBoundProfilePackage", expect="an error result, no profile") as seen:
        answer = refused_package(euicc, package, seen)
    with step("look at the reason", expect=f"{expected}: invalid NAA key(14), or unsupported class(6)") as seen:
        seen.observed(f"{answer.error_reason}, in command {answer.command_id}")
        assert answer.error_reason == expected
