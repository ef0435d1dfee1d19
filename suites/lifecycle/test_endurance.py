"""What wears a card: many switches, and as many profiles as it takes. Rules of our own: nothing may leak."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.states import forget_notifications
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import delete, disable, enable
from harness.roles.es10.download import InstallationAnswer

CYCLES, TENTH = 50, 5
SLOWER, GRACE = 2.0, 0.1
"""How many times longer the last cycles may take than the first, and the seconds that never count."""
MANY = ("operational-a", "operational-b", "operational-c", "operational-d", "bootstrap")
OK = 0


@case(
    "LC-009",
    clause="SGP.32 v1.2 §3.4.1, §3.4.2",
    area="lifecycle",
    needs=State(eims=1, profiles=("operational-a",), exact=True),
    one_link=True,
    effects=("wears-flash",),
    catches=("keeps-acknowledged-result", "keeps-removed-notification"),
)
def test_fifty_cycles(euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """Fifty times enabled and disabled, a profile is switched as at first, as fast as at first, and nothing piles up."""
    iccid = profiles["operational-a"].iccid
    took: list[float] = []
    with step(f"{CYCLES} times enable and disable, each acknowledged", expect="ok(0) every time") as seen:
        for number in range(CYCLES):
            seen.observed(f"{number} cycles")
            began = time.monotonic()
            for command, result in ((enable(iccid), "enableResult"), (disable(iccid), "disableResult")):
                assert euicc.load_package(eim.package(command)).result(result) == OK
                euicc.get_profiles_info()  # a card that wants a reset after a switch gets it here
            forget_notifications(euicc)
            took.append(time.monotonic() - began)
        seen.observed(f"{CYCLES} cycles")
    with step("list what is stored", expect="no notification, no result") as seen:
        left = len(euicc.list_notifications()), len(euicc.retrieve_notifications(results=True).results)
        seen.observed(left)
        assert left == (0, 0)
    with step(
        "compare the times", expect=f"the last no more than {SLOWER:g} times the first", confidence="unsure"
    ) as seen:
        first, last = median(took[:TENTH]), median(took[-TENTH:])
        seen.observed(f"{first:.3f} s at first, {last:.3f} s at last")
        assert last <= SLOWER * first + GRACE


@case(
    "LC-010",
    clause="SGP.32 v1.2 §3.2, §3.4.3",
    area="lifecycle",
    needs=State(eims=1, exact=True),
    one_link=True,
    effects=("removes-profile",),
    catches=("says-deleted-but-does-not", "loses-memory-at-each-deletion"),
)
def test_as_many_as_it_takes(
    euicc: EuiccUnderTest,
    eim: Eim,
    profiles: Mapping[str, ProfilePackage],
    download: Callable[[str], InstallationAnswer],
    step: CaseSteps,
) -> None:
    """A card takes profiles until it is full; what one of them took is free again once it is deleted, every time."""
    installed: list[str] = []
    with step(f"install {', '.join(MANY)}, as far as there is room", precondition=True) as seen:
        for name in MANY:
            if not download(name).is_success:
                break
            installed.append(name)
        seen.observed(", ".join(installed))
        assert installed
    free = euicc.get_euicc_info2().free_memory
    for name in installed:
        with step(f"delete {name}, install it again", expect="ok(0), and as much free memory as before") as seen:
            assert euicc.load_package(eim.package(delete(profiles[name].iccid))).result("deleteResult") == OK
            forget_notifications(euicc)
            again = download(name)
            left = euicc.get_euicc_info2().free_memory
            seen.observed(f"{'installed' if again.is_success else f'error {again.error_reason}'}, {left} octets free")
            assert again.is_success
            assert left == free
    with step("GetProfilesInfo", expect="all of them, each once") as seen:
        found = sorted(info.iccid.hex() for info in euicc.get_profiles_info() if info.iccid is not None)
        seen.observed(" ".join(found))
        assert found == sorted(profiles[name].iccid.hex() for name in installed)
