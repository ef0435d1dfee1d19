"""What eUICCMemoryReset tells, and what it does to immediate enabling. SGP.32 v1.2 §5.9.5."""

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

OPERATIONAL, DEFAULT_SMDP, EIM_CONFIGURATION, IMMEDIATE_ENABLE = 0, 2, 5, 6
OK, NOT_SUPPORTED, NOT_AVAILABLE = 0, 1, 1


@case(
    "EU-095",
    clause="SGP.32 v1.2 §5.9.5",
    area="euicc",
    needs=State(eims=1),
    requires=("since-1.2", "immediate-enable"),
    catches="keeps-immediate-enable-at-reset",
)
def test_immediate_enable(
    euicc: EuiccUnderTest, eim: Eim, download: Callable[[str], InstallationAnswer], step: CaseSteps
) -> None:
    """Bit 6 takes back what an eIM allowed of immediate enabling, or the card says that it cannot."""
    with step("configureImmediateEnable with the flag", expect="ok(0)", precondition=True):
        answer = euicc.load_package(eim.package(configure_immediate_enable()))
        assert answer.result("configureImmediateEnableResult") == OK
    with step("reset with bit 6", expect="resetImmediateEnableConfigResult ok(0), or resetIECNotSupported(1)") as seen:
        told = euicc.memory_reset(IMMEDIATE_ENABLE)
        seen.observed(told.raw)
        assert told.immediate_enable in (OK, NOT_SUPPORTED)
    with step("download a profile", precondition=True):
        assert download("operational-a").is_success
    expected = NOT_AVAILABLE if told.immediate_enable == OK else OK
    with step("ImmediateEnable", expect=f"result {expected}: as the reset told") as seen:
        raw = euicc.call(encode("ImmediateEnableRequest", {"refreshFlag": True}))
        seen.observed(raw)
        assert decoded("ImmediateEnableResponse", raw)["immediateEnableResult"] == expected


@case(
    "EU-096",
    clause="SGP.32 v1.2 §5.9.5",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    effects=("removes-eim", "removes-profile", "strands-device"),
    requires=("since-1.2",),
    catches=("tells-eim-reset-unasked", "tells-one-reset-result-only"),
)
def test_combined_options(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """The results of the eIM and of the immediate-enable configuration stand in the answer only for their bits."""
    for bits in (
        (DEFAULT_SMDP,),
        (IMMEDIATE_ENABLE,),
        (OPERATIONAL, DEFAULT_SMDP, IMMEDIATE_ENABLE),
        (OPERATIONAL, EIM_CONFIGURATION),
        (OPERATIONAL, DEFAULT_SMDP, EIM_CONFIGURATION, IMMEDIATE_ENABLE),
    ):
        with step(f"reset with bits {bits}", expect="resetResult, and one more for each of bits 5 and 6") as seen:
            answer = euicc.memory_reset(*bits)
            seen.observed(answer.raw)
            assert (answer.eim is not None) == (EIM_CONFIGURATION in bits)
            assert (answer.immediate_enable is not None) == (IMMEDIATE_ENABLE in bits)
