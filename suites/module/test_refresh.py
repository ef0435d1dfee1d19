"""What a module makes of a REFRESH. ETSI TS 102 223 §6.4.7; SGP.32 v1.2 §3.4.1.

The REFRESH and its TERMINAL RESPONSE are not to be seen behind a module: it is judged by what it tells of its SIM.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from harness.codec.digits import unswapped
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import imsi_of
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.errors import Unsupported
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable
from harness.roles.es10 import Es10
from harness.roles.es10.status import CONDITIONS_NOT_SATISFIED, StatusWordFault

TWO_PROFILES = State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a")
OK = 0
SETTLED_WITHIN = 60.0
"""Seconds from the REFRESH until the module must know its new SIM."""
EF_ICCID, EF_IMSI = "2FE2", "6F07"


def switch(euicc: EuiccUnderTest, eim: Eim, profile: ProfilePackage) -> None:
    """Enables a profile. Raises Unsupported for a card that waits for a reset instead of asking for a REFRESH."""
    answer = euicc.load_package(eim.package(enable(profile.iccid)))
    assert answer.result("enableResult") == OK
    try:
        Es10(euicc.port, recover=False).get_eid()
    except StatusWordFault as fault:
        if fault.sw != CONDITIONS_NOT_SATISFIED:
            raise
        raise Unsupported("the card waits for a reset after an enable, and asks for no REFRESH") from fault


def knows(module: ModuleUnderTest, profile: ProfilePackage) -> bool:
    """Whether the module tells the ICCID and the IMSI of a profile."""
    return module.iccid().rstrip("F") == profile.iccid_digits and module.imsi() == imsi_of(profile)


@case(
    "MO-014",
    clause="ETSI TS 102 223 §6.4.7 (REFRESH), 3GPP TS 27.007 §8.3",
    confidence="likely",
    area="module",
    needs=TWO_PROFILES,
    catches="keeps-the-old-identity-after-refresh",
)
def test_new_identity_after_refresh(
    module: ModuleUnderTest,
    euicc: EuiccUnderTest,
    eim: Eim,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """After an enable the module starts its SIM anew by itself and tells the ICCID and the IMSI of the new profile."""
    new = profiles["operational-b"]
    with step("the eIM's package enables the other profile", precondition=True):
        switch(euicc, eim, new)
        began = time.monotonic()
    module.leave_card()
    with step("AT+CPIN?", expect=f"READY within {SETTLED_WITHIN:g} s") as seen:
        ready = module.wait_until(
            lambda: module.at("AT+CPIN?").checked().value("+CPIN") == "READY", deadline=SETTLED_WITHIN
        )
        seen.observed(f"{time.monotonic() - began:.2f} s")
        assert ready
    with step("ICCID and AT+CIMI", expect=f"{new.iccid_digits}, {imsi_of(new)}") as seen:
        told = module.wait_until(lambda: knows(module, new), deadline=SETTLED_WITHIN)
        seen.observed(f"{module.iccid()}, {module.imsi()} after {time.monotonic() - began:.2f} s")
        assert told


@case(
    "MO-015",
    clause="ETSI TS 102 223 §6.4.7 (REFRESH), 3GPP TS 27.007 §8.18 (+CRSM)",
    confidence="likely",
    area="module",
    needs=TWO_PROFILES,
    catches="serves-files-from-its-cache",
)
def test_files_are_read_anew(
    module: ModuleUnderTest,
    euicc: EuiccUnderTest,
    eim: Eim,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """After an enable +CRSM serves the files of the new profile, with no power cycle between."""
    old, new = profiles["operational-a"], profiles["operational-b"]
    with step("the module has +CRSM: EF_ICCID and EF_IMSI", precondition=True) as seen:
        module.optional(f"AT+CRSM=176,{int(EF_ICCID, 16)},0,0,10")
        before = unswapped(module.read_file(EF_ICCID, 10)), module.read_file(EF_IMSI, 9)
        seen.observed(f"{before[0]}, {before[1].hex()}")
        assert before[0] == old.iccid_digits
    with step("the eIM's package enables the other profile", precondition=True):
        switch(euicc, eim, new)
    module.leave_card()
    with step("EF_ICCID and EF_IMSI by +CRSM", expect=f"{new.iccid_digits}, another IMSI") as seen:
        anew = module.wait_until(
            lambda: unswapped(module.read_file(EF_ICCID, 10)) == new.iccid_digits, deadline=SETTLED_WITHIN
        )
        imsi = module.read_file(EF_IMSI, 9)
        seen.observed(f"{unswapped(module.read_file(EF_ICCID, 10))}, {imsi.hex()}")
        assert anew
        assert imsi != before[1]


@case(
    "MO-016",
    clause="SGP.32 v1.2 §3.4.1; ETSI TS 102 223 §6.4.7 (REFRESH)",
    confidence="likely",
    area="module",
    needs=TWO_PROFILES,
    relies_on=("attach",),
    catches="keeps-the-old-identity-after-refresh",
)
def test_refresh_while_data_flows(
    module: ModuleUnderTest,
    euicc: EuiccUnderTest,
    eim: Eim,
    profiles: Mapping[str, ProfilePackage],
    step: CaseSteps,
) -> None:
    """A REFRESH while a data context is active may be put off, but not for good. What the card heard of it is not seen."""
    new = profiles["operational-b"]
    with step("a context is active: AT+CGACT=1,1", precondition=True) as seen:
        module.leave_card()
        answer = module.optional("AT+CGACT=1,1")
        seen.observed(answer.final)
    with step("the eIM's package enables the other profile", precondition=True):
        switch(euicc, eim, new)
        began = time.monotonic()
    module.leave_card()
    with step("ICCID and AT+CIMI", expect=f"{new.iccid_digits}, {imsi_of(new)}") as seen:
        told = module.wait_until(lambda: knows(module, new), deadline=SETTLED_WITHIN)
        seen.observed(f"{module.iccid()}, {module.imsi()} after {time.monotonic() - began:.2f} s")
        assert told
