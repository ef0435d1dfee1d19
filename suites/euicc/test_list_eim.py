"""Listing the associated eIMs by a signed package. SGP.32 v1.2 §2.11.1.1.2 and §5.13."""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps, Step
from harness.roles.eim import Eim
from harness.roles.eim.commands import add_eim, list_eim
from harness.roles.eim.identity import ID_TYPE_OID, ID_TYPE_PROPRIETARY

PROPRIETARY = "proprietary-eim"
BY_OID = "2.999.20"
OK, INSUFFICIENT_MEMORY = 0, 1


@case(
    "EU-084",
    clause="SGP.32 v1.2 §2.11.1.1.2",
    area="euicc",
    needs=State(eims=2, exact=True),
    catches=("lists-first-eim-only", "shows-proprietary-eim-type"),
)
def test_list_eim(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """listEim names every associated eIM with its type; the proprietary type is left out."""
    with step("LoadEuiccPackage: listEim", expect="both eIMs") as seen:
        types = listed(euicc, eim, seen)
        assert set(types) == {eim.identity.eim_id, other_eim.identity.eim_id}
    with step("look at the types", expect="as configured", confidence="likely"):
        assert types[eim.identity.eim_id] == eim.identity.id_type
        assert types[other_eim.identity.eim_id] == other_eim.identity.id_type
    with step("add a third eIM of proprietary type", expect="ok, or no room for it", precondition=True) as seen:
        added = other_eim.configuration() | {"eimId": PROPRIETARY, "eimIdType": ID_TYPE_PROPRIETARY}
        answer = euicc.load_package(eim.package(add_eim(added)))
        seen.observed(answer.raw)
        kind, value = answer.result("addEimResult")
        has_room = kind == "associationToken" or value == OK
        assert has_room or value == INSUFFICIENT_MEMORY
    if not has_room:
        return
    with step("LoadEuiccPackage: listEim", expect="all three eIMs") as seen:
        types = listed(euicc, eim, seen)
        assert set(types) == {eim.identity.eim_id, other_eim.identity.eim_id, PROPRIETARY}
    with step("look at the proprietary one", expect="no eimIdType", confidence="likely"):
        assert types[PROPRIETARY] is None


@case(
    "EU-123",
    clause="SGP.32 v1.2 §2.11.1.1.1, §2.11.1.1.2",
    confidence="likely",
    area="euicc",
    needs=State(eims=1, exact=True),
    catches="calls-every-eim-id-an-fqdn",
)
def test_eim_named_by_oid(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """An eIM that is named by an object identifier is taken, and shown as one to eIMs and to the IPA."""
    with step("addEim of an eIM of the type OID", expect="ok") as seen:
        named = other_eim.configuration() | {"eimId": BY_OID, "eimIdType": ID_TYPE_OID}
        answer = euicc.load_package(eim.package(add_eim(named)))
        seen.observed(answer.raw)
        assert answer.result("addEimResult") == ("addEimResultCode", OK)
    with step("LoadEuiccPackage: listEim", expect="both, this one of the type OID") as seen:
        types = listed(euicc, eim, seen)
        assert types == {eim.identity.eim_id: eim.identity.id_type, BY_OID: ID_TYPE_OID}
    with step("GetEimConfigurationData", expect="the same type") as seen:
        shown = {entry.eim_id: entry.id_type for entry in euicc.get_eim_configuration()}
        seen.observed(shown)
        assert shown.get(BY_OID) == ID_TYPE_OID


def listed(euicc: EuiccUnderTest, eim: Eim, seen: Step) -> dict[str, int | None]:
    """The types of the eIMs in a listEim result, by eimId."""
    answer = euicc.load_package(eim.package(list_eim()))
    seen.observed(answer.raw)
    kind, entries = answer.result("listEimResult")
    assert kind == "eimIdList"
    return {entry["eimId"]: entry.get("eimIdType") for entry in entries}
