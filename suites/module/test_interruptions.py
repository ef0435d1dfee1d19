"""The IPA's work, interrupted at the serial port or at the SIM. SGP.32 v1.2 §3.3.1, §3.4.1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from harness.conformance.case import State, case
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.expectations import imsi_of
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.errors import LabFault
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable, list_profile_info
from harness.roles.eim.events import ResultAccepted

TWO_PROFILES = State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a")
DONE = "done"
SETTLED_WITHIN = 60.0


def tells(module: ModuleUnderTest, imsi: str) -> bool:
    """Whether +CIMI tells this IMSI."""
    return module.imsi() == imsi


def off_and_on(module: ModuleUnderTest, level: int) -> Callable[[], None]:
    """AT+CFUN=level, then AT+CFUN=1."""

    def interrupt() -> None:
        module.switch_radio(level).checked()
        module.switch_radio(1).checked()

    return interrupt


@case(
    "MO-018",
    clause="SGP.32 v1.2 §3.3.1, §3.4.1; 3GPP TS 27.007 §8.2 (+CFUN)",
    area="module",
    needs=TWO_PROFILES,
    catches="stays-offline-after-flight-mode",
)
def test_radio_is_switched_meanwhile(
    device: DeviceUnderTest,
    module: ModuleUnderTest,
    eim: Eim,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """An IPA whose radio, SIM or module goes down in the midst of a package resumes: the package is executed once."""
    interruptions: tuple[tuple[str, Callable[[], None], str], ...] = (
        ("AT+CFUN=4, AT+CFUN=1", off_and_on(module, 4), "operational-b"),
        ("AT+CFUN=0, AT+CFUN=1", off_and_on(module, 0), "operational-a"),
        ("AT+CFUN=1,1", module.reboot, "operational-b"),
    )
    for what, interrupt, name in interruptions:
        with step(f"an enable waits, the device polls, and meanwhile: {what}", precondition=True):
            transaction = eim.queue_package(device.eid, enable(profiles[name].iccid))
            device.poll_and(interrupt)
            device.work_off()
        with step("ask the eIM", expect="done, enableResult ok(0), told once") as seen:
            operation = eim.operation(transaction)
            told = [one for one in eim.events if isinstance(one, ResultAccepted) and one.transaction_id == transaction]
            seen.observed(f"{operation.state} {operation.results}, told {len(told)} times")
            assert operation.state == DONE
            assert operation.results == (("enableResult", 0),)
        with step("AT+CIMI", expect="the IMSI of the profile that was enabled"):
            assert module.wait_until(partial(tells, module, imsi_of(profiles[name])), deadline=SETTLED_WITHIN)


@case(
    "MO-019",
    clause="SGP.32 v1.2 §3.3.1; 3GPP TS 27.007 §8.3 (+CPIN)",
    area="module",
    needs=TWO_PROFILES,
    catches="never-sees-the-sim-again",
)
def test_sim_is_taken_out_meanwhile(
    device: DeviceUnderTest, module: ModuleUnderTest, eim: Eim, step: CaseSteps
) -> None:
    """A SIM that is taken out in the midst of a package and put in again is found, and the package gets its result."""
    with step("a package waits, the device polls, and meanwhile the SIM is taken out", precondition=True):
        transaction = eim.queue_package(device.eid, list_profile_info())
        device.poll_and(lambda: module.insert_sim(False))
    with step("AT+CPIN?", expect="an error") as seen:
        answer = module.at("AT+CPIN?")
        seen.observed(" / ".join((*answer.lines, answer.final)))
        assert not answer.ok
    with step("the SIM is put in; AT+CPIN?", expect=f"READY within {SETTLED_WITHIN:g} s"):
        module.insert_sim(True)
        assert module.wait_until(
            lambda: module.at("AT+CPIN?").checked().value("+CPIN") == "READY", deadline=SETTLED_WITHIN
        )
    with step("the device polls", expect="the eIM has the result") as seen:
        device.work_off()
        operation = eim.operation(transaction)
        seen.observed(operation.state)
        assert operation.state == DONE


@case(
    "MO-024",
    clause="unknown: no rule, what a module on a bench must outlive",
    confidence="likely",
    area="module",
    needs=State(eims=1),
    catches="rests-without-its-host",
)
def test_port_is_unplugged_meanwhile(
    device: DeviceUnderTest, module: ModuleUnderTest, eim: Eim, step: CaseSteps
) -> None:
    """A serial port that is unplugged is a fault of the lab's; the module's IPA works on, and the port comes back."""
    with step("AT+CGSN", expect="the IMEI", precondition=True) as seen:
        imei = module.at("AT+CGSN").checked().lines
        seen.observed(" ".join(imei))
    with step("a package waits, the device polls, and meanwhile the plug is pulled", precondition=True):
        transaction = eim.queue_package(device.eid, list_profile_info())
        device.poll_and(lambda: module.plug(False))
    with step("AT", expect="a lost port, which is the lab's", precondition=True) as seen:
        lost = ""
        try:
            module.at("AT")
        except LabFault as fault:
            lost = str(fault)
        seen.observed(lost or "it was answered")
        assert lost
    with step("another package waits, and the plug is put in", precondition=True):
        another = eim.queue_package(device.eid, list_profile_info())
        module.plug(True)
        module.agree()
    with step("AT+CGSN", expect=f"{' '.join(imei)} as before") as seen:
        again = module.at("AT+CGSN").checked().lines
        seen.observed(" ".join(again))
        assert again == imei
    with step("ask the eIM", expect="both packages done") as seen:
        device.work_off()
        states = [eim.operation(one).state for one in (transaction, another)]
        seen.observed(states)
        assert states == [DONE, DONE]
