"""ConfigureImmediateProfileEnabling: what the IPA may decide as long as no eIM does. SGP.32 v1.2 §3.4.5 and §5.9.17."""

from __future__ import annotations

from collections.abc import Callable

from harness.codec import decode, encode
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.es10.download import InstallationAnswer
from harness.roles.es10.reading import decoded
from harness.roles.smdp import Smdp

OK, ASSOCIATED_EIM_ALREADY_EXISTS = 0, 2
NOT_AVAILABLE = 1
ANOTHER_ADDRESS = "another-smdp.harness.test"


def configure(euicc: EuiccUnderTest, *, allowed: bool, **server: str) -> int:
    """ConfigureImmediateProfileEnabling with or without the flag, for this SM-DP+; the result code."""
    value: dict[str, str | None] = {"immediateEnableFlag": None} if allowed else {}
    value |= server
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


@case(
    "EU-128",
    clause="SGP.32 v1.2 §3.4.5, §5.9.15, §5.9.17",
    confidence="likely",
    area="euicc",
    needs=State(exact=True),
    requires=("immediate-enable",),
    effects=("strands-device",),
    catches="forgets-server-that-ipa-named",
)
def test_ipa_names_a_server(
    euicc: EuiccUnderTest, smdp: Smdp, download: Callable[[str], InstallationAnswer], step: CaseSteps
) -> None:
    """Where the IPA allows immediate enabling for one SM-DP+, only a profile from there is enabled at once."""
    ours = {"defaultSmdpOid": smdp.identity.oid, "defaultSmdpAddress": smdp.identity.address}
    for name, server, profile, expected in (
        ("another SM-DP+", {"defaultSmdpAddress": ANOTHER_ADDRESS}, "operational-a", NOT_AVAILABLE),
        ("our SM-DP+", ours, "operational-b", OK),
    ):
        with step(f"ConfigureImmediateProfileEnabling for {name}", expect="ok(0)") as seen:
            code = configure(euicc, allowed=True, **server)
            seen.observed(code)
            assert code == OK
        with step(f"download {profile} from our SM-DP+", precondition=True):
            assert download(profile).is_success
        with step("ImmediateEnable", expect=f"result {expected}") as seen:
            answer = euicc.call(encode("ImmediateEnableRequest", {"refreshFlag": True}))
            seen.observed(answer)
            assert decoded("ImmediateEnableResponse", answer)["immediateEnableResult"] == expected
            assert euicc.enabled_profile == (profile if expected == OK else None)
