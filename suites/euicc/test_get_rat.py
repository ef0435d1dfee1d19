"""The Rules Authorisation Table, and what else tells of it. SGP.32 v1.2 §5.13.5, SGP.22 (GetRAT, EUICCInfo2)."""

from __future__ import annotations

from harness.codec import decode, tlv
from harness.codec.asn1 import has_bit
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.steps import CaseSteps
from harness.roles.eim import Eim
from harness.roles.eim.commands import get_rat

GET_RAT = bytes.fromhex("BF4300")
UPDATE_CONTROL = 0
KNOWN_RULES = {UPDATE_CONTROL, 1, 2}
"""Bits of PprIds: control of updates, PPR1, PPR2."""


@case(
    "EU-052",
    clause="SGP.32 v1.2 §5.13.5",
    confidence="likely",
    area="euicc",
    needs=State(eims=1),
    catches=(
        "lists-unknown-policy-rule",
        "answers-rat-otherwise-than-getrat",
        "hides-from-eims-that-consent-is-required",
    ),
)
def test_rat(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """getRAT gives a table of known policy rules, the same that ES10b.GetRAT gives."""
    with step("LoadEuiccPackage: getRAT", expect="getRATResult; PPR1 and PPR2 are the only rules") as seen:
        answer = euicc.load_package(eim.package(get_rat()))
        seen.observed(answer.raw)
        rows = answer.result("getRATResult")
        for row in rows:
            octets, count = row["pprIds"]
            assert {bit for bit in range(count) if has_bit((octets, count), bit)} <= KNOWN_RULES
    with step("GetRAT", expect="the same rows") as seen:
        alone = euicc.call(GET_RAT)
        seen.observed(alone)
        in_package = tlv.parse(answer.data_signed).get(0x30, 0xA6)
        assert tlv.parse(alone).get(0xA0).value == in_package.value


@case(
    "EU-150",
    clause="SGP.22 §2.9.2.3, §5.7.8",
    confidence="likely",
    area="euicc",
    catches="forbids-rules-that-its-table-gives",
)
def test_forbidden_rules(euicc: EuiccUnderTest, step: CaseSteps) -> None:
    """A policy rule that EUICCInfo2 calls forbidden is one that the Rules Authorisation Table gives to nobody."""
    with step("GetEUICCInfo2", expect="forbiddenProfilePolicyRules, or none") as seen:
        forbidden = euicc.get_euicc_info2().forbidden_profile_policy_rules
        seen.observed(sorted(forbidden))
    with step("GetRAT", expect="no row with one of these") as seen:
        table = euicc.call(GET_RAT)
        seen.observed(table)
        given = {
            bit for row in decode("GetRatResponse", table)["rat"] for bit in KNOWN_RULES if has_bit(row["pprIds"], bit)
        }
        assert not (given - {UPDATE_CONTROL}) & forbidden
