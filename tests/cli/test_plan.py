"""`sgp32 plan`: the cases, without importing what would be needed to run them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Sgp32

COVERAGE_KEYS = ["function", "direction", "kind", "name", "cases", "on_the_way", "why"]
KEYS = [
    "case",
    "title",
    "clause",
    "confidence",
    "area",
    "links",
    "catches",
    "requires",
    "without",
    "effects",
    "applies",
]


def test_json_has_stable_keys(sgp32: Sgp32) -> None:
    done = sgp32("plan", "--json")
    assert done.returncode == 0, done.stderr
    cases = json.loads(done.stdout)["cases"]
    assert all(list(case) == KEYS for case in cases)
    (eid,) = (case for case in cases if case["case"] == "EU-007")
    assert eid["links"] == ["memory", "pcsc", "at-cgla", "at-csim"]
    assert eid["applies"] is True
    assert eid["confidence"] == "certain"


def test_cases_that_need_the_terminal_do_not_run_behind_a_module(sgp32: Sgp32) -> None:
    cases = {case["case"]: case["links"] for case in json.loads(sgp32("plan", "--json").stdout)["cases"]}
    for case in ("EU-001", "EU-005", "EU-006"):
        assert cases[case] == ["memory", "pcsc"]


def test_explain_says_why_for_every_slot(sgp32: Sgp32) -> None:
    said = sgp32("plan", "--explain", "eu-001").stdout
    assert "card-memory: yes, over memory" in said
    assert "module-at: no, only memory, pcsc can observe this" in said
    assert "our-eim: no, the case needs a card" in said


def test_an_unknown_case_is_bad_usage(sgp32: Sgp32) -> None:
    done = sgp32("plan", "EU-999")
    assert done.returncode == 2
    assert "EU-999" in done.stderr


def test_listing_loads_neither_codec_nor_pytest() -> None:
    program = (
        "import sys; from harness.cli import status_of; status_of(['plan', '--json'])\n"
        "print([name for name in ('asn1tools', 'pytest', 'rich', 'cryptography') if name in sys.modules], file=sys.stderr)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=True)
    assert done.stderr.strip() == "[]"


def test_help_loads_no_verb() -> None:
    program = (
        "import sys; from harness.cli import status_of; status_of(['--help'])\n"
        "print(sorted(name for name in sys.modules if name.startswith('harness.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "['harness.cli', 'harness.cli.verbs', 'harness.errors']"


def test_coverage_names_the_cases_of_each_place(sgp32: Sgp32, memory_lab: Callable[..., Path]) -> None:
    done = sgp32("plan", "EU-094", "--coverage", "--json", "--lab", memory_lab())
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rows = {(row["name"], row["direction"]): row for row in found["coverage"]}
    assert list(rows["ES10b.eUICCMemoryReset", "sent"]) == COVERAGE_KEYS
    assert rows["ES10b.eUICCMemoryReset", "sent"]["cases"] == ["EU-094"]
    assert rows["ES10b.LoadCRL", "sent"]["why"]
    assert sum(found["counts"].values()) == len(rows)


def test_people_read_what_each_function_lacks(sgp32: Sgp32, memory_lab: Callable[..., Path]) -> None:
    done = sgp32("plan", "EU-094", "EU-096", "--coverage", "--lab", memory_lab())
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "→ is sent to the card, ← comes from it" in lines[0]
    assert "ES10b.LoadCRL: 0 of 12 covered, 12 explained" in lines
    (reset,) = (line for line in lines if line.startswith("ES10b.eUICCMemoryReset: "))
    assert "covered" in reset
    assert reset.endswith("with neither case nor reason")
    (called,) = (line for line in lines if line.startswith("  → function  ES10b.eUICCMemoryReset "))
    assert called.endswith("EU-094 EU-096")
    assert lines[-1].startswith("all in all: ")


def test_coverage_of_no_run_is_bad_usage(sgp32: Sgp32, tmp_path: Path) -> None:
    done = sgp32("plan", "--coverage", tmp_path / "none")
    assert done.returncode == 2
    assert "is no run directory" in done.stderr
