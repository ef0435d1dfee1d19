"""Where traffic does not flow after a switch: the layer is named, and it is not called the device's unless it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.links.at_habits import HABITS
from tests.cli.conftest import Sgp32, run_sgp32

MAKERS = [name for name, habits in HABITS.items() if habits.makers]
WITH_SOCKETS = [name for name in MAKERS if HABITS[name].sockets]
OTHERS = {
    "no-coverage": ("registration", "the network's"),
    "denied": ("registration", "the profile's"),
    "no-data": ("context", "the network's"),
    "other-pool": ("address", "the network's"),
    "no-names": ("DNS", "the network's"),
    "no-route": ("route and application over TCP", "the network's"),
}


def slot(name: str, dialect: str, treatment: str) -> str:
    device = f"{{simulated: {{dialect: {dialect}, meets: {{operational-d: {treatment}}}}}}}"
    return f"  {name}: {{kind: module, device: {device}, links: {{at: pty, esipa: https}}}}\n"


def outcome(sgp32: Sgp32, folder: Path, treatment: str) -> dict[str, Any]:
    lab = f"lab: boundary\nslots:\n{slot('m', 'harness', treatment)}"
    (folder / "lab.yaml").write_text(lab, encoding="utf-8")
    done = sgp32("run", "LC-016", "--lab", folder / "lab.yaml", "--out", folder / "run")
    lines = (folder / "run" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1, done.stdout + done.stderr
    line: dict[str, Any] = json.loads(lines[0])
    return line


@pytest.mark.parametrize("treatment", OTHERS)
def test_what_is_not_the_devices_is_no_failure_of_it(sgp32: Sgp32, tmp_path: Path, treatment: str) -> None:
    layer, whose = OTHERS[treatment]
    line = outcome(sgp32, tmp_path, treatment)
    assert line["verdict"] == "inconclusive", line["reason"]
    assert f"the layer {layer} is broken, and that is {whose}" in line["reason"]


@pytest.fixture(scope="module")
def of_makers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, Any]]:
    """What LC-016 comes to on the modules of all makers, on networks that carry all and that know no names."""
    folder = tmp_path_factory.mktemp("makers")
    slots = [slot(name, name, "home") for name in MAKERS]
    slots += [slot(f"{name}-mute", name, "no-names") for name in WITH_SOCKETS]
    (folder / "lab.yaml").write_text("lab: makers\nslots:\n" + "".join(slots), encoding="utf-8")
    run_sgp32(folder, "run", "LC-016", "--lab", folder / "lab.yaml", "--out", folder / "run", timeout=300)
    lines = (folder / "run" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["slot"]: line for line in map(json.loads, lines)}


@pytest.mark.parametrize("dialect", MAKERS)
def test_only_what_a_dialect_shows_is_judged(of_makers: Mapping[str, dict[str, Any]], dialect: str) -> None:
    line, sees_all = of_makers[dialect], bool(HABITS[dialect].sockets)
    assert line["verdict"] == "pass", line["reason"]
    texts = [step["text"] for step in line["steps"]]
    assert ("operational-d: route and application over UDP" in texts) is sees_all
    not_seen = [step["observed"] for step in line["steps"] if step["text"].endswith("what is not seen")]
    assert not_seen == (
        [] if sees_all else 2 * ["DNS, route and application: nothing is known of this module's commands for sockets"]
    )


@pytest.mark.parametrize("dialect", WITH_SOCKETS)
def test_a_network_without_names_is_told_in_every_dialect(
    of_makers: Mapping[str, dict[str, Any]], dialect: str
) -> None:
    line = of_makers[f"{dialect}-mute"]
    assert line["verdict"] == "inconclusive", line["reason"]
    assert "the layer DNS is broken, and that is the network's" in line["reason"]
