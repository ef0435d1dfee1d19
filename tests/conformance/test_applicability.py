"""Where a case applies: which card lacks what, and who may say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.codec import encode, named_bits
from harness.conformance.applicability import applies, lacking, why
from harness.conformance.case import Case, declare
from harness.conformance.catalogue import Entry
from harness.conformance.selection import Wish, assignments_for
from harness.lab.benches.cards import card_config
from harness.lab.file.configuration import read_lab
from harness.lab.file.features import FEATURES, of_version, said_by_card
from harness.lab.rack import Rack
from harness.roles.es10.identity import EuiccInfo2
from tests.codec.messages import INFO2

LAB = """
lab: x
slots:
  whole: {kind: euicc, device: {simulated: {}}, links: {apdu: memory}}
  plain: {kind: euicc, device: {simulated: {lacks: [fallback, ppr]}}, links: {apdu: memory}}
  real: {kind: euicc, device: {eid: null, lacks: ecall}, links: {apdu: {pcsc: {reader: X}}}}
"""


def about(*, requires: tuple[str, ...] = (), without: tuple[str, ...] = (), one_link: bool = False) -> Case:
    return declare(
        "EU-900",
        title="T.",
        clause="c",
        area="euicc",
        catches="x",
        requires=requires,
        without=without,
        one_link=one_link,
        fixtures=("euicc", "step"),
    )


def needing(*features: str) -> Case:
    return about(requires=features)


def test_the_lab_file_says_what_a_card_lacks(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB, encoding="utf-8")
    slots = read_lab(file).slots
    assert why(needing("fallback"), slots["whole"]) == "whole: yes, over memory"
    assert why(needing("fallback"), slots["plain"]) == "plain: no, the card lacks a fallback profile, says the lab file"
    assert why(needing("ecall"), slots["real"]).startswith("real: no, the card lacks an emergency profile")
    assert why(needing("ipae"), slots["real"]) == "real: yes, over pcsc, unless the card declares that it lacks ipae"
    assert not applies(needing("ppr"), [slots["plain"]])


def test_a_case_about_cards_without_a_feature_applies_where_somebody_says_so(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB, encoding="utf-8")
    slots = read_lab(file).slots
    assert why(about(without=("fallback",)), slots["plain"]) == "plain: yes, over memory"
    assert why(about(without=("fallback",)), slots["whole"]) == (
        "whole: no, the case is about cards without a fallback profile, and nothing says that this is one"
    )
    assert not applies(about(without=("fallback",), requires=("ppr",)), slots.values())


def test_one_link_of_a_module_is_enough_for_a_long_case(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    device = "links: {apdu: [at-cgla, at-csim], at: pty}"
    file.write_text(f"lab: x\nslots:\n  both: {{kind: module, device: {{simulated: {{}}}}, {device}}}\n", "utf-8")
    lab = read_lab(file)
    long, short = (Entry(about(one_link=one), tmp_path, 1, "test_it") for one in (True, False))

    def over(entry: Entry, *links: str) -> tuple[str, ...]:
        (given,) = assignments_for(lab, (entry,), Wish(links=links))
        return given.cases[0].links

    assert (over(long), over(short)) == (("at-cgla",), ("at-cgla", "at-csim"))
    assert over(long, "at-csim") == ("at-csim",)
    assert why(long.case, lab.slots["both"]) == "both: yes, over at-cgla or at-csim, one of them is enough"


def test_a_simulated_card_has_every_feature_but_those_it_lacks(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB, encoding="utf-8")
    lab = read_lab(file)
    with Rack(lab, 1) as rack:
        whole, plain = (card_config(rack, name, lab.slots[name].device) for name in ("whole", "plain"))  # type: ignore[arg-type]
    assert all((whole.fallback_supported, whole.ecall_supported, whole.ipae_supported, whole.authorisation))
    assert (plain.fallback_supported, plain.authorisation) == (False, ())
    assert plain.ecall_supported


@pytest.mark.parametrize("feature", FEATURES)
def test_what_nobody_denies_applies(feature: str) -> None:
    assert lacking(needing(feature), {}) == ""


def test_an_unknown_feature_is_no_requirement() -> None:
    for case in (needing, lambda feature: about(without=(feature,))):
        with pytest.raises(ValueError, match="none of fallback"):
            case("teleport")


def test_a_card_says_itself_what_it_lacks() -> None:
    whole = {**INFO2, "forbiddenProfilePolicyRules": named_bits([1])}
    bare = {
        **INFO2,
        "iotSpecificInfo": {"iotVersion": [b"\x01\x02\x00"]},
        "forbiddenProfilePolicyRules": named_bits([1, 2]),
    }
    signing = INFO2["euiccCiPKIdListForSigning"][0]
    rich, poor = (EuiccInfo2.of(encode("EUICCInfo2", value)) for value in (whole, bare))
    assert said_by_card(rich, {"nist": signing, "brainpool": signing}) == of_version("1.2")
    assert set(said_by_card(poor, {"nist": signing})) == {
        "fallback",
        "ecall",
        "ppr",
        "brainpool",
        "since-1.3",
        "fallback-allowed-update",
    }
