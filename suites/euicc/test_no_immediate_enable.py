"""What a card does that has no immediate enabling. SGP.32 v1.2 §3.4.4, §5.9.5 and §5.9.15.

No card says of itself that it has none: the lab file has to.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.codec import encode
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import configure_immediate_enable
from harness.roles.es10.download import InstallationAnswer
from harness.roles.es10.reading import decoded
from harness.roles.es10.status import StatusWordFault

OK, NOT_AVAILABLE, RESET_NOT_SUPPORTED = 0, 1, 1
IMMEDIATE_ENABLE = 6


@case(
    "EU-132",
    clause="SGP.32 v1.2 §3.4.4, §5.9.15",
    area="euicc",
    needs=State(eims=1),
    without=("immediate-enable",),
    catches=("lets-immediate-enable-be-configured-that-it-lacks", "enables-at-once-without-permission"),
)
def test_cannot_be_configured(
    euicc: EuiccUnderTest, eim: Eim, download: Callable[[str], InstallationAnswer], step: CaseSteps
) -> None:
    """A card without immediate enabling lets no eIM configure it, and enables no profile at once."""
    with step("configureImmediateEnable with the flag", expect="an error", confidence="likely") as seen:
        answer = euicc.load_package(eim.package(configure_immediate_enable()))
        seen.observed(answer.raw)
        assert answer.is_result
        assert answer.result("configureImmediateEnableResult") != OK
    with step("download a profile", precondition=True):
        assert download("operational-a").is_success
    code: int | None = None
    with step("ImmediateEnable", expect="an error or an error status, and no profile is enabled") as seen:
        try:
            raw = euicc.call(encode("ImmediateEnableRequest", {"refreshFlag": True}))
            seen.observed(raw)
            code = int(decoded("ImmediateEnableResponse", raw)["immediateEnableResult"])
            assert code != OK
        except StatusWordFault as refused:
            seen.observed(f"status word {refused.sw:04X}")
        assert euicc.enabled_profile is None
    with step("look at the error", expect="immediateEnableNotAvailable(1)", confidence="likely") as seen:
        seen.observed(code)
        assert code == NOT_AVAILABLE


@case(
    "EU-133",
    clause="SGP.32 v1.2 §5.9.5",
    area="euicc",
    requires=("since-1.2",),
    without=("immediate-enable",),
    catches="keeps-immediate-enable-at-reset",
)
def test_cannot_be_reset(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """A card without immediate enabling has no configuration of it to reset, and says so."""
    with step("reset with bit 6", expect="resetImmediateEnableConfigResult resetIECNotSupported(1)") as seen:
        told = euicc.memory_reset(IMMEDIATE_ENABLE)
        seen.observed(told.raw)
        assert told.immediate_enable == RESET_NOT_SUPPORTED
