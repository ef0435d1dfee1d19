"""What belongs to one download serves no other. SGP.22 §5.7.5, §5.7.6 and §5.7.14."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.stepwise import StepwiseDownload
from harness.conformance.steps import CaseSteps, Step
from harness.lab.clock import Clock
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete
from harness.roles.es10.status import StatusWordFault
from harness.roles.smdp import Smdp

POSTPONED = 1
INVALID_TRANSACTION_ID = 5
OK = 0


@case(
    "SE-015",
    clause="SGP.22 §5.7.5, §5.7.14",
    confidence="likely",
    area="security",
    catches="takes-any-transaction-id",
)
def test_swapped_transactions(
    euicc: EuiccUnderTest, smdp: Smdp, profiles: Mapping[str, ProfilePackage], clock: Clock, step: CaseSteps
) -> None:
    """Once a second session is open, messages of the first are refused, and the second is not harmed by them."""
    first = StepwiseDownload(euicc, smdp, profiles["operational-a"], clock)
    second = StepwiseDownload(euicc, smdp, profiles["operational-b"], clock)
    with step("open a session, then another one", precondition=True):
        for_first = first.prepare_request(euicc.authenticate_server(first.authenticate_request()))
        for_second = second.prepare_request(euicc.authenticate_server(second.authenticate_request()))
    with step("PrepareDownload of the first", expect="refused") as seen:
        answer = euicc.prepare_download(for_first)
        seen.observed(answer.raw)
        assert not answer.is_ok
    with step("look at the code", expect="invalidTransactionId(5)") as seen:
        seen.observed(answer.error_code)
        assert answer.error_code == INVALID_TRANSACTION_ID
    with step("CancelSession of the first", expect="invalidTransactionId(5)") as seen:
        cancelled = euicc.cancel_session(first.transaction_id, POSTPONED)
        seen.observed(cancelled.raw)
        assert cancelled.error_code == INVALID_TRANSACTION_ID
    with step("the second goes on to its end", expect="its profile is installed") as seen:
        prepared = euicc.prepare_download(for_second)
        seen.observed(prepared.raw)
        assert prepared.is_ok
        assert euicc.load_bound_profile_package(second.bound_package(prepared)).is_success


@case(
    "SE-017",
    clause="SGP.22 §5.7.6",
    area="security",
    needs=State(eims=1),
    effects=("removes-profile",),
    catches="installs-bound-package-again",
)
def test_replayed_package(
    euicc: EuiccUnderTest,
    eim: Eim,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    clock: Clock,
    step: CaseSteps,
) -> None:
    """A bound profile package is for one session of one card: what was installed once cannot be installed from it again.

    The keys of a session come from one-time keys, which another session of the same card has not, nor has another card.
    """
    profile = profiles["operational-a"]
    with step("install a profile, and delete it", precondition=True):
        package = StepwiseDownload(euicc, smdp, profile, clock).up_to_package()
        assert euicc.load_bound_profile_package(package).is_success
        assert euicc.load_package(eim.package(delete(profile.iccid))).result("deleteResult") == OK
    with step("the same package with no session", expect="refused, no profile") as seen:
        assert not installs(euicc, package, profile, seen)
    with step("a new session up to PrepareDownload", precondition=True):
        StepwiseDownload(euicc, smdp, profile, clock).up_to_package()
    with step("the same package in that session", expect="refused, no profile") as seen:
        assert not installs(euicc, package, profile, seen)
    with step("a download of its own", expect="success"):
        again = StepwiseDownload(euicc, smdp, profile, clock)
        assert euicc.load_bound_profile_package(again.up_to_package()).is_success


def installs(euicc: EuiccUnderTest, package: bytes, profile: ProfilePackage, seen: Step) -> bool:
    """Whether the card takes a package, or has its profile afterwards."""
    has_answered_success = False
    try:
        answer = euicc.load_bound_profile_package(package)
        seen.observed(answer.raw)
        has_answered_success = answer.is_success
    except StatusWordFault as fault:
        seen.observed(f"status word {fault.sw:04X}")
    return has_answered_success or profile.iccid in [info.iccid for info in euicc.get_profiles_info()]
