"""What a case lastingly does in a slot, and what of that the lab allows."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.conformance.allowance import effects_on, forbidden
from harness.conformance.case import Case, declare
from harness.lab.file.configuration import read_lab

LAB = """
lab: x
slots:
  own: {kind: euicc, device: {eid: null}, links: {apdu: {pcsc: {reader: X}}}, allow: [removes-eim, removes-profile]}
  new: {kind: euicc, device: {eid: null}, links: {apdu: {pcsc: {reader: Y}}}}
  kept: {kind: euicc, device: {eid: null}, links: {apdu: {pcsc: {reader: Z}}}, trust: {eim: {join: export}}}
  simulated: {kind: euicc, device: {simulated: {}}, links: {apdu: memory}}
"""


def having(*effects: str, asks_for: str = "euicc") -> Case:
    return declare(
        "EU-900", title="T.", clause="c", area="euicc", catches="x", effects=effects, fixtures=(asks_for, "step")
    )


def test_reaching_a_state_clears_a_card_of_our_own_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB, encoding="utf-8")
    slots = read_lab(file).slots
    assert effects_on(having(), slots["own"]) == ("removes-eim", "removes-profile")
    assert effects_on(having(), slots["kept"]) == ()
    assert effects_on(having(asks_for="module"), slots["own"]) == (), "its serial port is all that is judged"
    assert forbidden(having(), slots["own"]) == ""
    assert forbidden(having(), slots["kept"]) == ""
    assert "reaching the state of the case takes eIMs off the card" in forbidden(having(), slots["new"])
    for name in ("own", "kept"):
        assert "--allow wears-flash" in forbidden(having("wears-flash"), slots[name])
    assert forbidden(having("wears-flash"), slots["simulated"]) == ""


def test_an_effect_that_nobody_knows_is_a_mistake_of_the_case() -> None:
    with pytest.raises(ValueError, match="EU-900 has the effect 'melts-card'"):
        having("melts-card")
