"""eUICCMemoryReset: each option clears its group and nothing else. SGP.32 v1.2 §5.9.5."""

from __future__ import annotations

from collections.abc import Callable

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.errors import DeviceFault
from harness.roles.es10.download import InstallationAnswer

OPERATIONAL, FIELD_LOADED_TEST, DEFAULT_SMDP, PROVISIONING, EIM_CONFIGURATION = 0, 1, 2, 4, 5
OK, NOTHING_TO_DELETE, EIM_RESET_NOT_SUPPORTED = 0, 1, 2
ADDRESS = "smdp.example.com"
CLASSES = {"operational-a": OPERATIONAL, "test": FIELD_LOADED_TEST, "bootstrap": PROVISIONING}
"""Fixture profiles with the bit of resetOptions that deletes their class."""


def installed(euicc: EuiccUnderTest) -> set[str]:
    """The fixture profiles that are on the card."""
    return {name for name in CLASSES if euicc.find_profile(name) is not None}


@case(
    "EU-093",
    clause="SGP.32 v1.2 §5.9.5",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    effects=("removes-profile",),
    requires=("since-1.2",),
    catches=("resets-more-than-asked", "says-ok-with-nothing-to-delete", "keeps-address-at-memory-reset"),
)
def test_each_option(euicc: EuiccUnderTest, download: Callable[[str], InstallationAnswer], step: CaseSteps) -> None:
    """Each bit of resetOptions deletes its own group; asked again, there is nothing to delete.

    A card need not take test and provisioning profiles: what it does not install is left out.
    """
    with step("set a default SM-DP+ address", precondition=True):
        first_address = euicc.get_configured_addresses().default_dp_address
        assert euicc.set_default_dp_address(ADDRESS) == OK
    for name in ("test", "bootstrap"):
        with step(f"install the profile {name}, where the card takes its class", precondition=True) as seen:
            seen.observed(what_became(download, name))
    left = installed(euicc)
    for name in sorted(left, key=list(CLASSES).index):
        bit = CLASSES[name]
        left -= {name}
        with step(f"reset with bit {bit}", expect=f"ok(0); {', '.join(sorted(left)) or 'no profile'} left") as seen:
            answer = euicc.memory_reset(bit)
            seen.observed(answer.raw)
            assert answer.reset == OK
            assert installed(euicc) == left
            assert euicc.get_configured_addresses().default_dp_address == ADDRESS
        with step(f"reset with bit {bit} again", expect="nothingToDelete(1)") as seen:
            answer = euicc.memory_reset(bit)
            seen.observed(answer.raw)
            assert answer.reset == NOTHING_TO_DELETE
    with step(f"reset with bit {DEFAULT_SMDP}", expect=f"ok(0), the first address again: {first_address}") as seen:
        answer = euicc.memory_reset(DEFAULT_SMDP)
        seen.observed(answer.raw)
        assert answer.reset == OK
        assert (euicc.get_configured_addresses().default_dp_address or None) == (first_address or None)
    with step("look at the eIM configuration", expect="untouched"):
        assert len(euicc.get_eim_configuration()) == 1


def what_became(download: Callable[[str], InstallationAnswer], name: str) -> str:
    """What became of a download that may be refused."""
    try:
        answer = download(name)
    except DeviceFault as refused:
        return str(refused)
    return "installed" if answer.is_success else f"refused: error {answer.error_reason}"


@case(
    "EU-094",
    clause="SGP.32 v1.2 §5.9.5",
    area="euicc",
    needs=State(eims=1, profiles=("operational-a",)),
    effects=("removes-eim", "strands-device"),
    requires=("since-1.2",),
    catches=("says-eim-reset-but-keeps-it", "denies-eim-reset-that-it-makes"),
)
def test_eim_configuration(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """Bit 5 resets the eIM configuration and no profile, or the card says that it cannot."""
    with step("reset with bit 5", expect="resetEimResult ok(0), or eimResetNotSupported(2)") as seen:
        answer = euicc.memory_reset(EIM_CONFIGURATION)
        seen.observed(answer.raw)
        assert answer.eim in (OK, EIM_RESET_NOT_SUPPORTED)
    left = 0 if answer.eim == OK else 1
    with step("GetEimConfigurationData", expect=f"{left} eIMs, as answered; the profile is still there"):
        assert len(euicc.get_eim_configuration()) == left
        assert euicc.find_profile("operational-a") is not None
