"""What a lab file says of the queue of somebody else's eIM."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ConfigurationError
from harness.lab.file.configuration import read_lab
from harness.lab.file.device import Remote
from harness.lab.queueing.wiring import ByProgram, ByRest, Queueing

LAB = """
lab: theirs
slots:
  their-eim: {kind: eim, device: {address: eim.example, queue: QUEUE}, links: {esipa: https}}
"""
REST = '{rest: {url: "https://eim.example:8443/v1/", token: {file: token}}}'


def queueing(folder: Path, queue: str) -> Queueing | None:
    file = folder / "lab.yaml"
    file.write_text(LAB.replace("QUEUE", queue), encoding="utf-8")
    device = read_lab(file).slots["their-eim"].device
    assert isinstance(device, Remote)
    return device.queueing


def test_a_program_is_started_beside_the_lab_file(tmp_path: Path) -> None:
    assert queueing(tmp_path, "{command: [./queue.sh, lab], deadline: 5}") == ByProgram(
        ("./queue.sh", "lab"), tmp_path, 5
    )


def test_a_rest_interface_has_its_token_elsewhere(tmp_path: Path) -> None:
    assert queueing(tmp_path, REST) == ByRest("https://eim.example:8443/v1", tmp_path / "token")
    said = '{rest: {url: "http://127.0.0.1:8080/v1", token: {env: EIM_TOKEN}}}'
    assert queueing(tmp_path, said) == ByRest("http://127.0.0.1:8080/v1", token_variable="EIM_TOKEN")


@pytest.mark.parametrize(
    ("queue", "faults"),
    [
        ("{}", ["exactly one of `command` or `rest`"]),
        ("{command: [], deadline: 0}", ["is no command", "not a number from 1"]),
        ("{rest: {url: eim.example, token: s3cret}}", ["no address of a REST", "the token itself does not belong"]),
        ('{rest: {url: "http://eim.example/v1", token: {file: a, env: B}}}', ["in clear", "exactly one of `file`"]),
        ('{rest: {url: "https://a/", token: {env: "no name"}, ca: gone}}', ["no name of an env", "is not a file"]),
        ("{rest: {}}", ["'url' is missing", "'token' is missing"]),
    ],
)
def test_every_mistake_is_told(tmp_path: Path, queue: str, faults: list[str]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        queueing(tmp_path, queue)
    said = [str(fault) for fault in raised.value.faults]
    assert len(said) == len(faults), said
    assert all(any(fault in one for one in said) for fault in faults), said
    assert not any("s3cret" in one for one in said)


def test_only_an_eim_with_an_address_has_a_queue(tmp_path: Path) -> None:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB.replace("address: eim.example, queue: QUEUE", "reference: {}, queue: {command: a}"))
    with pytest.raises(ConfigurationError, match="given by its `address`"):
        read_lab(file)
