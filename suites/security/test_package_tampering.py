"""What was signed is what is executed, by whom and for whom it was signed. SGP.32 v1.2 §2.11.1.1 and §3.3.1."""

from __future__ import annotations

from collections.abc import Mapping

from harness.codec import tlv
from harness.conformance.adversaries.tampering import (
    signed_part_of,
    with_changed_field,
    with_flipped_bit,
    with_signature,
)
from harness.conformance.case import State, case
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.expectations import refusal
from harness.conformance.servers.eim_under_test import token_of
from harness.conformance.steps import CaseSteps
from harness.crypto import ecdsa
from harness.profiles.package import ProfilePackage
from harness.roles.eim import Eim
from harness.roles.eim.commands import enable, list_profile_info

SIGNED, COMMANDS, ENABLE, ICCID = 0x30, 0xA0, 0xA3, 0x5A
FIELDS = {
    "eimId": (SIGNED, 0x80),
    "EID": (SIGNED, 0x5A),
    "counterValue": (SIGNED, 0x81),
    "eimTransactionId": (SIGNED, 0x82),
    "the ICCID to enable": (SIGNED, COMMANDS, ENABLE, ICCID),
}
ASSOCIATION_TOKEN = 0x84
CYRILLIC_E = "\u0435"


@case(
    "SE-003",
    clause="SGP.32 v1.2 §3.3.1",
    area="security",
    needs=State(eims=1, profiles=("operational-a",)),
    catches="trusts-eim-after-first-package",
)
def test_changed_fields(
    euicc: EuiccUnderTest, eim: Eim, profiles: Mapping[str, ProfilePackage], step: CaseSteps
) -> None:
    """A package in which any field was changed after signing is refused unsigned, also from an eIM that is well known."""
    with step("a first package of this eIM is executed", precondition=True):
        assert euicc.load_package(eim.package(list_profile_info())).is_result
    package = eim.package(enable(profiles["operational-a"].iccid))
    forged = {name: with_changed_field(package, *path) for name, path in FIELDS.items()}
    command = tlv.parse(package).get(SIGNED, COMMANDS, ENABLE)
    forged["enable, to delete"] = with_flipped_bit(
        with_flipped_bit(package, 8 * command.offset + 5), 8 * command.offset + 6
    )
    for name, octets in forged.items():
        with step(f"change {name} after signing", expect="error unsigned; nothing is enabled") as seen:
            how = refusal(euicc, octets)
            seen.observed(how or "taken")
            assert how
            assert euicc.enabled_profile is None
    with step("the package as it was signed", expect="a result") as seen:
        answer = euicc.load_package(package)
        seen.observed(answer.raw)
        assert answer.is_result


@case(
    "SE-004",
    clause="SGP.32 v1.2 §2.11.1.1",
    area="security",
    needs=State(eims=2),
    catches=("takes-signature-without-token", "takes-token-of-any-eim"),
)
def test_association_token(euicc: EuiccUnderTest, eim: Eim, other_eim: Eim, step: CaseSteps) -> None:
    """A signature holds only over the token of this association: not over none, and not over another's."""
    package = eim.package(list_profile_info())
    signed, key = signed_part_of(package), eim.identity.signing_key
    forms = {
        "no token at all": b"",
        "the token 0": tlv.integer(ASSOCIATION_TOKEN, 0),
        "the token of the other eIM": tlv.integer(ASSOCIATION_TOKEN, token_of(other_eim)),
        "a token that was never given": tlv.integer(ASSOCIATION_TOKEN, 0x7FFFFFFE),
    }
    right = tlv.integer(ASSOCIATION_TOKEN, token_of(eim))
    for name, token in forms.items():
        if token == right:  # the card gave none: 0 is its token
            continue
        with step(f"a package signed over {name}", expect="error unsigned") as seen:
            how = refusal(euicc, with_signature(package, ecdsa.sign(key, signed + token)))
            seen.observed(how or "taken")
            assert how
    with step("the same package under its own token", expect="a result") as seen:
        answer = euicc.load_package(package)
        seen.observed(answer.raw)
        assert answer.is_result


@case(
    "SE-005",
    clause="SGP.32 v1.2 §2.11.1.1",
    area="security",
    needs=State(eims=1),
    catches=("ignores-case-of-eim-id", "trims-eim-id"),
)
def test_similar_eim_ids(euicc: EuiccUnderTest, eim: Eim, step: CaseSteps) -> None:
    """An eimId is compared octet by octet: a name that only looks like a known one is unknown."""
    known = eim.identity.eim_id
    similar = {
        "in capitals": known.upper(),
        "with a space behind": known + " ",
        "with a space before": " " + known,
        "with a NUL behind": known + "\0",
        "with a dot behind": known + ".",
        "with a Cyrillic e": known.replace("e", CYRILLIC_E, 1),
        "without its last letter": known[:-1],
    }
    for name, eim_id in similar.items():
        if eim_id == known:
            continue
        with step(f"a package under the eimId {name}", expect="error unsigned") as seen:
            how = refusal(euicc, eim.package(list_profile_info(), eim_id=eim_id))
            seen.observed(how or "taken")
            assert how
    with step("a package under its own eimId", expect="a result"):
        assert euicc.load_package(eim.package(list_profile_info())).is_result
