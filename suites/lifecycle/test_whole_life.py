"""Whole lives of a card: every function together, from birth to deletion. SGP.32 v1.2 §3."""

from __future__ import annotations

from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest, certificates_for
from harness.conformance.devices.own_ipa import OwnIpa
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import TOKEN_REQUESTED, Eim
from harness.roles.eim.commands import Command, delete, delete_eim, disable, enable, list_profile_info
from harness.roles.smdp import Smdp

OK, NOTHING_TO_DELETE, LAST_EIM_DELETED = 0, 1, 2
EVERYTHING = (0, 1, 2, 3, 4, 5)
DONE = "done"


def carried_out(ipa: OwnIpa, eim: Eim, euicc: EuiccUnderTest, command: Command) -> tuple[tuple[str, object], ...]:
    """Queues one command, lets the IPA visit, and gives the results that the eIM believed. Asserts that there are any."""
    transaction = eim.queue_package(euicc.eid, command)
    ipa.poll()
    operation = eim.operation(transaction)
    assert operation.state == DONE
    return operation.results


@case(
    "LC-001",
    clause="SGP.32 v1.2 §3.2, §3.3, §3.4, §3.5, §3.8",
    area="lifecycle",
    needs=State(exact=True),
    effects=("removes-eim", "removes-profile", "strands-device"),
    catches=("keeps-deleted-eim", "forgets-enabled-profile-at-reset"),
)
def test_from_birth_to_deletion(
    euicc: EuiccUnderTest,
    ipa: OwnIpa,
    eim: Eim,
    smdp: Smdp,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """A virgin card is associated, polled, filled, switched, emptied and forgotten, and is as clean as at the start."""
    profile = profiles["operational-a"]
    with step("AddInitialEim", expect="ok, with a token") as seen:
        added = euicc.add_initial_eim([eim.configuration(association_token=TOKEN_REQUESTED)])
        seen.observed(added.raw)
        assert added.error is None
        assert len(added.entries) == 1
        token = added.entries[0]
        certificates = certificates_for(euicc, eim.identity.ci_key_id)
        eim.associate(
            euicc.eid,
            euicc_certificate=certificates.euicc,
            eum_certificate=certificates.eum,
            association_token=token or 0,
            counter=0,
            version=euicc.dialect.schema,
        )
    with step("first poll", expect="one GetEimPackage, nothing to do"):
        assert len(ipa.poll()) == 1
    with step("the eIM asks for IpaEuiccData", expect="done; the certificates lead to this EID"):
        request = eim.queue_data_request(euicc.eid)
        ipa.poll()
        assert eim.operation(request).state == DONE
    with step("direct download by activation code", expect="installed, disabled, reported to eIM and SM-DP+"):
        download = eim.queue_download(euicc.eid, activation_code=smdp.order(profile).activation_code)
        ipa.poll()
        assert eim.operation(download).state == DONE
        assert not euicc.profile("operational-a").is_enabled
    with step("enable", expect="enableResult ok(0), enabled, also after a reset") as seen:
        results = carried_out(ipa, eim, euicc, enable(profile.iccid))
        seen.observed(results)
        assert results == (("enableResult", OK),)
        euicc.reset()
        assert euicc.enabled_profile == "operational-a"
    with step("disable", expect="disableResult ok(0), disabled") as seen:
        results = carried_out(ipa, eim, euicc, disable(profile.iccid))
        seen.observed(results)
        assert results == (("disableResult", OK),)
        assert euicc.enabled_profile is None
    with step("delete", expect="deleteResult ok(0), no profile left") as seen:
        results = carried_out(ipa, eim, euicc, delete(profile.iccid))
        seen.observed(results)
        assert results == (("deleteResult", OK),)
        assert euicc.get_profiles_info() == ()
    with step("deleteEim of itself", expect="lastEimDeleted(2), validly signed; no eIM left") as seen:
        results = carried_out(ipa, eim, euicc, delete_eim(eim.identity.eim_id))
        seen.observed(results)
        assert results == (("deleteEimResult", LAST_EIM_DELETED),)
        assert euicc.get_eim_configuration() == ()
    with step("eUICCMemoryReset of everything", expect="ok(0) or nothingToDelete(1); nothing is stored") as seen:
        answer = euicc.memory_reset(*EVERYTHING)
        seen.observed(answer.raw)
        assert answer.reset in (OK, NOTHING_TO_DELETE)
        assert euicc.get_profiles_info() == ()
        assert euicc.list_notifications() == ()
        assert euicc.retrieve_notifications(results=True).results == ()


@case(
    "LC-002",
    clause="SGP.32 v1.2 §3.3.2, §3.4.1, §3.4.3",
    area="lifecycle",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a", exact=True),
    effects=("removes-profile",),
    catches="keeps-former-profile-for-ever",
)
def test_change_of_operator(
    euicc: EuiccUnderTest,
    ipa: OwnIpa,
    eim: Eim,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """A device changes its operator with a way back; once the new profile is confirmed, the old one can be deleted."""
    with step("enable B with rollbackFlag", expect="enableResult ok(0), B enabled") as seen:
        results = carried_out(ipa, eim, euicc, enable(profiles["operational-b"].iccid, rollback=True))
        seen.observed(results)
        assert results == (("enableResult", OK),)
        assert euicc.enabled_profile == "operational-b"
    with step("the next package confirms the change", precondition=True):
        carried_out(ipa, eim, euicc, list_profile_info())
    with step("delete A", expect="deleteResult ok(0)", confidence="likely") as seen:
        results = carried_out(ipa, eim, euicc, delete(profiles["operational-a"].iccid))
        seen.observed(results)
        assert results == (("deleteResult", OK),)
        assert euicc.find_profile("operational-a") is None
    with step("GetProfilesInfo", expect="B enabled"):
        assert euicc.enabled_profile == "operational-b"
