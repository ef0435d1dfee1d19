"""Registration and data after a change of profile. 3GPP TS 27.007 §7.3, §10.1."""

from __future__ import annotations

import time
from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import imsi_of
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable

OK, HOME, ROAMING = 0, 1, 5
BUDGET = 180.0
"""Seconds from the change of profile until the module is registered and has its context."""


@case(
    "MO-017",
    clause="3GPP TS 27.007 §7.3 (+COPS), §10.1.22 (+CEREG), §10.1.10 (+CGACT)",
    area="module",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a"),
    relies_on=("attach",),
    catches=("searches-for-ever", "stays-without-data-after-a-switch"),
)
def test_attach_after_switch(
    module: ModuleUnderTest,
    euicc: EuiccUnderTest,
    eim: Eim,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """After a change of profile the module registers with the new one, in its network, and has a context with an address."""
    new = profiles["operational-b"]
    with step("AT+CGPADDR=1 with the former profile", expect="an address", precondition=True) as seen:
        module.leave_card()
        module.wait_until(lambda: bool(address(module)), deadline=BUDGET)
        seen.observed(address(module) or "none")
        assert address(module)
    with step("the eIM's package enables the other profile", precondition=True):
        assert euicc.load_package(eim.package(enable(new.iccid))).result("enableResult") == OK
        euicc.get_profiles_info()  # a card that wants a reset after the enable gets it here
        began = time.monotonic()
    module.leave_card()
    with step("AT+CEREG?", expect=f"1 or 5 within {BUDGET:g} s") as seen:
        registered = module.wait_until(lambda: module.registration() in (HOME, ROAMING), deadline=BUDGET)
        status = module.registration()
        seen.observed(f"{status} after {time.monotonic() - began:.1f} s")
        assert registered
    with step("AT+COPS?", expect="the home network of the new profile, where +CEREG says home") as seen:
        operator = module.at("AT+COPS?").checked().value("+COPS") or ""
        seen.observed(operator)
        fields = [field.strip().strip('"') for field in operator.split(",")]
        assert len(fields) > 2
        assert status == ROAMING or not fields[2].isdecimal() or imsi_of(new).startswith(fields[2])
    with step("AT+CGPADDR=1", expect="an address") as seen:
        module.wait_until(lambda: bool(address(module)), deadline=BUDGET)
        seen.observed(address(module) or "none")
        assert address(module)


def address(module: ModuleUnderTest) -> str:
    """The address of the first context; empty where it has none."""
    return (module.at("AT+CGPADDR=1").checked().value("+CGPADDR") or "").partition(",")[2].strip().strip('"')
