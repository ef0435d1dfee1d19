"""How a lab file spares a real card, and what is counted of what is written to one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.codec import tlv
from harness.errors import ConfigurationError, LabFault
from harness.lab.file.configuration import Lab, read_lab
from harness.lab.file.effects import EFFECTS, SPENDING
from harness.lab.ledger import Ledger, is_update, spent_by
from harness.roles.ota.short_messages import envelopes

SLOT = """lab: x
slots:
  card:
    kind: euicc
    device: {eid: null}
    links: {apdu: {pcsc: {reader: X}}}
"""
SIMULATED = SLOT.replace("eid: null", "simulated: {}").replace("{pcsc: {reader: X}}", "memory")


def lab_of(folder: Path, text: str) -> Lab:
    file = folder / "lab.yaml"
    file.write_text(text, encoding="utf-8")
    return read_lab(file)


def test_a_real_card_is_spared_everything_and_a_simulated_one_nothing(tmp_path: Path) -> None:
    spared = lab_of(tmp_path, SLOT)
    sparing = spared.slots["card"].sparing
    assert sparing is not None
    assert sparing.allow == ()
    allowed = spared.allowing(["wears-flash", "wears-flash"]).slots["card"].sparing
    assert allowed is not None
    assert allowed.allow == ("wears-flash",)
    simulated = lab_of(tmp_path, SIMULATED)
    assert simulated.allowing(["wears-flash"]).slots["card"].sparing is None


def test_the_lab_file_allows_and_limits(tmp_path: Path) -> None:
    lab = lab_of(tmp_path, SLOT + "    allow: [removes-eim, burns-counter]\n    budget: {installations: 2}\n")
    sparing = lab.slots["card"].sparing
    assert sparing is not None
    assert sparing.allow == ("removes-eim", "burns-counter")
    assert sparing.exhausted({"installations": 1, "packages": 10_000}) == ""
    assert sparing.exhausted({"installations": 2}) == "2 of 2 profile installations"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (SLOT + "    allow: [removes-eims]\n", 7, "'removes-eims' is not known"),
        (SLOT + "    budget: {flights: 1}\n", 7, "this key is not known"),
        (SLOT + "    budget: {packages: many}\n", 7, "is not a number"),
        (SIMULATED + "    allow: removes-eim\n", 7, "a simulated device allows everything"),
        (SIMULATED + "    budget: {packages: 1}\n", 7, "a simulated device allows everything"),
    ],
)
def test_mistakes_are_named_with_their_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        lab_of(tmp_path, text)
    (fault,) = caught.value.faults
    assert fault.line == line
    assert said in fault.message


def package(*commands: bytes) -> bytes:
    signed = tlv.build(0x30, tlv.build(0x80, b"eim"), tlv.build(0xA0, *commands))
    return tlv.build(0xBF51, signed, tlv.build(0x5F37, bytes(64)))


def test_a_package_counts_with_its_commands() -> None:
    iccid = tlv.build(0x5A, bytes(10))
    assert spent_by(package(tlv.build(0xA3, iccid))) == {"packages": 1, "enables": 1}
    assert spent_by(package(tlv.build(0xA4, iccid), tlv.build(0xA5, iccid))) == {"packages": 1, "deletes": 1}
    assert spent_by(package()[:-1]) == {"packages": 1}, "what no card can read executes nothing"


def test_reading_counts_nothing() -> None:
    assert spent_by(bytes.fromhex("BF3E035C015A")) == {}
    assert spent_by(b"") == {}
    assert spent_by(bytes.fromhex("BF6404820205E0")) == {"resets": 1}
    assert spent_by(bytes.fromhex("BF3682045EBF23")) == {"installations": 1}


def test_a_message_over_the_air_may_write(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "card.json")
    parts = envelopes(bytes(200), 1)
    for command in (*parts, bytes.fromhex("80C20000 04 D3020101"), bytes.fromhex("00A4000C023F00"), b""):
        ledger.note_command(command)
    assert ledger.counts["updates"] == len(parts) == 2
    assert is_update(bytes.fromhex("80C20000 000002 D100")), "with a length of three octets"
    assert not is_update(bytes.fromhex("80C20000"))


def test_the_ledger_survives_and_is_never_half_written(tmp_path: Path) -> None:
    file = tmp_path / "ledger" / "card.json"
    Ledger(file).note(bytes.fromhex("BF6404820205E0"))
    Ledger(file).note(bytes.fromhex("BF6404820205E0"))
    assert Ledger(file).counts == {**dict.fromkeys(SPENDING, 0), "resets": 2}
    assert [path.name for path in file.parent.iterdir()] == ["card.json"]
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(LabFault, match="cannot be used"):
        Ledger(file)


def test_every_effect_is_said_in_words() -> None:
    assert all(EFFECTS.values())
