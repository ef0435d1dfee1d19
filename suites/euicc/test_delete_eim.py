"""Deleting an eIM by a signed package. SGP.32 v1.2 §2.11.1.1.2 and §3.5.1."""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete_eim, list_profile_info

OK, EIM_NOT_FOUND, LAST_EIM_DELETED = 0, 1, 2


@case(
    "EU-082",
    clause="SGP.32 v1.2 §3.5.1",
    area="euicc",
    needs=State(eims=2, exact=True),
    effects=("removes-eim",),
    catches=("deletes-sender-for-another-eim", "says-ok-for-unknown-eim"),
)
def test_delete_another(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """An eIM that another one deletes is no longer obeyed; one that is not there is eimNotFound."""
    other_id = other_eim.identity.eim_id
    with step("deleteEim of the other eIM", expect="ok(0)") as seen:
        answer = euicc.load_package(eim.package(delete_eim(other_id)))
        seen.observed(answer.raw)
        assert answer.result("deleteEimResult") == OK
    with step("GetEimConfigurationData", expect="the sender alone") as seen:
        listed = [entry.eim_id for entry in euicc.get_eim_configuration()]
        seen.observed(listed)
        assert listed == [eim.identity.eim_id]
    with step("a package of the deleted eIM", expect="error unsigned") as seen:
        answer = euicc.load_package(other_eim.package(list_profile_info()))
        seen.observed(answer.raw)
        assert answer.kind == "error-unsigned"
    with step("deleteEim of the same again", expect="eimNotFound(1)") as seen:
        answer = euicc.load_package(eim.package(delete_eim(other_id)))
        seen.observed(answer.raw)
        assert answer.result("deleteEimResult") == EIM_NOT_FOUND


@case(
    "EU-083",
    clause="SGP.32 v1.2 §3.5.1",
    area="euicc",
    needs=State(eims=1, exact=True),
    effects=("removes-eim", "strands-device"),
    catches=("says-ok-for-last-eim", "stays-closed-after-last-eim", "signs-last-result-without-token"),
)
def test_last_eim_deletes_itself(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """The last eIM may delete itself: the result says so and is still signed for it, and the card is open again."""
    token = token_of(eim)
    with step("deleteEim of itself", expect="lastEimDeleted(2), signed with its token") as seen:
        answer = euicc.load_package(eim.package(delete_eim(eim.identity.eim_id)))
        seen.observed(answer.raw)
        assert answer.is_result
        assert answer.result("deleteEimResult") == LAST_EIM_DELETED
        assert answer.signature_is_valid(euicc.certificate, token)
    with step("a further package of it", expect="error unsigned") as seen:
        refused = euicc.load_package(eim.package(list_profile_info()))
        seen.observed(refused.raw)
        assert refused.kind == "error-unsigned"
    with step("AddInitialEim", expect="ok: the card has no eIM") as seen:
        added = euicc.add_initial_eim([eim.configuration()])
        seen.observed(added.raw)
        assert added.error is None
        eim.associate(euicc.eid, association_token=0, counter=0)
    with step("its first package", expect="a result") as seen:
        answer = euicc.load_package(eim.package(list_profile_info()))
        seen.observed(answer.raw)
        assert answer.is_result
