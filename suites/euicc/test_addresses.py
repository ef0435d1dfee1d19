"""The addresses a card keeps: default SM-DP+ and root SM-DS. SGP.22 §5.7.3, SGP.32 v1.2 §5.9.25."""

from __future__ import annotations

from harness.conformance.case import case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.es10.status import StatusWordFault

OK, UNDEFINED_ERROR = 0, 127
ERROR_STATUS, NO_PRECISE_DIAGNOSIS = 0x6, 0x6F00
ADDRESS = "smdp.example.com"


@case("EU-013", clause="SGP.22 §5.7.3", area="euicc", catches="ships-with-default-smdp-address")
def test_virgin_addresses(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """A virgin card has no default SM-DP+ address and names a root SM-DS."""
    with step("GetEuiccConfiguredAddresses", expect="BF3C with a root SM-DS") as seen:
        addresses = euicc.get_configured_addresses()
        seen.observed(f"default {addresses.default_dp_address!r}, root SM-DS {addresses.root_ds_address!r}")
        assert addresses.root_ds_address is not None
    with step("look at the addresses", expect="no default SM-DP+; a root SM-DS that is named", confidence="likely"):
        assert not addresses.default_dp_address
        assert addresses.root_ds_address


@case("EU-014", clause="SGP.32 v1.2 §5.9.25", area="euicc", catches="forgets-default-smdp-address")
def test_set_default_address(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """SetDefaultDpAddress stores the address, also over a reset."""
    with step(f"SetDefaultDpAddress {ADDRESS}", expect="ok(0)"):
        assert euicc.set_default_dp_address(ADDRESS) == OK
    with step("reset and read back", expect=ADDRESS) as seen:
        euicc.reset()
        address = euicc.get_configured_addresses().default_dp_address
        seen.observed(address)
        assert address == ADDRESS


@case("EU-015", clause="SGP.32 v1.2 §5.9.25", area="euicc", catches="keeps-address-when-cleared")
def test_clear_default_address(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """An empty address clears the default SM-DP+ address."""
    with step(f"SetDefaultDpAddress {ADDRESS}", expect="ok(0)", precondition=True):
        assert euicc.set_default_dp_address(ADDRESS) == OK
    with step("SetDefaultDpAddress with an empty address", expect="ok(0), nothing is left") as seen:
        assert euicc.set_default_dp_address("") == OK
        address = euicc.get_configured_addresses().default_dp_address
        seen.observed(repr(address))
        assert not address


@case("EU-016", clause="SGP.32 v1.2 §5.9.25", area="euicc", catches="dies-of-invalid-utf8-address")
def test_odd_addresses(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """Addresses of one and 255 octets and one that is not UTF-8 are accepted or refused, and the card lives on."""
    for name, address in (("one character", b"a"), ("255 characters", b"a" * 255), ("not UTF-8", b"\xc3\x28")):
        with step(
            f"SetDefaultDpAddress, {name}",
            expect="ok(0), undefinedError(127), or an error status that says why",
            confidence="likely",
        ) as seen:
            try:
                result = euicc.set_default_dp_address(address)
            except StatusWordFault as refused:
                result = refused.sw
            seen.observed(f"{result:X}")
            assert result in (OK, UNDEFINED_ERROR) or (result >> 12 == ERROR_STATUS and result != NO_PRECISE_DIAGNOSIS)
        with step("GetEID", expect="the card still answers"):
            assert euicc.get_eid() == euicc.eid
