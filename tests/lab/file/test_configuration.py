"""A lab file: what it means, and that all of its mistakes are told at once, each with its line."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from harness import resources
from harness.errors import ConfigurationError
from harness.lab.file.configuration import Hardware, Reference, Simulated, read_lab
from harness.lab.file.device import TREATMENTS as TREATMENT_WORDS
from harness.lab.file.habits import FLAGS, NUMBERS, WORDS
from harness.simulators.euicc import CardConfig
from harness.simulators.module import TREATMENTS


def write(folder: Path, text: str) -> Path:
    file = folder / "lab.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def faults_of(file: Path) -> list[tuple[int, str]]:
    with pytest.raises(ConfigurationError) as caught:
        read_lab(file)
    return [(fault.line, fault.message) for fault in caught.value.faults]


def test_the_simulated_lab_has_every_kind_of_slot() -> None:
    lab = read_lab(resources.path("lab-config/simulated.yaml"))
    assert {slot.kind for slot in lab.slots.values()} == {"euicc", "module", "eim", "smdp", "smds"}
    assert lab.clock == "virtual"
    assert lab.state is None
    assert not lab.is_hardware
    assert lab.slots["module-at"].ways.names == ("at-cgla", "at-csim", "at", "https")
    assert lab.slots["card-pcsc"].optional


def test_a_hardware_lab_keeps_its_state_and_real_time_by_default(tmp_path: Path) -> None:
    lab = read_lab(
        write(
            tmp_path,
            """
lab: desk
slots:
  card: {kind: euicc, device: {eid: "89049032123451234512345678901235"}, links: {apdu: {pcsc: {reader: ACR}}}}
  modem: {kind: module, device: {eid: null}, links: {at: {port: /dev/ttyUSB2, baud: 9600}, apdu: at-csim}}
  eim: {kind: eim, device: {reference: {}}, links: {esipa: https}}
""",
        )
    )
    assert (lab.clock, lab.state) == ("real", Path(".lab-state/desk"))
    assert lab.slots["card"].device == Hardware("89049032123451234512345678901235")
    assert lab.slots["modem"].device == Hardware("")
    assert lab.slots["modem"].ways.at is not None
    assert lab.slots["modem"].ways.at.baud == 9600
    assert lab.slots["modem"].ways.names == ("at-csim", "at"), "no esipa is named: its IPA is not judged"
    assert isinstance(lab.slots["eim"].device, Reference)


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """lab: broken
clock: sundial
pki: no-such-folder
slots:
  one:
    kind: euic
    device: {simulated: {}}
    links: {apdu: memory}
  two:
    kind: euicc
    device: {simulated: {after_enable: refuse, colour: blue}}
    links: {apdu: memry}
  three:
    kind: euicc
    device: {eid: "89049032123451234512345678901236"}
    links: {apdu: memory}
  three:
    kind: euicc
""",
    )
    found = faults_of(file)
    assert [line for line, _ in found] == [2, 3, 6, 11, 11, 12, 15, 16, 17]
    assert "'sundial' is not known" in found[0][1]
    assert "not a folder" in found[1][1]
    assert "check digits" in found[6][1]
    assert "real card is not in memory" in found[7][1]
    assert "written twice" in found[8][1]


def test_a_near_miss_gets_the_word_that_was_meant(tmp_path: Path) -> None:
    file = write(tmp_path, "lab: x\nslots:\n  a: {kind: euic, device: {simulated: {}}, links: {apdu: memory}}\n")
    with pytest.raises(ConfigurationError) as caught:
        read_lab(file)
    assert str(caught.value) == f"{file}:3: slots.a.kind: 'euic' is not known (did you mean 'euicc'?)"


@pytest.mark.parametrize(
    ("text", "line"),
    [("", 0), ("lab: [x\nslots: {", 2), ("- a\n- b\n", 1), ("lab: x\n\tslots: 1\n", 2)],
)
def test_what_is_no_lab_file_at_all_is_told_with_a_place(tmp_path: Path, text: str, line: int) -> None:
    found = faults_of(write(tmp_path, text))
    assert found[0][0] == line


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_lab(tmp_path / "none.yaml")


def test_simulated_devices_take_options(tmp_path: Path) -> None:
    lab = read_lab(
        write(
            tmp_path,
            """
lab: x
state: kept
slots:
  a: {kind: euicc, device: {simulated: {version: "1.2", after_enable: reset}}, links: {apdu: {pcsc: private}}, optional: true}
""",
        )
    )
    assert lab.slots["a"].device == Simulated(habits=(("after_enable", "reset"),))
    assert lab.state == tmp_path / "kept"


def test_a_lab_imitates_the_card_that_it_has(tmp_path: Path) -> None:
    lab = read_lab(
        write(
            tmp_path,
            """
lab: x
slots:
  a:
    kind: euicc
    device: {simulated: {refresh: profile-state-change, memory: 65536, channels: 1, strict_segments: false}}
    links: {apdu: memory}
""",
        )
    )
    device = lab.slots["a"].device
    assert isinstance(device, Simulated)
    assert dict(device.habits) == {
        "refresh": "profile-state-change",
        "memory_size": 65536,
        "channels": 1,
        "strict_segments": False,
    }
    assert CardConfig(**dict(device.habits)).memory_size == 65536


def test_every_habit_is_one_of_the_cards() -> None:
    known = {field.name for field in fields(CardConfig)}
    assert {field for field, *_ in (*NUMBERS.values(), *WORDS.values())} | set(FLAGS.values()) <= known


@pytest.mark.parametrize(
    "habit",
    ["memory: 1", "channels: 0", "channels: 21", "results: many", "counter: 5", "refresh: no", "strict_segments: 1"],
)
def test_a_habit_that_no_card_has_is_told(tmp_path: Path, habit: str) -> None:
    file = write(
        tmp_path, f"lab: x\nslots:\n  a: {{kind: euicc, device: {{simulated: {{{habit}}}}}, links: {{apdu: memory}}}}\n"
    )
    ((line, said),) = faults_of(file)
    assert line == 3
    assert habit.split(":")[0] in said


def test_modules_have_dialects(tmp_path: Path) -> None:
    lab = read_lab(
        write(
            tmp_path,
            """
lab: x
slots:
  a: {kind: module, device: {simulated: {dialect: quectel, meets: {operational-a: no-data}}}, links: {at: pty}}
  b:
    kind: module
    device: {eid: null, dialect: telit, pause_ipa: AT+CFUN=4, resume_ipa: AT+CFUN=1, poll: AT#POLL}
    links: {at: {port: /dev/ttyUSB0}}
""",
        )
    )
    assert lab.slots["a"].device == Simulated(dialect="quectel", meets={"operational-a": "no-data"})
    assert lab.slots["b"].device == Hardware(
        dialect="telit", pause_ipa="AT+CFUN=4", resume_ipa="AT+CFUN=1", poll="AT#POLL"
    )


def test_lab_files_and_simulated_networks_have_the_same_words() -> None:
    assert tuple(TREATMENTS) == TREATMENT_WORDS


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("{simulated: {dialect: quektel}}", "not known"),
        ("{simulated: {meets: {operational-a: fog}}}", "'fog' is not known"),
        ("{simulated: {meets: {no-such-profile: home}}}", "no-such-profile"),
        ("{simulated: {}, dialect: quectel}", "how a real module is"),
        ("{eid: null, dialect: quektel}", "not known"),
        ("{eid: null, pause_ipa: CFUN}", "no AT command"),
        ("{eid: null, pause_ipa: AT+CFUN=4}", "nothing says how the IPA is resumed"),
    ],
)
def test_dialects_that_are_none_are_told(tmp_path: Path, device: str, said: str) -> None:
    at = "{at: {port: /dev/ttyUSB0}}" if "eid" in device else "{at: pty}"
    file = write(tmp_path, f"lab: x\nslots:\n  a: {{kind: module, device: {device}, links: {at}}}\n")
    assert any(said in message for _, message in faults_of(file))


@pytest.mark.parametrize(
    ("device", "links", "said"),
    [
        ("{reference: {}}", "{apdu: memory}", "cannot be the device"),
        ("{simulated: {}, eid: null}", "{apdu: memory}", "exactly one"),
        ("{simulated: {}}", "{apdu: {pcsc: {reader: X}}}", "cannot sit in a named reader"),
        ("{eid: null}", "{apdu: {pcsc: private}}", "simulated cards only"),
        ("{eid: 12}", "{apdu: {pcsc: {reader: X}}}", "32 digits"),
        ("{simulated: {}}", "{}", "'apdu' is missing"),
    ],
)
def test_what_does_not_go_together_is_told(tmp_path: Path, device: str, links: str, said: str) -> None:
    file = write(tmp_path, f"lab: x\nslots:\n  a: {{kind: euicc, device: {device}, links: {links}}}\n")
    assert any(said in message for _, message in faults_of(file))


def test_defects_are_named_with_or_without_their_device(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        """
lab: x
slots:
  a:
    kind: module
    device: {simulated: {defects: [accepts-replayed-counter, euicc.forgets-results-at-reset]}}
    links: {at: pty}
  b: {kind: eim, device: {reference: {defects: [accepts-unverified-result]}}, links: {esipa: https}}
""",
    )
    ((line, message),) = faults_of(file)
    assert line == 8
    assert "accepts-unverified-result" in message
    file.write_text(file.read_text().replace("accepts-unverified-result]", "]"))
    device = read_lab(file).slots["a"].device
    assert isinstance(device, Simulated)
    assert device.defects == ("euicc.accepts-replayed-counter", "euicc.forgets-results-at-reset")


def test_the_example_is_a_lab() -> None:
    lab = read_lab(resources.path("lab-config/desk.yaml"))
    assert lab.is_hardware
    assert {slot.kind for slot in lab.slots.values()} == {"euicc", "module"}


def test_other_versions_are_there_over_every_way() -> None:
    lab = read_lab(resources.path("lab-config/versions.yaml"))
    found = {
        (slot.device.version, slot.ways.names[0]) for slot in lab.slots.values() if isinstance(slot.device, Simulated)
    }
    assert found == {("1.0.1", "pcsc"), ("1.3", "pcsc"), ("1.0.1", "at-csim"), ("1.3", "at-cgla")}
