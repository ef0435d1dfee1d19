"""What a card is found to be, and what the lab can be to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from harness.cli.card_report import as_plain, draft_ics, in_words
from harness.codec import decode, encode, tlv
from harness.crypto.entropy import Entropy
from harness.lab.benches.assembly import assemble, inspected
from harness.lab.benches.cards import card_config, conforming_card, is_sgp22_only, port_of, said_by_card
from harness.lab.file.configuration import read_lab
from harness.lab.file.device import Hardware, Simulated
from harness.lab.inspection import SGP22, SGP32, Inspection, inspect
from harness.lab.parties import EIM_IDS, new_eim
from harness.lab.rack import Rack
from harness.lab.trusts import Trust, possible_trusts
from harness.links.memory import MemoryLink
from harness.roles.es10 import Es10

LAB = "lab: x\nslots:\n  card: {kind: euicc, device: {simulated: {}}, links: {apdu: memory}}\n"
SGP32_ONLY = {0xBF51, 0xBF55, 0xBF56, 0xBF57, 0xBF64, 0xBF65}


@pytest.fixture
def rack(tmp_path: Path) -> Rack:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB, encoding="utf-8")
    return Rack(read_lab(file), 1)


@pytest.fixture
def es10(rack: Rack) -> Es10:
    return Es10(port_of(MemoryLink(conforming_card(rack, card_config(rack, "card", Simulated())))))


class Changed(Es10):
    """A card some of whose answers are changed on the way."""

    def __init__(self, behind: Es10, change: Callable[[int, bytes], bytes]) -> None:
        super().__init__(behind.port)
        self._change = change

    def call(self, request: bytes, *, deadline: float = 10.0) -> bytes:
        return self._change(tlv.first(request).tag, super().call(request, deadline=deadline))


def of_sgp22(tag: int, answer: bytes) -> bytes:
    if tag in SGP32_ONLY:
        return b""
    if tag == 0xBF22:
        value = decode("EUICCInfo2", answer)
        return encode("EUICCInfo2", {name: value[name] for name in value if name not in ("iotSpecificInfo", "ipaMode")})
    return answer


def trusts(rack: Rack, found: Inspection) -> dict[str, Trust]:
    return {trust.name: trust for trust in possible_trusts(found, rack.pki, EIM_IDS)}


def test_a_card_of_the_lab_can_have_all_three_trusts(rack: Rack, es10: Es10) -> None:
    found = inspect(es10, rack.pki)
    assert found.kind == SGP32
    assert found.curve == "nist"
    assert found.memory["free_non_volatile"] > 0
    assert found.features["fallback"] is True
    assert found.features["ipae"] is True
    assert found.features["eim-reset"] is None
    assert not found.refused
    assert all(trust.can for trust in trusts(rack, found).values())


def test_an_sgp22_card_is_recognised(rack: Rack, es10: Es10) -> None:
    found = inspect(Changed(es10, of_sgp22), rack.pki)
    assert found.kind == SGP22
    assert "SGP.22 eUICC" in next(in_words(found, ()))
    assert not trusts(rack, found)["eim"].can
    assert set(found.refused) == {"GetEimConfigurationData", "GetCerts"}
    assert as_plain(found, ())["iot_versions"] == []


def test_a_run_is_told_of_an_sgp22_card_at_once(es10: Es10) -> None:
    assert is_sgp22_only(Changed(es10, of_sgp22))
    assert not is_sgp22_only(es10)
    assert not is_sgp22_only(Changed(es10, lambda tag, answer: of_sgp22(tag, answer) if tag == 0xBF22 else answer))


def test_a_card_that_forgets_iot_specific_info_is_no_sgp22_card(rack: Rack, es10: Es10) -> None:
    def forgets(tag: int, answer: bytes) -> bytes:
        return of_sgp22(tag, answer) if tag == 0xBF22 else answer

    assert inspect(Changed(es10, forgets), rack.pki).kind == SGP32


def test_a_card_of_another_ci_takes_packages_but_no_profiles_of_ours(rack: Rack, es10: Es10, tmp_path: Path) -> None:
    with Rack(rack.lab, 2) as other:
        found = inspect(es10, other.pki)
        seen = trusts(other, found)
    assert not seen["verify"].can
    assert "CI" in seen["verify"].why
    assert not seen["smdp"].can
    assert "production card" in seen["smdp"].why
    assert seen["eim"].can


def test_a_foreign_eim_has_to_be_joined(rack: Rack, es10: Es10) -> None:
    es10.add_initial_eim([new_eim(rack, Entropy(1)).configuration(eimId="operator.example")])
    eim = trusts(rack, inspect(es10, rack.pki))["eim"]
    assert not eim.can
    assert "operator.example" in eim.why
    assert "export-eim" in eim.why


def test_garbage_is_noted_and_does_not_end_the_inspection(rack: Rack, es10: Es10) -> None:
    def garbage(tag: int, answer: bytes) -> bytes:
        return answer if tag == 0xBF3E else b"\xbf\x22\x03\x01"

    found = inspect(Changed(es10, garbage), rack.pki)
    assert {"GetEUICCInfo2", "GetProfilesInfo", "GetCerts"} <= set(found.refused)
    assert list(in_words(found, possible_trusts(found, rack.pki, EIM_IDS)))
    assert yaml.safe_load(draft_ics(found))["ics"]["features"]["fallback"] == "unknown"


def test_the_draft_ics_says_what_the_card_says(rack: Rack, es10: Es10) -> None:
    ics = yaml.safe_load(draft_ics(inspect(es10, rack.pki)))["ics"]
    assert ics["sgp32_versions"] == ["1.2.0"]
    assert ics["features"]["ecall"] is True
    assert ics["features"]["immediate-enable"] == "unknown"
    assert len(ics["ci_key_ids"]) == 2


def test_a_slot_is_inspected_over_its_link(rack: Rack) -> None:
    bench = assemble(rack, rack.lab.slots["card"], "card", None, lambda link: lambda exchange: None)
    bench.open()
    try:
        assert inspected(rack, bench).atr.startswith("3B")
    finally:
        bench.close()


@pytest.mark.parametrize(("version", "told"), [("1.0.1", "1.0.1"), ("1.2", "1.2.0"), ("1.3", "1.3.0")])
def test_the_record_says_which_version_a_card_is_of_and_who_says_so(rack: Rack, version: str, told: str) -> None:
    slot = rack.lab.slots["card"]
    es10 = Es10(port_of(MemoryLink(conforming_card(rack, card_config(rack, "card", Simulated(version=version))))))
    said = said_by_card(rack, replace(slot, device=Hardware()), es10)
    assert said.version == version
    assert said.version_in_words == f"v{version} (the card says {told})"
    assert said_by_card(rack, slot, es10).version_in_words == "v1.2 (lab file)"


def test_a_card_that_names_no_version_is_taken_for_the_usual_one(rack: Rack, es10: Es10) -> None:
    silent = Changed(es10, of_sgp22)
    said = said_by_card(rack, replace(rack.lab.slots["card"], device=Hardware()), silent)
    assert said.version_in_words == "v1.2 (assumed: the card says none)"
