"""Downloads that end early, and what the eIM hears of them. SGP.32 v1.2 §3.2.3.2, §3.2.3.3, §5.14.1 to §5.14.3.

What an IPA tells may come by ProvideEimPackageResult or by HandleNotification: what is judged is what arrives.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.codec import encode_pe, tlv
from harness.conformance.adversaries.lying import AUTHENTICATE, CANCEL, GET_BPP, INITIATE, Change, answered, member
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.ipa_views import INDIRECT, INSTALLED, declared, message_of, reported
from harness.conformance.steps import CaseSteps
from harness.errors import Unsupported
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import list_profile_info
from harness.roles.eim.events import DownloadReported
from harness.roles.smdp import Smdp
from harness.roles.smdp.events import SessionBegan

ASSOCIATED = State(eims=1)
INITIATE_TAG, AUTHENTICATE_TAG, GET_BPP_TAG = 0xBF39, 0xBF3B, 0xBF3A
AUTHENTICATE_ERRORS = (*range(1, 12), 50, 56, 127)
PPR_NOT_ALLOWED, METADATA_MISMATCH = 3, 4
"""CancelSessionReason."""
REFUSED = 50
"""pprNotAllowed of AuthenticateClient, metadataMismatch of GetBoundProfilePackage."""
DONE = "done"
FEW = 3


class Trial:
    """One download that is to fail."""

    def __init__(self, device: DeviceUnderTest, eim: Eim, smdp: Smdp, profile: ProfilePackage) -> None:
        before = len(reported(eim)), len(device.requests)
        self.transaction = eim.queue_download(device.eid, activation_code=smdp.order(profile).activation_code)
        device.work_off()
        self.reports: list[DownloadReported] = reported(eim)[before[0] :]
        self.requests = device.requests[before[1] :]

    def asked(self) -> list[int]:
        """The tags of what the eIM was asked."""
        return [message_of(request).tag for request in self.requests]

    def told(self) -> str:
        """The reports in words."""
        return " ".join(report.octets.hex().upper() for report in self.reports) or "nothing"

    def assert_failure_was_told(self) -> None:
        """Asserts one thing: the eIM heard that this download failed."""
        assert self.reports
        assert {(report.is_installed, report.transaction_id) for report in self.reports} == {(False, self.transaction)}


def profiles_on(device: DeviceUnderTest, eim: Eim) -> int:
    """How many profiles the card lists, by a package. Asserts that it is done."""
    package = eim.queue_package(device.eid, list_profile_info())
    device.work_off()
    assert eim.operation(package).state == DONE
    listed = [value for name, value in eim.operation(package).results if name == "listProfileInfoResult"]
    assert [kind for kind, _ in listed] == ["profileInfoListOk"]
    return sum(len(profiles) for _, profiles in listed)


def error(tag: int, error_tag: int, code: int) -> Change:
    """The eIM answers a function with this error."""
    return answered(tlv.build(tag, tlv.integer(error_tag, code)))


@case(
    "IP-030",
    clause="SGP.32 v1.2 §5.14.1",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    requires=("indirect-download",),
    catches="keeps-download-failures-quiet",
)
def test_initiate_errors(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """An error of InitiateAuthentication ends the download, and is reported as ProfileDownloadError."""
    declared(device, eim, step, INDIRECT)
    for code in device.esipa.initiate_errors:
        with step(f"InitiateAuthentication is answered with error {code}", expect="a report of the failure") as seen:
            device.eim_answers.change(INITIATE, error(INITIATE_TAG, 0x81, code))
            trial = Trial(device, eim, smdp, profiles["operational-a"])
            seen.observed(trial.told())
            if INITIATE_TAG not in trial.asked():
                raise Unsupported("the device prefers a direct download")
            trial.assert_failure_was_told()
        with step("look at what follows", expect="no AuthenticateClient") as seen:
            seen.observed(" ".join(f"{tag:X}" for tag in trial.asked()))
            assert AUTHENTICATE_TAG not in trial.asked()


@case(
    "IP-031",
    clause="SGP.32 v1.2 §5.14.3, §3.2.3.3",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    requires=("indirect-download",),
    catches=("keeps-download-failures-quiet", "leaves-sessions-open"),
)
def test_authenticate_errors(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """An error of AuthenticateClient is reported, and the session is cancelled at the card and the eIM."""
    declared(device, eim, step, INDIRECT)
    for code in AUTHENTICATE_ERRORS:
        with step(f"AuthenticateClient is answered with error {code}", expect="a report of the failure") as seen:
            device.eim_answers.change(AUTHENTICATE, error(AUTHENTICATE_TAG, 0x82, code))
            trial = Trial(device, eim, smdp, profiles["operational-a"])
            seen.observed(trial.told())
            if AUTHENTICATE_TAG not in trial.asked():
                raise Unsupported("the device prefers a direct download")
            trial.assert_failure_was_told()
        with step("look at what follows", expect="CancelSession") as seen:
            seen.observed(" ".join(f"{tag:X}" for tag in trial.asked()))
            assert 0xBF41 in trial.asked()


def cancel_reasons(device: DeviceUnderTest) -> list[int]:
    """The reasons that the device cancelled sessions with, in the full form or the compact one."""
    reasons = []
    for request in device.sent(CANCEL):
        response = message_of(request).get(0xA1)
        field = response.find(0xA0, 0x30, 0x82) or response.get(0xA2, 0x30, 0x80)
        reasons.append(int.from_bytes(field.value, "big", signed=True))
    return reasons


@case(
    "IP-027",
    clause="SGP.32 v1.2 §3.2.3.3",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    requires=("indirect-download", "eim-metadata-verification"),
    catches="cancels-without-the-reason",
)
def test_refused_metadata(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """Metadata that an eIM refuses on the IPA's behalf end the session with the reason that fits."""
    declared(device, eim, step, INDIRECT, "eimProfileMetadataVerification")
    for function, tag, error_tag, reason in (
        (AUTHENTICATE, AUTHENTICATE_TAG, 0x82, PPR_NOT_ALLOWED),
        (GET_BPP, GET_BPP_TAG, 0x81, METADATA_MISMATCH),
    ):
        before = len(device.sent(CANCEL))
        with step(f"the eIM answers {function} with error {REFUSED}", expect="a report of the failure") as seen:
            device.eim_answers.change(function, error(tag, error_tag, REFUSED))
            trial = Trial(device, eim, smdp, profiles["operational-a"])
            seen.observed(trial.told())
            if tag not in trial.asked():
                raise Unsupported("the device prefers a direct download")
            trial.assert_failure_was_told()
        with step("look at CancelSession", expect=f"once, reason {reason}") as seen:
            reasons = cancel_reasons(device)[before:]
            seen.observed(reasons)
            assert reasons == [reason]


def package_changed(changed: Callable[[bytes], bytes]) -> Change:
    """The SM-DP+ hands out another bound profile package."""

    def change(value: str) -> str:
        return base64.b64encode(changed(base64.b64decode(value))).decode()

    return member("boundProfilePackage", change)


def without_last_segment(package: bytes) -> bytes:
    """A whole TLV, but the last segment of the profile is missing."""
    outer = tlv.parse(package)
    *first, elements = outer.children
    kept = [segment.raw for segment in elements.children[:-1]]
    return tlv.build(outer.tag, *(child.raw for child in first), tlv.build(elements.tag, *kept))


def with_bad_metadata(package: bytes) -> bytes:
    """One bit of the metadata's MAC is another: the card answers long before the profile was sent."""
    metadata = tlv.parse(package).get(0xA1).children[-1]
    return with_flipped_bit(package, 8 * (metadata.offset + len(metadata.raw)) - 1)


@case(
    "IP-032",
    clause="SGP.32 v1.2 §5.14.2, SGP.22 §5.7.6",
    area="ipa",
    needs=ASSOCIATED,
    catches="keeps-download-failures-quiet",
)
def test_cut_package(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A bound profile package that is cut leaves no profile, and the failure is reported."""
    for changed, what in ((lambda octets: octets[:-1], "an octet"), (without_last_segment, "its last segment")):
        with step(f"a package without {what}", expect="a report of the failure", confidence="likely") as seen:
            device.smdp_answers.change(GET_BPP, package_changed(changed))
            trial = Trial(device, eim, smdp, profiles["operational-a"])
            seen.observed(trial.told())
            trial.assert_failure_was_told()
        with step("count the profiles", expect="none") as seen:
            count = profiles_on(device, eim)
            seen.observed(count)
            assert count == 0
    with step("a whole package", expect="the profile is installed"):
        trial = Trial(device, eim, smdp, profiles["operational-a"])
        assert {report.is_installed for report in trial.reports} == {True}


@case(
    "IP-033",
    clause="SGP.22 §5.7.6",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    catches="sends-on-after-an-early-result",
)
def test_early_result(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """When the card ends an installation early, no more segments are sent, and its result is what the eIM hears."""
    with step("a package whose metadata the card refuses", expect="a report of the failure") as seen:
        device.smdp_answers.change(GET_BPP, package_changed(with_bad_metadata))
        trial = Trial(device, eim, smdp, profiles["operational-a"])
        seen.observed(trial.told())
        trial.assert_failure_was_told()
    with step("look at the report", expect="the card's own result, BF37") as seen:
        octets = [tlv.parse(report.octets) for report in trial.reports]
        seen.observed(trial.told())
        assert all(one.tag == INSTALLED or one.find(INSTALLED) is not None for one in octets)


def with_content(profile: ProfilePackage, octets: int) -> ProfilePackage:
    """A profile with a PE-NonStandard of so many octets at its end."""
    element = {"nonStandard-header": {"identification": 99}, "issuerID": "2.999.1", "content": bytes(octets)}
    return replace(profile, der=profile.der + encode_pe(("nonStandard", element)))


@case(
    "IP-049",
    clause="SGP.22 §3.1.3, SGP.32 v1.2 §3.2.3",
    confidence="likely",
    area="ipa",
    needs=ASSOCIATED,
    catches="keeps-download-failures-quiet",
)
def test_no_room(
    device: DeviceUnderTest, eim: Eim, smdp: Smdp, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A profile that the card has no room for is reported as a failure, and not tried again and again."""
    huge = with_content(profiles["operational-a"], 8 << 20)
    with step("a download of a profile of 8 MB", expect="a report of the failure") as seen:
        trial = Trial(device, eim, smdp, huge)
        seen.observed(trial.told())
        trial.assert_failure_was_told()
    with step("let the polling interval pass", expect=f"no more than {FEW} attempts in all") as seen:
        device.advance(device.polling_interval)
        attempts = sum(isinstance(event, SessionBegan) for event in smdp.events)
        seen.observed(attempts)
        assert attempts <= FEW
