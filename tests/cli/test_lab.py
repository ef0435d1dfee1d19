"""`sgp32 lab check`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Sgp32


def test_a_card_is_inspected(sgp32: Sgp32, memory_lab: Callable[..., Path]) -> None:
    done = sgp32("lab", "check", "card", "--lab", memory_lab(), "--json")
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)["slots"]["card"]
    assert card["card"]["kind"] == "SGP.32"
    assert {name: trust["can"] for name, trust in card["card"]["trusts"].items()} == {
        "verify": True,
        "smdp": True,
        "eim": True,
    }
    assert "sgp32_versions" in card["ics"]


def test_people_read_the_same_with_a_draft_ics(sgp32: Sgp32, memory_lab: Callable[..., Path]) -> None:
    done = sgp32("lab", "check", "card", "--lab", memory_lab())
    assert done.returncode == 0, done.stderr
    assert "can act as its eIM: yes" in done.stdout
    assert "# Draft ICS" in done.stdout
    about, _, ics = done.stdout.partition("# Draft ICS")
    eid = ics.partition("eid: '")[2].partition("'")[0]
    assert len(eid) == 32
    assert about.count(eid) == 1
    assert about.lower().count("atr") == 1


def test_an_unknown_slot_is_bad_usage(sgp32: Sgp32, memory_lab: Callable[..., Path]) -> None:
    done = sgp32("lab", "check", "kard", "--lab", memory_lab())
    assert done.returncode == 2
    assert "did you mean 'card'?" in done.stderr
