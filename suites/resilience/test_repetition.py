"""What comes twice, too late or again and again leaves the card as it is. SGP.32 v1.2 §3.3.1, SGP.22 §4.3."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.adversaries.tampering import with_flipped_bit
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import notification_keys
from harness.conformance.ours.states import forget_notifications
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.conformance.steps import CaseSteps
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import disable, enable
from harness.roles.smdp import Smdp

OK, REPLAY_ERROR = 0, 4
ATTEMPTS = 10
ROOM_FOR_RECORDS = 512
"""Octets that a card may spend on remembering what happened."""


def failing_download(euicc: EuiccUnderTest, smdp: Smdp, profile: ProfilePackage, clock: Clock) -> bool:
    """An installation whose last segment has a changed bit; whether the card took it all the same."""
    package = StepwiseDownload(euicc, smdp, profile, clock).up_to_package()
    last = tlv.parse(package).get(0xA3).children[-1]
    answer = euicc.load_bound_profile_package(with_flipped_bit(package, 8 * (last.offset + last.header_length) + 13))
    forget_notifications(euicc)
    return answer.is_success


@case(
    "RS-011",
    clause="SGP.22 §4.3",
    confidence="likely",
    area="resilience",
    one_link=True,
    catches="loses-memory-at-each-failed-installation",
)
def test_failed_downloads(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """Ten failed installations in a row cost no memory, and the eleventh attempt succeeds."""
    profile = profiles["operational-a"]
    with step("one installation fails", expect="an error result", precondition=True) as seen:
        assert not failing_download(euicc, smdp, profile, clock)
        before = euicc.get_euicc_info2().free_memory
        seen.observed(f"{before} octets free")
    with step(f"{ATTEMPTS - 1} more fail", expect=f"as much free memory as after the first: {before}") as seen:
        assert not any(failing_download(euicc, smdp, profile, clock) for _ in range(ATTEMPTS - 1))
        after = euicc.get_euicc_info2().free_memory
        seen.observed(after)
        assert after > before - ROOM_FOR_RECORDS
    with step("the same profile, unchanged", expect="success"):
        package = StepwiseDownload(euicc, smdp, profile, clock).up_to_package()
        assert euicc.load_bound_profile_package(package).is_success


@case(
    "RS-012",
    clause="SGP.32 v1.2 §3.3.1",
    area="resilience",
    needs=State(eims=1, profiles=("operational-a",)),
    catches="takes-the-last-package-again",
)
def test_package_comes_twice(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A package that is delivered twice is carried out once: the second time it is replayError, and nothing is told."""
    package = eim.package(enable(profiles["operational-a"].iccid))
    with step("LoadEuiccPackage: enable A", expect="ok(0)", precondition=True):
        assert euicc.load_package(package).result("enableResult") == OK
        told = notification_keys(euicc.list_notifications())
    with step("the same package again", expect="replayError(4)") as seen:
        answer = euicc.load_package(package)
        seen.observed(answer.raw)
        assert answer.error_code == REPLAY_ERROR
    with step("look at the card", expect="A is enabled, one result, the notifications of one enable"):
        assert euicc.enabled_profile == "operational-a"
        assert len(euicc.retrieve_notifications(results=True).results) == 1
        assert notification_keys(euicc.list_notifications()) == told


@case(
    "RS-013",
    clause="SGP.32 v1.2 §3.3.1",
    area="resilience",
    needs=State(eims=1, profiles=("operational-a",)),
    effects=("strands-device",),
    catches="takes-packages-out-of-order",
)
def test_packages_out_of_order(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A package that was overtaken by a later one of its eIM is never carried out."""
    iccid = profiles["operational-a"].iccid
    earlier, later = eim.package(disable(iccid)), eim.package(enable(iccid))
    with step("the later package arrives: enable A", expect="ok(0)", precondition=True):
        assert euicc.load_package(later).result("enableResult") == OK
    for time in ("first", "second"):
        with step(f"the earlier package arrives, the {time} time: disable A", expect="replayError(4), enabled") as seen:
            answer = euicc.load_package(earlier)
            seen.observed(answer.raw)
            assert answer.error_code == REPLAY_ERROR
            assert euicc.enabled_profile == "operational-a"
