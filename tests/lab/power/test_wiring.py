"""What a lab file says of the power of a real card."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.lab.file.configuration import read_lab
from harness.lab.power.wiring import Command, Relay, Wiring

LAB = """
lab: desk
slots:
  card: {kind: euicc, device: DEVICE, links: {apdu: LINK}, power: POWER}
"""
REAL = ("{eid: null}", "{pcsc: {reader: A}}")
COMMAND = "{command: {off: hub off, on: [hub, 'on now']}}"


def wiring(folder: Path, power: str, device: str = REAL[0], link: str = REAL[1]) -> Wiring | None:
    file = folder / "lab.yaml"
    file.write_text(LAB.replace("DEVICE", device).replace("LINK", link).replace("POWER", power), encoding="utf-8")
    return read_lab(file).slots["card"].power


def test_a_command_is_a_line_or_a_list(tmp_path: Path) -> None:
    assert wiring(tmp_path, COMMAND) == Wiring(Command(("hub", "off"), ("hub", "on now")))


def test_a_relay_obeys_octets(tmp_path: Path) -> None:
    said = "{relay: {port: /dev/x, off: A00100A1, on: A00101A2}, points: 20, pause: 2, deadline: 5, back: 60}"
    assert wiring(tmp_path, said) == Wiring(
        Relay("/dev/x", b"\xa0\x01\x00\xa1", b"\xa0\x01\x01\xa2"), points=20, pause=2, deadline=5, back=60
    )


@pytest.mark.parametrize(
    ("power", "faults"),
    [
        ("{}", ["exactly one of `command` or `relay`"]),
        ("{command: {off: hub off}}", ["'on' is missing"]),
        ("{command: {off: 'hub \"off', on: []}}", ["is no command", "is no command"]),
        ("{relay: {off: zz, on: A0}, points: 0}", ["'port' is missing", "no octets", "not a number from 1"]),
    ],
)
def test_every_mistake_is_told(tmp_path: Path, power: str, faults: list[str]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        wiring(tmp_path, power)
    said = [str(fault) for fault in raised.value.faults]
    assert len(said) == len(faults), said
    assert all(any(fault in one for one in said) for fault in faults), said


def test_a_simulated_card_has_no_switch(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the power of a simulated device is its process"):
        wiring(tmp_path, COMMAND, "{simulated: {prepare: functions}}", "memory")
