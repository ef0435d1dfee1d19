"""What a card tells an IPA about its way into the network. SGP.32 v1.2 §5.9.24."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import encode
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps, Step
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable
from harness.roles.es10.reading import decoded

NOT_AVAILABLE = 1


def parameters(euicc: EuiccUnderTest, seen: Step) -> bytes | int:
    """The HTTP parameters, empty where the list has none, or the error code."""
    answer = euicc.call(encode("GetConnectivityParametersRequest", {}))
    seen.observed(answer)
    kind, value = decoded("GetConnectivityParametersResponse", answer)
    return int(value) if kind == "connectivityParametersError" else bytes(value.get("httpParams", b""))


@case(
    "EU-097",
    clause="SGP.32 v1.2 §5.9.24",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    requires=("since-1.2",),
    catches=("tells-connectivity-of-no-profile", "tells-empty-connectivity-parameters"),
)
def test_parameters(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """The parameters are those of the enabled profile; where there are none the card says parametersNotAvailable."""
    with step("GetConnectivityParameters with no enabled profile", expect="parametersNotAvailable(1)") as seen:
        assert parameters(euicc, seen) == NOT_AVAILABLE
    with step("enable a profile", precondition=True):
        assert euicc.load_package(eim.package(enable(profiles["operational-a"].iccid))).result("enableResult") == 0
    with step("GetConnectivityParameters", expect="httpParams, or parametersNotAvailable(1)") as seen:
        found = parameters(euicc, seen)
        assert found == NOT_AVAILABLE or (isinstance(found, bytes) and found)
