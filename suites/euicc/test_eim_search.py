"""Finding one eIM among the associated ones. SGP.32 v1.2 §5.9.18."""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim

NOT_ASSOCIATED = "nobody.example.com"


@case(
    "EU-029",
    clause="SGP.32 v1.2 §5.9.18",
    confidence="likely",
    area="euicc",
    needs=State(eims=2),
    requires=("since-1.2",),
    catches="ignores-eim-search",
)
def test_search_by_eim_id(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """GetEimConfigurationData with an eimId gives that eIM alone, and an empty list for one that is not associated."""
    for wanted in (eim, other_eim):
        name = wanted.identity.eim_id
        with step(f"GetEimConfigurationData for {name}", expect="this eIM alone") as seen:
            found = [entry.eim_id for entry in euicc.get_eim_configuration(name)]
            seen.observed(found)
            assert found == [name]
    with step(f"GetEimConfigurationData for {NOT_ASSOCIATED}", expect="an empty list") as seen:
        found = [entry.eim_id for entry in euicc.get_eim_configuration(NOT_ASSOCIATED)]
        seen.observed(found)
        assert found == []
