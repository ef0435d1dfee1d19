"""The power goes in the middle of an action: afterwards the card is as before or as after. SGP.32 v1.2 §3.3.1, §2.11.2.

Each action is done once whole and then again with its power lost: on a simulated card just before and just behind each
write of its memory, on a real one at random moments through the lab's power switch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.codec import tlv
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import asked_for, notification_keys
from harness.conformance.devices.own_ipa import OwnIpa
from harness.conformance.devices.power import PowerUnderTest
from harness.conformance.ours.states import forget_notifications
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import Command, delete, enable, set_default_dp_address, set_fallback
from harness.roles.es10.download import InstallationAnswer
from harness.roles.es10.notifications import DISABLE, ENABLE

OK, NOT_AVAILABLE, REPLAY_ERROR = 0, 6, 4
DONE = "done"
OTHER = {"operational-a": "operational-b", "operational-b": "operational-a"}


@case(
    "RS-001",
    clause="SGP.32 v1.2 §3.3.1",
    confidence="likely",
    area="resilience",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a"),
    one_link=True,
    effects=("wears-flash",),
    catches=("disables-before-it-enables", "takes-counter-before-its-package"),
)
def test_enable(
    euicc: EuiccUnderTest,
    eim: Eim,
    power: PowerUnderTest,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """An enable that loses its power happened or not: one profile is enabled, with all that follows or nothing of it."""
    with step("an enable that keeps its power", precondition=True) as seen:
        with power.rehearse() as whole:
            answer = euicc.load_package(eim.package(enable(profiles["operational-b"].iccid)))
        seen.observed(whole.in_words)
        assert answer.result("enableResult") == OK
    for cut in whole.cuts:
        with step("the card has nothing to tell", precondition=True):
            forget_notifications(euicc)
            before = euicc.enabled_profile or "none"
            assert before in OTHER
            wanted = OTHER[before]
            package = eim.package(enable(profiles[wanted].iccid))
        with step(f"enable {wanted}, power lost {cut}", expect="before or after, as a whole") as seen:
            with power.cut(cut):
                euicc.load_package(package)
            enabled = [info.iccid for info in euicc.get_profiles_info() if info.is_enabled]
            results = euicc.retrieve_notifications(results=True).results
            told = notification_keys(euicc.list_notifications())
            seen.observed(f"{euicc.enabled_profile}, {len(results)} results, {len(told)} notifications")
            if enabled == [profiles[before].iccid]:
                assert (results, told) == ((), set())
            else:
                assert enabled == [profiles[wanted].iccid]
                assert [one.results for one in results] == [(("enableResult", OK),)]
                assert told == asked_for(profiles[wanted], ENABLE) | asked_for(profiles[before], DISABLE)
        with step("the same package again", expect=f"a result, or replayError(4); {wanted} is enabled") as seen:
            answer = euicc.load_package(package)
            seen.observed(answer.raw)
            assert answer.is_result is not bool(results)
            assert answer.error_code in (None, REPLAY_ERROR)
            assert euicc.enabled_profile == wanted


@case(
    "RS-002",
    clause="SGP.22 §2.5.6, §5.7.6",
    confidence="likely",
    area="resilience",
    needs=State(eims=1),
    one_link=True,
    effects=("removes-profile", "wears-flash"),
    catches=("lists-profile-before-it-is-installed", "tells-of-profile-before-it-is-installed"),
)
def test_installation(
    euicc: EuiccUnderTest,
    eim: Eim,
    power: PowerUnderTest,
    profiles: Mapping[str, ProfilePackage],
    download: Callable[[str], InstallationAnswer],
    step: CaseSteps,
) -> None:
    """An installation that loses its power leaves the whole profile or nothing of it, and can be repeated."""
    iccid = profiles["operational-a"].iccid
    with step("an installation that keeps its power", precondition=True) as seen:
        with power.rehearse() as whole:
            assert download("operational-a").is_success
        seen.observed(whole.in_words)
    for cut in whole.cuts:
        with step("the card is empty again", precondition=True):
            if euicc.find_profile("operational-a") is not None:
                assert euicc.load_package(eim.package(delete(iccid))).result("deleteResult") == OK
            forget_notifications(euicc)
            free = euicc.get_euicc_info2().ext_card_resource
        with step(f"install, power lost {cut}", expect="no profile and no result, or both") as seen:
            with power.cut(cut):
                download("operational-a")
            listed = [info for info in euicc.get_profiles_info() if info.iccid == iccid]
            told = [entry for entry in euicc.retrieve_notifications().pending if entry.is_installation_result]
            seen.observed(f"{len(listed)} profiles, {len(told)} results")
            assert len(listed) <= 1
            assert len(told) == len(listed)
            assert listed or euicc.get_euicc_info2().ext_card_resource == free
        if not listed:
            with step("install it again", expect="success, listed"):
                assert download("operational-a").is_success
                assert not euicc.profile("operational-a").is_enabled


def fetched(eim: Eim, euicc: EuiccUnderTest, command: Command) -> bytes:
    """A package with one command as the IPA gets it from the eIM: the eIM knows that it is under way."""
    eim.queue_package(euicc.eid, command)
    reply = tlv.parse(eim.handle(tlv.build(0xBF4F, tlv.build(0x5A, euicc.eid)), 0.0))
    return reply.get(0xBF51).raw


@case(
    "RS-003",
    clause="SGP.32 v1.2 §2.11.2, §3.3.1",
    confidence="likely",
    area="resilience",
    needs=State(eims=1),
    one_link=True,
    effects=("wears-flash",),
    requires=("since-1.2",),
    catches=("stores-result-behind-its-effect", "stores-result-before-its-effect"),
)
def test_result(euicc: EuiccUnderTest, ipa: OwnIpa, eim: Eim, power: PowerUnderTest, step: CaseSteps) -> None:
    """A result that the power cut kept from the eIM is delivered after the boot; without one, nothing was done.

    What was not done is done then: our eIM offers a package until it has heard of it.
    """
    with step("a package that keeps its power", precondition=True) as seen:
        package = fetched(eim, euicc, set_default_dp_address("smdp.example.com"))
        with power.rehearse() as whole:
            assert euicc.load_package(package).is_result
        seen.observed(whole.in_words)
        ipa.poll()
    for number, cut in enumerate(whole.cuts):
        address = f"smdp{number}.example.com"
        package = fetched(eim, euicc, set_default_dp_address(address))
        with step(f"a package, power lost {cut}", expect="no effect and no result, or both") as seen:
            with power.cut(cut):
                euicc.load_package(package)
            stored = euicc.retrieve_notifications(results=True).results
            is_done = euicc.get_configured_addresses().default_dp_address == address
            seen.observed(f"{'done' if is_done else 'not done'}, {len(stored)} results")
            assert is_done is bool(stored)
        with step("the IPA polls after the boot", expect="the eIM has the result, the card no longer") as seen:
            ipa.poll()
            operation = eim.operation(tlv.parse(package).get(0x30, 0x82).value)
            seen.observed(f"{operation.state}: {operation.results}")
            assert operation.state == DONE
            assert euicc.retrieve_notifications(results=True).results == ()


@case(
    "FB-018",
    clause="SGP.32 v1.2 §5.9.20",
    confidence="likely",
    area="fallback",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-b"),
    requires=("fallback",),
    one_link=True,
    effects=("wears-flash",),
    catches="remembers-fallback-before-it-happens",
)
def test_fallback(
    euicc: EuiccUnderTest,
    eim: Eim,
    power: PowerUnderTest,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """A fallback that loses its power before the REFRESH happened or not: the way back is there exactly if it did."""
    fallback, in_use = "operational-a", "operational-b"
    with step("setFallbackAttribute on A", precondition=True):
        answer = euicc.load_package(eim.package(set_fallback(profiles[fallback].iccid)))
        assert answer.result("setFallbackAttributeResult") == OK
    with step("a fallback that keeps its power", precondition=True) as seen:
        with power.rehearse() as whole:
            assert euicc.execute_fallback() == OK
        seen.observed(whole.in_words)
    with step("return from it", precondition=True):
        assert euicc.return_from_fallback() == OK
    for cut in whole.cuts:
        with step(f"ExecuteFallbackMechanism, power lost {cut}", expect="A or B is enabled, and it alone") as seen:
            with power.cut(cut):
                euicc.execute_fallback()
            enabled = [info.iccid for info in euicc.get_profiles_info() if info.is_enabled]
            seen.observed(euicc.enabled_profile)
            assert enabled in ([profiles[fallback].iccid], [profiles[in_use].iccid])
        fell_back = enabled == [profiles[fallback].iccid]
        expect = "ok(0)" if fell_back else "fallbackNotAvailable(6)"
        with step("ReturnFromFallback", expect=f"{expect}, B is enabled") as seen:
            code = euicc.return_from_fallback()
            seen.observed(code)
            assert code == (OK if fell_back else NOT_AVAILABLE)
            assert euicc.enabled_profile == in_use
