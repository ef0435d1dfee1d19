"""A profile that is there before anybody asks for it: loaded and enabled in one go, as in a factory. SGP.32 v1.2 §3.4.4."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.own_ipa import OwnIpa
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import configure_immediate_enable, list_profile_info
from harness.roles.smdp import Smdp

OK, DONE = 0, "done"


@case(
    "LC-007",
    clause="SGP.32 v1.2 §3.4.4, §5.9.15",
    area="lifecycle",
    needs=State(eims=1),
    requires=("immediate-enable",),
    catches=("allows-immediate-enable-in-words-only", "forgets-enabled-profile-at-reset"),
)
def test_loaded_and_enabled_before_first_boot(
    euicc: EuiccUnderTest,
    ipa: OwnIpa,
    eim: Eim,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """Where the eIM allows it a profile is enabled right after its download, and the first boot finds it in use."""
    with step("the eIM allows immediate enabling", expect="configureImmediateEnableResult ok(0)") as seen:
        package = eim.queue_package(euicc.eid, configure_immediate_enable())
        ipa.poll()
        seen.observed(eim.operation(package).results)
        assert eim.operation(package).results == (("configureImmediateEnableResult", OK),)
    with step("a profile is downloaded, without any other package", expect="installed and enabled") as seen:
        code = smdp.order(profiles["operational-a"]).activation_code
        download = eim.queue_download(euicc.eid, activation_code=code)
        ipa.poll()
        seen.observed(f"{eim.operation(download).state}, enabled: {euicc.enabled_profile}")
        assert eim.operation(download).state == DONE
        assert euicc.enabled_profile == "operational-a"
    with step("the first boot", expect="the profile is enabled, and a package is done") as seen:
        euicc.reset()
        package = eim.queue_package(euicc.eid, list_profile_info())
        ipa.poll()
        seen.observed(f"enabled: {euicc.enabled_profile}; {eim.operation(package).state}")
        assert euicc.enabled_profile == "operational-a"
        assert eim.operation(package).state == DONE
