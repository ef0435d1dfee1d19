"""`sgp32 run` on a conforming simulated module of every dialect: none is blamed for its habits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from harness.links.at_habits import HABITS
from tests.cli.conftest import run_sgp32

CARD_CASES = ("EU-007", "EU-035")
IPA_CASE = "IP-010"
NO_WAY: Mapping[str, tuple[str, ...]] = {
    "quectel": ("at-csim",),
    "helpful": ("at-csim",),
    "sealed": ("at-cgla", "at-csim"),
    "registered": ("at-cgla", "at-csim"),
}
"""Ways to the card that a dialect does not have, with no profile enabled."""

Line = Mapping[str, Any]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    folder = tmp_path_factory.mktemp("dialects")
    slots = "\n".join(
        f"  {name}: {{kind: module, device: {{simulated: {{dialect: {name}}}}}, "
        "links: {apdu: [at-cgla, at-csim], at: pty, esipa: https}}"
        for name in HABITS
    )
    lab = folder / "lab.yaml"
    lab.write_text(f"lab: dialects\nslots:\n{slots}\n", encoding="utf-8")
    cases = ("suites/module", *CARD_CASES, IPA_CASE)
    done = run_sgp32(folder, "run", *cases, "--lab", lab, "--out", folder / "run", timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in (folder / "run/results.jsonl").read_text().splitlines()]


def of(results: list[Line], dialect: str, *cases: str) -> list[Line]:
    return [line for line in results if line["slot"] == dialect and (not cases or line["case"] in cases)]


@pytest.mark.parametrize("dialect", HABITS)
def test_no_conforming_module_is_blamed(results: list[Line], dialect: str) -> None:
    left = [line for line in of(results, dialect) if line["verdict"] not in ("pass", "recorded", "not_applicable")]
    assert {line["verdict"] for line in left} <= {"not_run"}, left
    assert all("lets no APDU through to its card" in line["reason"] for line in left)
    assert bool(left) is (dialect in NO_WAY)


@pytest.mark.parametrize("dialect", HABITS)
def test_card_cases_pass_on_every_way_that_there_is(results: list[Line], dialect: str) -> None:
    for line in of(results, dialect, *CARD_CASES):
        if line["link"] in NO_WAY.get(dialect, ()):
            assert line["verdict"] == "not_run"
            assert "lets no APDU through to its card" in line["reason"]
        else:
            assert line["verdict"] == "pass", line


@pytest.mark.parametrize("dialect", HABITS)
def test_an_ipa_is_judged_whatever_its_module_shows(results: list[Line], dialect: str) -> None:
    [line] = of(results, dialect, IPA_CASE)
    assert line["verdict"] == "pass"
    assert line["seen_from"] == ["the eIM and the SM-DP+"]


def test_what_a_module_lacks_does_not_apply(results: list[Line]) -> None:
    [line] = of(results, "sealed", "MO-004")
    assert (line["verdict"], line["reason"]) == (
        "not_applicable",
        "the module has +CSIM: STATUS: the module refuses AT+CSIM: ERROR",
    )
