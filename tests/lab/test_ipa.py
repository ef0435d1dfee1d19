"""The IPA of a simulated module, as a lab file says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.lab.configuration import read_lab
from harness.lab.device import Simulated
from harness.lab.ipa import USUAL_IPA, settings_of
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


def test_mistakes_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_lab(lab_with(tmp_path, "{binding: xml, has: [flying], notifications: nowhere}"))
    assert len(raised.value.faults) == 3
