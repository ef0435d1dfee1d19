"""The IPA of a simulated module, as a lab file says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.lab.benches.assembly import assemble
from harness.lab.benches.slot_bench import CardSlotBench
from harness.lab.file.configuration import Slot, read_lab
from harness.lab.file.device import Simulated
from harness.lab.file.ipa import USUAL_IPA, settings_of
from harness.lab.rack import Rack
from harness.roles.ipa import IpaSettings
from harness.roles.ipa.settings import DIRECT, INJECT_HTTPS, MINIMIZE_BYTES

LAB = """
lab: one
slots:
  module:
    kind: module
    device: {{simulated: {{ipa: {ipa}}}}}
    links: {{at: pty, esipa: https}}
"""


def lab_with(folder: Path, ipa: str) -> Path:
    file = folder / "lab.yaml"
    file.write_text(LAB.format(ipa=ipa), encoding="utf-8")
    return file


def test_what_is_not_said_is_usual() -> None:
    assert settings_of(USUAL_IPA) == IpaSettings(polling_intervals={"other-eim.harness.test": 5400.0})
    assert {"eim-download-data", "compact-forms", "json-binding", "injection"} <= set(USUAL_IPA.lacks)
    assert "direct-download" not in USUAL_IPA.lacks


def test_what_is_said_reaches_the_firmware_and_the_features(tmp_path: Path) -> None:
    has = "{binding: json, has: [direct-download, compact-forms, injection], notifications: eim}"
    slot = read_lab(lab_with(tmp_path, has)).slots["module"]
    assert isinstance(slot.device, Simulated)
    settings = settings_of(slot.device.ipa)
    assert (settings.binding, settings.notification_route) == ("json", "eim")
    assert settings.features == {DIRECT, MINIMIZE_BYTES}
    assert INJECT_HTTPS in settings.protocols
    assert {"indirect-download", "eim-ctx-params1"} <= set(slot.lacks)
    assert not {"json-binding", "injection", "compact-forms"} & set(slot.lacks)


MODULE = """
lab: one
slots:
  module:
    kind: module
    device: {device}
    links: {{at: {at}, esipa: https{more}}}
    {reach}
"""


def module_with(folder: Path, device: str, *, is_real: bool = False) -> Slot:
    file = folder / "lab.yaml"
    reach = "reach: {eim_fqdn: eim.lab.example, smdp_fqdn: smdp.lab.example, ipv4: 203.0.113.7, via: tunnel}"
    at = "{port: /dev/ttyUSB0}" if is_real else "pty"
    text = MODULE.format(device=device, at=at, more=", apdu: at-csim", reach=reach if is_real else "")
    file.write_text(text, encoding="utf-8")
    return read_lab(file).slots["module"]


@pytest.mark.parametrize(
    ("said", "card", "ipa"),
    [
        ("{}", "1.2", "1.2"),
        ('{version: "1.0.1"}', "1.0.1", "1.0.1"),
        ('{version: "1.0.1", ipa: {has: [injection]}}', "1.0.1", "1.0.1"),
        ('{version: "1.3", ipa: {version: "1.0.1"}}', "1.3", "1.0.1"),
        ('{version: "1.0.1", ipa: {version: "1.2", binding: json}}', "1.0.1", "1.2"),
    ],
)
def test_an_ipa_is_of_its_cards_version_unless_another_is_said(tmp_path: Path, said: str, card: str, ipa: str) -> None:
    slot = module_with(tmp_path, f"{{simulated: {said}}}")
    assert isinstance(slot.device, Simulated)
    assert (slot.device.version, settings_of(slot.device.ipa).version) == (card, ipa)
    assert ("esipa-1.2" in slot.lacks) is (ipa == "1.0.1")
    assert ("since-1.2" in slot.lacks) is (card == "1.0.1")


def test_a_real_module_says_the_version_of_its_ipa_beside_its_eid(tmp_path: Path) -> None:
    slot = module_with(tmp_path, '{eid: null, ipa: {version: "1.0.1"}}', is_real=True)
    assert slot.said_ipa_version == "1.0.1"
    assert slot.lacks["esipa-1.2"] == "its SGP.32 version, 1.0.1"
    assert module_with(tmp_path, "{eid: null}", is_real=True).said_ipa_version == ""


@pytest.mark.parametrize(
    ("device", "is_real", "told"),
    [
        ('{simulated: {version: "1.3", ipa: {version: "1.0.1"}}}', False, "v1.0.1 (lab file)"),
        ('{eid: null, ipa: {version: "1.0.1"}}', True, "v1.0.1 (lab file)"),
        ("{eid: null}", True, "v1.2 (its card is of it)"),
    ],
)
def test_the_record_says_which_version_an_ipa_is_of_and_why(
    tmp_path: Path, device: str, is_real: bool, told: str
) -> None:
    slot = module_with(tmp_path, device, is_real=is_real)
    with Rack(read_lab(tmp_path / "lab.yaml"), 1) as rack:
        bench = assemble(rack, slot, slot.name, None, lambda link: lambda exchange: None)
        assert isinstance(bench, CardSlotBench)
        assert bench.ipa_version_in_words == told


@pytest.mark.parametrize(
    ("device", "told"),
    [
        ('{simulated: {version: "1.0.1", ipa: {binding: json}}}', "what v1.0.1 calls the members is not known"),
        ('{simulated: {ipa: {binding: json, version: "1.0.1"}}}', "what v1.0.1 calls the members is not known"),
        ('{simulated: {ipa: {version: "1.1"}}}', "1.1"),
        ("{eid: null, ipa: {binding: json}}", "binding"),
        ('{eid: null, ipa: {version: "9"}}', "9"),
    ],
)
def test_a_version_that_cannot_be_is_told_with_its_line(tmp_path: Path, device: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        module_with(tmp_path, device, is_real="eid" in device)
    [fault] = raised.value.faults
    assert told in f"{fault}"
    assert fault.line == 6


def test_mistakes_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_lab(lab_with(tmp_path, "{binding: xml, has: [flying], notifications: nowhere}"))
    assert len(raised.value.faults) == 3
