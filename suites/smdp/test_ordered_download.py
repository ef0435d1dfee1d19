"""A profile that an operator ordered, from an SM-DP+ that the card believes. SGP.22 v2.5 §3.1.3, §5.7.6.

A card under a CI of somebody else takes no profile of ours. With an account at an SM-DP+ that it believes, a whole download
onto it can be judged: the lab file names activation codes, and each is used once.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.es10.download import InstallationAnswer

DISABLED = 0


@case("DP-015", clause="SGP.22 v2.5 §5.7.6", area="smdp", catches="installs-profile-enabled")
def test_ordered_download(
    euicc: EuiccUnderTest, ordered_download: Callable[[], InstallationAnswer], step: CaseSteps
) -> None:
    """A profile that waits under an activation code is installed, disabled, and its result is kept for its SM-DP+."""
    with step("download it", precondition=True):
        answer = ordered_download()
    with step("look at the ProfileInstallationResult", expect="success") as seen:
        seen.observed(answer.raw)
        assert answer.is_success
    with step("GetProfilesInfo", expect="the profile, disabled"):
        states = [info.state for info in euicc.get_profiles_info() if info.iccid == answer.iccid]
        assert states == [DISABLED]
    with step("RetrieveNotificationsList", expect="the result is kept"):
        kept = [entry for entry in euicc.retrieve_notifications().pending if entry.is_installation_result]
        assert answer.signed in [entry.signed for entry in kept]
