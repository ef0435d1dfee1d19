"""The life of an association: a device that moves to another eIM, loses its last, and begins anew.

SGP.32 v1.2 §3.5.1 (eCO), §3.5.2 (AddInitialEim), §5.9.5 (eUICCMemoryReset).
"""

from __future__ import annotations

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import refusal
from harness.conformance.devices.own_ipa import OwnIpa
from harness.conformance.ours.states import associate
from harness.conformance.steps import CaseSteps
from harness.roles.eim import TOKEN_REQUESTED, Eim
from harness.roles.eim.commands import add_eim, delete_eim, list_profile_info

ASSOCIATED = State(eims=1)
DONE, OK, LAST_EIM_DELETED = "done", 0, 2
EIM_CONFIGURATION = 5


@case(
    "LC-005",
    clause="SGP.32 v1.2 §3.5.1",
    area="lifecycle",
    needs=ASSOCIATED,
    effects=("removes-eim",),
    catches=("reads-its-eims-only-at-boot", "keeps-polling-a-deleted-eim"),
)
def test_migration(device: DeviceUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """The old eIM adds a new one, the new one deletes the old: the device is reached throughout, and by the new one only."""
    with step("the old eIM adds the new one", expect="addEimResult with a token") as seen:
        package = eim.queue_package(device.eid, add_eim(other_eim.configuration(association_token=TOKEN_REQUESTED)))
        device.work_off()
        results = dict(eim.operation(package).results)
        seen.observed(results)
        assert "addEimResult" in results
        kind, token = results["addEimResult"]
        known = eim.device(device.eid)
        other_eim.associate(
            device.eid,
            euicc_certificate=known.euicc_certificate,
            eum_certificate=known.eum_certificate,
            association_token=token if kind == "associationToken" else 0,
            version=known.version,
            ipa_version=known.ipa_version,
        )
    with step(
        "the new eIM deletes the old one, the device polls", expect="deleteEimResult ok(0) at the new one"
    ) as seen:
        package = other_eim.queue_package(device.eid, delete_eim(eim.identity.eim_id))
        device.poll_now()
        operation = other_eim.operation(package)
        seen.observed(f"{operation.state} {operation.results}")
        assert operation.results == (("deleteEimResult", OK),)
    before = len(device.requests)
    with step(
        "a package waits at each, the device polls twice", expect="the new one's is done, the old one's not"
    ) as seen:
        old = eim.queue_package(device.eid, list_profile_info())
        new = other_eim.queue_package(device.eid, list_profile_info())
        device.poll_now()
        device.poll_now()
        seen.observed(f"new: {other_eim.operation(new).state}, old: {eim.operation(old).state}")
        assert other_eim.operation(new).state == DONE
        assert eim.operation(old).state != DONE
    with step("count what the old eIM still heard", expect="no request", confidence="likely") as seen:
        seen.observed(len(device.requests) - before)
        assert len(device.requests) == before


@case(
    "LC-006",
    clause="SGP.32 v1.2 §3.5.1, §3.5.2",
    area="lifecycle",
    needs=ASSOCIATED,
    effects=("removes-eim", "strands-device"),
    catches=("keeps-deleted-eim", "stays-closed-after-last-eim"),
)
def test_last_eim_and_recovery(euicc: EuiccUnderTest, ipa: OwnIpa, eim: Eim, step: CaseSteps) -> None:
    """A device whose last eIM is deleted is managed by nobody; AddInitialEim brings it back."""
    with step("the eIM deletes itself", expect="lastEimDeleted(2); no eIM left") as seen:
        package = eim.queue_package(euicc.eid, delete_eim(eim.identity.eim_id))
        ipa.poll()
        seen.observed(eim.operation(package).results)
        assert eim.operation(package).results == (("deleteEimResult", LAST_EIM_DELETED),)
        assert euicc.get_eim_configuration() == ()
    with step("the IPA wakes", expect="nobody to poll") as seen:
        polled = ipa.poll()
        seen.observed(len(polled))
        assert polled == ()
    with step("a package of the deleted eIM", expect="refused") as seen:
        seen.observed(refusal(euicc, eim.package(list_profile_info())))
        assert refusal(euicc, eim.package(list_profile_info()))
    with step("AddInitialEim, then a package", expect="done: the device is managed again") as seen:
        associate(euicc, [eim])
        package = eim.queue_package(euicc.eid, list_profile_info())
        ipa.poll()
        seen.observed(eim.operation(package).state)
        assert eim.operation(package).state == DONE


@case(
    "LC-008",
    clause="SGP.32 v1.2 §5.9.5, §3.5.2",
    area="lifecycle",
    needs=ASSOCIATED,
    requires=("eim-reset", "since-1.2"),
    effects=("removes-eim", "burns-counter"),
    catches=("says-eim-reset-but-keeps-it", "keeps-counter-over-an-eim-reset"),
)
def test_reset_and_start_again(euicc: EuiccUnderTest, ipa: OwnIpa, eim: Eim, step: CaseSteps) -> None:
    """After a reset of its eIM configuration a card is associated like a new one: nothing is left of counter and token."""
    with step("three packages are done", precondition=True):
        packages = [eim.queue_package(euicc.eid, list_profile_info()) for _ in range(3)]
        ipa.poll()
        assert all(eim.operation(package).state == DONE for package in packages)
        former = eim.package(list_profile_info())
    with step("eUICCMemoryReset of the eIM configuration", expect="ok(0), no eIM left") as seen:
        answer = euicc.memory_reset(EIM_CONFIGURATION)
        seen.observed(answer.raw)
        assert answer.eim == OK
        assert euicc.get_eim_configuration() == ()
    with step("the same eIM is added again, with counter 0 as at birth", precondition=True):
        associate(euicc, [eim])
    with step("a package with counter 1", expect="done") as seen:
        package = eim.queue_package(euicc.eid, list_profile_info())
        ipa.poll()
        seen.observed(f"{eim.operation(package).state}, error {eim.operation(package).error_code}")
        assert eim.operation(package).state == DONE
    with step("a package from before the reset", expect="refused: it has the former token") as seen:
        seen.observed(refusal(euicc, former) or "not refused")
        assert eim.device().association.token == 0 or refusal(euicc, former)
