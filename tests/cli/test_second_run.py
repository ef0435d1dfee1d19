"""A card remembers: a second run on it is as green as the first, whatever its version, over memory and behind a reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.endpoints.pcscd import READER, availability
from harness.lab.file.device import Simulated
from tests.cli.conftest import Sgp32
from tests.crypto.real_data import folder
from tests.real_cards import card_in_reader

CASES = (
    "EU-013", "EU-020", "EU-027", "EU-035", "EU-042", "EU-044", "EU-049", "EU-050", "EU-062", "EU-063", "EU-077", "EU-083",
    "EU-092", "EU-093", "EU-107", "FB-008", "SE-006", "SE-017", "RS-002", "RS-003", "RS-011",
)  # fmt: skip
"""Those that use a card up: counters, tokens, results, profiles that a memory reset does not take."""
LAB = """
lab: drawer
state: state
PKI
slots:
  card:
    kind: euicc
    device: DEVICE
    links: {apdu: LINK}
    allow: [burns-counter, removes-eim, removes-profile, strands-device, wears-flash]
"""
IN_READER = f"{{pcsc: {{reader: {READER}}}}}"


def lab_of(folder: Path, device: str, link: str, pki: str = "") -> Path:
    file = folder / "lab.yaml"
    text = LAB.replace("DEVICE", device).replace("LINK", link).replace("PKI", pki)
    file.write_text(text, encoding="utf-8")
    return file


def twice(sgp32: Sgp32, lab: Path) -> Iterator[dict[str, str]]:
    """The verdicts of the first run and of the second."""
    for number in ("first", "second"):
        out = lab.parent / number
        done = sgp32("run", *CASES, "--lab", lab, "--out", out)
        found = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
        assert done.returncode == 0, [line for line in found if line["verdict"] != "pass"]
        yield {line["case"]: line["verdict"] for line in found}


@pytest.mark.parametrize("version", ["1.0.1", "1.2", "1.3"])
def test_over_memory(sgp32: Sgp32, tmp_path: Path, version: str) -> None:
    device = f'{{simulated: {{version: "{version}", prepare: functions}}}}'
    first, second = twice(sgp32, lab_of(tmp_path, device, "memory"))
    assert first == second
    assert list(first.values()).count("pass") >= (len(CASES) if version != "1.0.1" else 14)


@pytest.mark.parametrize("keys", ["minted", "sgp26"])
@pytest.mark.skipif(availability() is not None, reason=str(availability()))
def test_in_a_reader(sgp32: Sgp32, tmp_path: Path, keys: str) -> None:
    lab = lab_of(tmp_path, "{eid: null}", IN_READER, "" if keys == "minted" else f"pki: {folder(keys)}")
    with card_in_reader(lab, "card", Simulated(), tmp_path / "memory"):
        first, second = twice(sgp32, lab)
    assert first == second
    unswitched = {"RS-002", "RS-003"}
    assert {case for case, verdict in first.items() if verdict != "pass"} == unswitched
