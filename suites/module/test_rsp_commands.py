"""Commands about the eUICC. 3GPP TS 27.007 §20, from Release 19 on.

A module need not have them. What they are for is public, their exact syntax is not known here: it is looked for what an
answer must hold, in whatever form, and only `=?` and `?` are tried where a set form could change the card.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.steps import CaseSteps
from harness.profiles.package import ProfilePackage

COMMANDS = (
    "AT+CEUICCPD",
    "AT+CEUICCPM",
    "AT+CEUICCPMETAI",
    "AT+CEUICCPNM",
    "AT+CEUICCSMDPA",
    "AT+CEUICCMEMRESET",
)
ADDRESS = "smdp.of-the-module.example"
METADATA = "AT+CEUICCPMETAI?"


@case(
    "MO-011", clause="3GPP TS 27.007 §20 (+CGEUICCID)", confidence="likely", area="module", catches="tells-another-eid"
)
def test_eid(module: ModuleUnderTest, euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """+CGEUICCID tells the EID that the card tells."""
    with step("GetEID", precondition=True):
        expected = euicc.get_eid().hex()
    with step("the module has AT+CGEUICCID", precondition=True):
        answer = module.optional("AT+CGEUICCID")
    with step("look for 32 digits", expect=expected) as seen:
        found = re.findall(r"(?<!\d)\d{32}(?!\d)", " ".join(answer.lines))
        seen.observed(" / ".join(answer.lines))
        assert found == [expected]


@case(
    "MO-012",
    clause="3GPP TS 27.007 §20",
    confidence="likely",
    area="module",
    needs=State(eims=1, profiles=("operational-a", "operational-b"), enabled="operational-a"),
    catches="lists-only-the-enabled-profile",
)
def test_profile_commands(module: ModuleUnderTest, profiles: Mapping[str, ProfilePackage], step: CaseSteps) -> None:
    """Each command about the eUICC is answered or refused, and +CEUICCPMETAI lists every profile, whatever its state."""
    for command in COMMANDS:
        with step(f"{command}=?, then {command}?", expect="an answer or an error", confidence="unsure") as seen:
            answers = [module.at(f"{command}{form}") for form in ("=?", "?")]
            seen.observed(" | ".join(" / ".join((*answer.lines, answer.final)) for answer in answers))
    with step(f"the module has {METADATA}", precondition=True):
        listed = " ".join(module.optional(METADATA).lines)
    wanted = [profiles[name].iccid_digits for name in ("operational-a", "operational-b")]
    with step("look for the ICCIDs", expect=" ".join(wanted)) as seen:
        seen.observed(listed)
        assert all(iccid in listed for iccid in wanted)


@case(
    "MO-013",
    clause="3GPP TS 27.007 §20 (+CEUICCSMDPA)",
    confidence="likely",
    area="module",
    catches="keeps-the-smdp-address-to-itself",
)
def test_default_smdp_address(module: ModuleUnderTest, euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """The default SM-DP+ address that +CEUICCSMDPA sets is the one that the card has."""
    with step("GetEuiccConfiguredAddresses", precondition=True) as seen:
        before = euicc.get_configured_addresses().default_dp_address or ""
        seen.observed(before or "none")
    with step("the module has AT+CEUICCSMDPA", precondition=True):
        module.optional(f'AT+CEUICCSMDPA="{ADDRESS}"')
    with step("GetEuiccConfiguredAddresses", expect=ADDRESS) as seen:
        found = euicc.get_configured_addresses().default_dp_address
        euicc.set_default_dp_address(before)
        seen.observed(found or "none")
        assert found == ADDRESS
