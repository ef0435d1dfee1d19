"""Enabling a profile as soon as it is installed. SGP.32 v1.2 §3.4.4 and §5.9.15.

An eIM allows it beforehand, for every SM-DP+ or for one; the IPA then asks for it right after the download.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.codec import encode
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import asked_for, notification_keys
from harness.conformance.steps import CaseSteps, Step
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import configure_immediate_enable
from harness.roles.es10.download import InstallationAnswer
from harness.roles.es10.notifications import ENABLE
from harness.roles.es10.reading import decoded
from harness.roles.smdp import Smdp

OK, NOT_AVAILABLE, NO_SESSION_CONTEXT = 0, 1, 4
ANOTHER_ADDRESS = "another-smdp.harness.test"
ASSOCIATED = State(eims=1)


def immediate_enable(euicc: EuiccUnderTest, seen: Step) -> int:
    """ImmediateEnable with REFRESH; the result code."""
    answer = euicc.call(encode("ImmediateEnableRequest", {"refreshFlag": True}))
    seen.observed(answer)
    return int(decoded("ImmediateEnableResponse", answer)["immediateEnableResult"])


def configured(euicc: EuiccUnderTest, package: bytes) -> int:
    """The result code of a package whose only command is a configureImmediateEnable."""
    return int(euicc.load_package(package).result("configureImmediateEnableResult"))


@case(
    "EU-085",
    clause="SGP.32 v1.2 §3.4.4",
    area="euicc",
    needs=ASSOCIATED,
    requires=("immediate-enable",),
    catches=("allows-immediate-enable-in-words-only", "keeps-immediate-enable-allowed"),
)
def test_eim_allows_and_forbids(
    euicc: EuiccUnderTest, eim: Eim, download: Callable[[str], InstallationAnswer], step: CaseSteps
) -> None:
    """What an eIM allows by configureImmediateEnable the IPA can do, and what it takes back it cannot."""
    for allowed, profile, expected in (
        (True, "operational-a", OK),
        (False, "operational-b", NOT_AVAILABLE),
    ):
        with step(f"configureImmediateEnable, {'with' if allowed else 'without'} the flag", expect="ok(0)") as seen:
            code = configured(euicc, eim.package(configure_immediate_enable(enabled=allowed)))
            seen.observed(code)
            assert code == OK
        with step(f"download {profile}", precondition=True):
            assert download(profile).is_success
        with step("ImmediateEnable", expect=f"result {expected}; operational-a is enabled") as seen:
            assert immediate_enable(euicc, seen) == expected
            assert euicc.enabled_profile == "operational-a"


@case(
    "EU-086",
    clause="SGP.32 v1.2 §5.9.15",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    requires=("immediate-enable",),
    catches=("enables-at-once-without-permission", "takes-last-profile-for-a-session"),
)
def test_what_it_needs(
    euicc: EuiccUnderTest, eim: Eim, download: Callable[[str], InstallationAnswer], step: CaseSteps
) -> None:
    """ImmediateEnable needs to be allowed, and a download in this session."""
    with step("forbid it, then download a profile", precondition=True):
        assert configured(euicc, eim.package(configure_immediate_enable(enabled=False))) == OK
        assert download("operational-b").is_success
    with step("ImmediateEnable", expect="immediateEnableNotAvailable(1)") as seen:
        assert immediate_enable(euicc, seen) == NOT_AVAILABLE
        assert euicc.enabled_profile is None
    with step("allow it, and reset the card", precondition=True):
        assert configured(euicc, eim.package(configure_immediate_enable())) == OK
        euicc.reset()
    with step("ImmediateEnable with no download since", expect="noSessionContext(4)") as seen:
        assert immediate_enable(euicc, seen) == NO_SESSION_CONTEXT
        assert euicc.enabled_profile is None


@case(
    "EU-087",
    clause="SGP.32 v1.2 §5.9.15",
    area="euicc",
    needs=ASSOCIATED,
    requires=("immediate-enable",),
    catches=("ignores-server-of-immediate-enable", "enables-at-once-in-silence"),
)
def test_only_from_the_named_server(
    euicc: EuiccUnderTest,
    eim: Eim,
    smdp: Smdp,
    download: Callable[[str], InstallationAnswer],
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """Where the eIM named an SM-DP+, only a profile from there is enabled at once, and its receivers are told."""
    identity = smdp.identity
    named = configure_immediate_enable(smdp_oid=identity.oid, smdp_address=identity.address)
    elsewhere = configure_immediate_enable(smdp_address=ANOTHER_ADDRESS)
    with step("configureImmediateEnable for our SM-DP+ by OID and address", expect="ok(0)") as seen:
        code = configured(euicc, eim.package(named))
        seen.observed(code)
        assert code == OK
    with step("download a profile", precondition=True):
        assert download("operational-a").is_success
    with step("ImmediateEnable", expect="ok(0), and the profile is enabled") as seen:
        assert immediate_enable(euicc, seen) == OK
        assert euicc.enabled_profile == "operational-a"
    with step("ListNotification", expect="of the enable, to those that the profile names", confidence="likely") as seen:
        told = notification_keys(euicc.list_notifications(ENABLE))
        seen.observed(sorted(told))
        assert told == asked_for(profiles["operational-a"], ENABLE)
    with step("allow it for another SM-DP+ instead, download from ours", precondition=True):
        assert configured(euicc, eim.package(elsewhere)) == OK
        assert download("operational-b").is_success
    with step("ImmediateEnable", expect="immediateEnableNotAvailable(1)", confidence="likely") as seen:
        assert immediate_enable(euicc, seen) == NOT_AVAILABLE
        assert euicc.enabled_profile == "operational-a"
