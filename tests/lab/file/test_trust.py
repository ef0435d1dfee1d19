"""The three kinds of trust as a lab file declares them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.lab.file.configuration import Lab, read_lab
from harness.lab.file.trust import EXPORT, IMPORT, RESET, WATCH, certificate

SLOT = "lab: x\nslots:\n  card:\n    kind: euicc\n    device: {eid: null}\n    links: {apdu: {pcsc: {reader: X}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an eIM's key and a CI certificate, as OpenSSL writes them."""
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=ci"]
    subprocess.run(
        ["openssl", *made, "-keyout", tmp_path / "eim.pem", "-out", tmp_path / "ci.pem"],
        check=True,
        capture_output=True,
    )
    return tmp_path


def lab_with(folder: Path, trust: str) -> Lab:
    file = folder / "lab.yaml"
    file.write_text(f"{SLOT}    trust: {trust}\n", encoding="utf-8")
    return read_lab(file)


def faults(folder: Path, trust: str) -> list[tuple[int, str]]:
    with pytest.raises(ConfigurationError) as caught:
        lab_with(folder, trust)
    return [(fault.line, fault.message) for fault in caught.value.faults]


def test_without_a_word_the_card_is_the_labs_own(folder: Path) -> None:
    file = folder / "lab.yaml"
    file.write_text(SLOT, encoding="utf-8")
    trust = read_lab(file).slots["card"].trust
    assert trust.eim.way == RESET
    assert not trust.keeps_card
    assert trust.has_smdp_keys


def test_an_eim_is_joined_by_its_key(folder: Path) -> None:
    trust = (
        lab_with(
            folder,
            "{verify: ci.pem, smdp: false, eim: {join: import, eim_id: e.example, key: eim.pem, counter: 9, token: 3}}",
        )
        .slots["card"]
        .trust
    )
    assert (trust.eim.way, trust.eim.eim_id, trust.eim.counter, trust.eim.token) == (IMPORT, "e.example", 9, 3)
    assert trust.keeps_card
    assert not trust.has_smdp_keys
    assert certificate(trust.verify[0]).startswith(b"\x30")
    assert "e.example" in trust.in_words


@pytest.mark.parametrize("way", [EXPORT, WATCH])
def test_other_ways_keep_the_card_too(folder: Path, way: str) -> None:
    assert lab_with(folder, f"{{eim: {{join: {way}}}}}").slots["card"].trust.keeps_card


@pytest.mark.parametrize(
    ("trust", "said"),
    [
        ("{verify: none}", "does not exist"),
        ("{verify: eim.pem}", "is no certificate"),
        ("{smdp: ci.pem}", "is not a folder"),
        ("{eim: {}}", "'join' is missing"),
        ("{eim: {join: steal}}", "'steal' is not known"),
        ("{eim: {join: import}}", "'eim_id' is missing"),
        ("{eim: {join: import, eim_id: e, key: ci.pem}}", "holds no signing key"),
        ("{eim: {join: import, eim_id: e, key: eim.pem, counter: -1}}", "is not a number from 0"),
        ("{eim: {join: watch, key: eim.pem}}", "this key is not known"),
        ("{eims: {}}", "this key is not known"),
    ],
)
def test_mistakes_are_told_with_their_line(folder: Path, trust: str, said: str) -> None:
    found = faults(folder, trust)
    assert {line for line, _ in found} == {7}
    assert any(said in message for _, message in found), found


def test_all_mistakes_of_a_trust_are_told_at_once(folder: Path) -> None:
    assert len(faults(folder, "{verify: none, smdp: none, eim: {join: import}}")) == 4


def test_a_simulated_card_is_only_kept_where_it_is_prepared_like_a_real_one(folder: Path) -> None:
    file = folder / "lab.yaml"
    text = "lab: x\nslots:\n  a: {kind: euicc, device: {simulated: {DEVICE}}, links: {apdu: memory}, trust: {smdp: false}}\n"
    file.write_text(text.replace("DEVICE", "prepare: functions"), encoding="utf-8")
    assert not read_lab(file).slots["a"].trust.has_smdp_keys
    file.write_text(text.replace("DEVICE", ""), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="lab's own"):
        read_lab(file)


def test_a_server_has_no_trust(folder: Path) -> None:
    file = folder / "lab.yaml"
    file.write_text(
        "lab: x\nslots:\n  a: {kind: eim, device: {reference: {}}, links: {esipa: https}, trust: {smdp: false}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigurationError, match="is no card"):
        read_lab(file)
