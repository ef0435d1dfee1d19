"""ConfigureImmediateProfileEnabling: what the IPA may decide as long as no eIM does. SGP.32 v1.2 §3.4.5 and §5.9.17."""

from __future__ import annotations

from harness.codec import decode, encode
from harness.conformance.case import State, case
from harness.conformance.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps

OK, ASSOCIATED_EIM_ALREADY_EXISTS = 0, 2


def configure(euicc: EuiccUnderTest, *, allowed: bool) -> int:
    """ConfigureImmediateProfileEnabling with or without the flag; the result code."""
    value = {"immediateEnableFlag": None} if allowed else {}
    answer = euicc.call(encode("ConfigureImmediateProfileEnablingRequest", value))
    return int(decode("ConfigureImmediateProfileEnablingResponse", answer)["configImmediateEnableResult"])


@case(
    "EU-030",
    clause="SGP.32 v1.2 §5.9.17",
    confidence="likely",
    area="euicc",
    needs=State(exact=True),
    requires=("immediate-enable",),
    catches="refuses-ipa-to-allow-immediate-enable",
)
def test_ipa_decides_before_any_eim(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """Before any eIM is associated the IPA may allow immediate enabling, and take that back."""
    for allowed, name in ((True, "with the flag"), (False, "without the flag")):
        with step(f"ConfigureImmediateProfileEnabling {name}", expect="ok(0)") as seen:
            code = configure(euicc, allowed=allowed)
            seen.observed(code)
            assert code == OK


@case(
    "EU-031",
    clause="SGP.32 v1.2 §5.9.17",
    area="euicc",
    needs=State(eims=1),
    requires=("immediate-enable",),
    catches="lets-ipa-overrule-eim-on-immediate-enable",
)
def test_ipa_decides_no_more(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """Once an eIM is associated, immediate enabling is its business: associatedEimAlreadyExists."""
    with step("ConfigureImmediateProfileEnabling with the flag", expect="associatedEimAlreadyExists(2)") as seen:
        code = configure(euicc, allowed=True)
        seen.observed(code)
        assert code == ASSOCIATED_EIM_ALREADY_EXISTS
