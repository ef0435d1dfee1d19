"""`sgp32 selftest`: claimed defects are caught by the cases that claim them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.cli.conftest import Sgp32

WRONG_CLAIM = '''
from harness.conformance import case

@case("EU-990", clause="c", area="euicc", catches="accepts-replayed-counter")
def test_judges_nothing_of_it(euicc, step):
    """A case that cannot catch what it claims."""
    with step("judge"):
        assert euicc.eid

@case("EU-991", clause="c", area="euicc", catches="accepts-replayed-counter")
def test_cries_wolf(euicc, step):
    """A case that fails a conforming card."""
    with step("judge"):
        assert not euicc.eid
'''


def test_the_claimed_defect_is_caught(sgp32: Sgp32) -> None:
    done = sgp32("selftest", "EU-062", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["false_alarms"] == []
    row = next(row for row in report["defects"] if row["defect"] == "accepts-replayed-counter")
    assert row == {
        "defect": "accepts-replayed-counter",
        "device": "euicc",
        "claimed_by": ["EU-062"],
        "caught_by": ["EU-062"],
    }


def test_a_case_that_cannot_fail_and_one_that_always_does_are_found_out(sgp32: Sgp32, tmp_path: Path) -> None:
    suite = tmp_path / "suite" / "test_claims.py"
    suite.parent.mkdir()
    suite.write_text(WRONG_CLAIM)
    done = sgp32("selftest", suite, "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    (row,) = report["defects"]
    assert row["claimed_by"] == ["EU-990", "EU-991"]
    assert row["caught_by"] == ["EU-991"]
    assert [alarm["case"] for alarm in report["false_alarms"]] == ["EU-991"]


def test_a_full_one_shows_what_nobody_claimed_and_what_hangs_on_one_case(sgp32: Sgp32, tmp_path: Path) -> None:
    done = sgp32("selftest", "EU-062", "EU-063", "SE-025", "--full", "--out", tmp_path / "record")
    assert "ONE CASE ALONE  euicc.accepts-replayed-counter: EU-062" in done.stdout, done.stderr
    lines = done.stdout.splitlines()
    row = next(number for number, line in enumerate(lines) if "is-lost-after-malformed-command" in line)
    assert lines[row].split() == ["caught", "euicc", "is-lost-after-malformed-command", "SE-025"]
    row = next(number for number, line in enumerate(lines) if "refuses-replay-unsigned" in line)
    assert lines[row + 1].split(": ") == ["        caught without claiming it", "EU-063"]
    logs = [log.parent.name for log in (tmp_path / "record" / "slots").glob("*/harness.log")]
    assert len(logs) > 1 or os.cpu_count() == 1, "many pairs are shared out to as many processes as there are cores"


def test_a_claim_of_an_unknown_defect_is_told_with_its_line(sgp32: Sgp32, tmp_path: Path) -> None:
    suite = tmp_path / "test_claims.py"
    suite.write_text(WRONG_CLAIM.replace("accepts-replayed-counter", "accepts-replayed-counters"))
    done = sgp32("selftest", suite)
    assert done.returncode == 2
    assert f"{suite}:5: EU-990 claims 'accepts-replayed-counters'" in done.stderr
    assert "did you mean 'accepts-replayed-counter'?" in done.stderr
