"""A lab file that names the published test certificates: the eUICC suite runs on them instead of the minted ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LAB = """
lab: published
pki: {folder}
slots:
  card: {{kind: euicc, device: {{simulated: {{eid: "{eid}"}}}}, links: {{apdu: memory}}}}
"""
EID_OF_THE_SET = "89049032123451234512345678901235"


@pytest.mark.skipif("SGP32_TEST_DATA" not in os.environ, reason="SGP32_TEST_DATA names no folder of test data")
def test_the_card_suite_runs_on_the_published_set(tmp_path: Path) -> None:
    folder = Path(os.environ["SGP32_TEST_DATA"]) / "sgp26"
    lab, run = tmp_path / "lab.yaml", tmp_path / "run"
    lab.write_text(LAB.format(folder=folder, eid=EID_OF_THE_SET))
    command = (sys.executable, "-m", "harness.cli", "run", "suites/euicc", "--lab", str(lab), "--out", str(run))
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in (run / "results.jsonl").read_text().splitlines()]
    assert len(lines) > 50
    shown = (folder / "CERT_EUICC_SIG_NIST.der").read_bytes().hex()
    events = [json.loads(line) for line in (run / "slots/card/events.jsonl").read_text().splitlines()]
    said = "".join(event["octets"][:-4] for event in events if event["event"] == "exchange")
    assert shown[8:200] in said, "the card never showed the certificate of the set"
