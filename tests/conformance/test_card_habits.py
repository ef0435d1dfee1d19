"""Cards of other rooms and habits before the suites about cards: a conforming card passes, however it is made."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

LAB = """
lab: habits
pki: mint
slots:
  small:
    kind: euicc
    device: {simulated: {refresh: profile-state-change, memory: 32768, eims: 2, results: 2, channels: 2}}
    links: {apdu: memory}
  blunt:
    kind: euicc
    device:
      simulated:
        version: "1.3"
        after_enable: reset
        results: 1
        channels: 1
        counter: 2147483647
        latches_terminal_capability: false
        strict_segments: false
    links: {apdu: memory}
"""
WELL = {"pass", "recorded", "not_applicable", "not_run"}
DEADLINE = 180


def test_cards_of_other_habits_are_well(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(LAB, encoding="utf-8")
    suites = [str(Path(__file__).parents[2] / "suites" / name) for name in ("euicc", "fallback", "security")]
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli", "run", "--lab", "lab.yaml", "--json", *suites],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    results = json.loads(done.stdout)["results"]
    assert [(one["case"], one["slot"], one["reason"]) for one in results if one["verdict"] not in WELL] == []
    assert min(Counter(one["slot"] for one in results if one["verdict"] == "pass").values()) > 150
    alone = [one for one in results if one["case"] == "EU-101"]
    assert [one["verdict"] for one in alone] == ["not_applicable"] * 2
    assert all("does not open two logical channels" in one["reason"] for one in alone)
