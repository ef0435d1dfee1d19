"""Conforming IPAs of every version, both bindings and all habits before the suites about IPAs: all are well."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

LAB = """
lab: variants
pki: mint
slots:
  v1-0-1:
    kind: module
    device: {simulated: {version: "1.0.1"}}
    links: {at: pty, esipa: https}
  v1-0-1-leaves-much:
    kind: module
    device:
      simulated:
        ipa:
          version: "1.0.1"
          has: [indirect-download, eim-download-data, eim-ctx-params1, compact-forms, injection]
          notifications: eim
    links: {at: pty, esipa: https}
  v1-3-json:
    kind: module
    device: {simulated: {version: "1.3", ipa: {binding: json, has: [indirect-download], notifications: eim}}}
    links: {at: pty, esipa: https}
  direct-only:
    kind: module
    device: {simulated: {ipa: {has: [direct-download], needs_admin_protocol: true}}}
    links: {at: pty, esipa: https}
  leaves-much:
    kind: module
    device:
      simulated:
        after_enable: reset
        ipa:
          has: [direct-download, indirect-download, eim-download-data, eim-ctx-params1, eim-metadata-verification]
          notifications: eim
    links: {at: pty, esipa: https}
"""
SUITES = ("ipa", "polling")
WELL = {"pass", "recorded", "not_applicable", "not_run"}
DEADLINE = 360


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The results of one run with a module of each kind."""
    folder = tmp_path_factory.mktemp("variants")
    (folder / "lab.yaml").write_text(LAB, encoding="utf-8")
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
    return list(json.loads(done.stdout)["results"])


def test_all_are_well(results: list[dict[str, str]]) -> None:
    troubled = [(one["case"], one["slot"], one["reason"]) for one in results if one["verdict"] not in WELL]
    assert troubled == []
    judged = Counter(one["slot"] for one in results if one["verdict"] == "pass")
    assert (
        min(judged[slot] for slot in ("v1-0-1", "v1-0-1-leaves-much", "v1-3-json", "direct-only", "leaves-much")) > 35
    )


def test_what_an_ipa_lacks_does_not_apply(results: list[dict[str, str]]) -> None:
    reasons = {(one["case"], one["slot"]): one["reason"] for one in results if one["verdict"] == "not_applicable"}
    assert reasons["IP-030", "direct-only"] == "the IPA lacks downloads through the eIM, says the lab file"
    assert ("IP-025", "v1-3-json") in reasons
    assert "nothing says that this is one" not in reasons.get(("IP-022", "direct-only"), "")
    assert ("IP-022", "leaves-much") in reasons
