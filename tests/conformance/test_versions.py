"""Cards of every SGP.32 version before the suites about cards: each is judged by what it declares, and all are well."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.conformance.devices.expectations import code_for
from harness.roles.es10.versions import DIALECTS, version_named

VERSIONS = ("1.0.1", "1.2", "1.3")
LAB = """
lab: versions
pki: mint
slots:
"""
SLOT = """
  {name}:
    kind: euicc
    device: {{simulated: {{version: "{version}"}}}}
    links: {{apdu: memory}}
"""
PLAIN = """
  card-plain:
    kind: euicc
    device: {simulated: {lacks: [fallback, ecall, ppr, ipae, eim-reset, immediate-enable]}}
    links: {apdu: memory}
"""
SUITES = ("euicc", "fallback", "security")
WELL = {"pass", "recorded", "not_applicable", "not_run"}
DEADLINE = 120


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    """The results of one run with a card of each version, and with one that has nothing optional."""
    folder = tmp_path_factory.mktemp("versions")
    slots = "".join(SLOT.format(name=f"card-{version.replace('.', '-')}", version=version) for version in VERSIONS)
    (folder / "lab.yaml").write_text(LAB + slots + PLAIN, encoding="utf-8")
    suites = [str(Path(__file__).parents[2] / "suites" / name) for name in SUITES]
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "run", "--lab", "lab.yaml", "--json", *suites],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return json.loads(done.stdout)


def test_cards_of_all_versions_are_well(run):
    troubled = [(one["case"], one["slot"], one["reason"]) for one in run["results"] if one["verdict"] not in WELL]
    assert troubled == []
    judged = Counter(one["slot"] for one in run["results"] if one["verdict"] == "pass")
    assert judged["card-1-0-1"] > 80
    assert min(judged["card-1-2"], judged["card-1-3"]) > judged["card-1-0-1"]


def test_what_a_version_cannot_know_does_not_apply_and_says_so(run):
    reasons = {
        one["case"]: one["reason"]
        for one in run["results"]
        if (one["slot"], one["verdict"]) == ("card-1-0-1", "not_applicable")
    }
    assert reasons["EU-029"] == "the card lacks what came with SGP.32 v1.2, says SGP.32 v1.0.1"
    assert {"EU-074", "EU-094", "EU-097"} <= set(reasons)
    later = [one for one in run["results"] if one["verdict"] == "not_applicable" and one["slot"] == "card-1-3"]
    assert {one["case"] for one in later} == {"EU-132", "EU-133"}
    assert all(one["reason"].startswith("the case is about cards without") for one in later)


def test_what_only_a_card_without_a_feature_shows_is_judged_on_one(run):
    plain = {one["case"]: one["verdict"] for one in run["results"] if one["slot"] == "card-plain"}
    assert (plain["EU-132"], plain["EU-133"], plain["EU-085"]) == ("pass", "pass", "not_applicable")


@pytest.mark.parametrize(
    ("announced", "spoken"),
    [
        (None, "1.2"),
        ((), "1.2"),
        ([(1, 0, 0)], "1.0.1"),
        ([(1, 0, 1)], "1.0.1"),
        ([(1, 1, 0)], "1.2"),
        ([(1, 0, 1), (1, 2, 0)], "1.2"),
        ([(1, 3, 0), (1, 2, 0)], "1.3"),
        ([(2, 0, 0)], "1.3"),
    ],
)
def test_the_highest_announced_version_is_spoken(announced, spoken):
    assert version_named(announced) == spoken


def test_a_code_that_a_version_lacks_is_expected_as_undefined_error():
    old, new = (SimpleNamespace(dialect=DIALECTS[version]) for version in ("1.0.1", "1.2"))
    assert (code_for(old, "enableResult", 3), code_for(new, "enableResult", 3)) == (127, 3)
    assert code_for(old, "enableResult", 2) == 2
