"""A module on the bench: a port of its own, real time, and our servers found by name at one shared port."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.crypto.entropy import Entropy
from harness.endpoints.module_process import ModuleProcess
from harness.lab.benches.card_factory import FACTORY, arguments_for
from harness.lab.benches.cards import card_config
from harness.lab.file.configuration import read_lab
from harness.lab.file.device import Simulated
from harness.lab.rack import Rack
from harness.lab.reaching.shared_port import ARRIVALS
from tests.cli.conftest import Sgp32

LAB = """
lab: desk
state: state
listen: {{port: {https}}}
slots:
  modem:
    kind: module
    device: {{eid: null}}
    links: {{apdu: at-csim, at: {{port: {port}}}, esipa: https}}
    network: {network}
    reach: {{eim_fqdn: localhost.eim.test, smdp_fqdn: localhost.smdp.test, ipv4: 127.0.0.1, via: private-apn}}
    allow: [removes-eim, removes-profile]
"""


@pytest.fixture
def https() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def lab(tmp_path: Path, https: int) -> Path:
    file = tmp_path / "lab.yaml"
    file.write_text(LAB.format(https=https, port=tmp_path / "modem", network="none").replace("private-apn", "tunnel"))
    return file


@pytest.fixture
def module(lab: Path, tmp_path: Path, https: int) -> Iterator[ModuleProcess]:
    """A module with a life of its own, told by its DNS that our names are at this host."""
    with Rack(read_lab(lab), 1) as rack:
        rack.entropy = Entropy("the lab's first day")
        config = card_config(rack, "modem", Simulated())
        process = ModuleProcess(
            FACTORY,
            arguments_for(rack, config, tmp_path / "card", "modem"),
            tmp_path,
            addresses=dict.fromkeys(("localhost.eim.test", "localhost.smdp.test"), ("127.0.0.1", https)),
            ci_certificates=[rack.pki.trust(curve).ci.certificate for curve in rack.pki.curves],
            clock="real",
        )
    with process:
        yield process


def test_an_ipa_behind_the_shared_port_is_judged(
    module: ModuleProcess, lab: Path, sgp32: Sgp32, tmp_path: Path
) -> None:
    done = sgp32("run", "IP-003", "IP-010", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in (tmp_path / "run" / "results.jsonl").read_text().splitlines()]
    assert {line["case"]: line["verdict"] for line in lines} == {"IP-003": "pass", "IP-010": "pass"}
    came = [json.loads(line) for line in (tmp_path / "run" / ARRIVALS).read_text().splitlines()]
    assert {(one["name"], one["trouble"]) for one in came} == {("localhost.eim.test", "")}
    assert sgp32("verify", tmp_path / "run").returncode == 0


def test_what_needs_a_network_is_not_run_without_one(
    module: ModuleProcess, lab: Path, sgp32: Sgp32, tmp_path: Path
) -> None:
    done = sgp32("run", "IP-017", "--lab", lab, "--out", tmp_path / "run", "--json")
    (line,) = json.loads(done.stdout)["results"]
    assert line["verdict"] == "not_run"
    assert "a network that refuses or loses the device" in line["reason"]


def test_the_way_is_proved_step_by_step(module: ModuleProcess, lab: Path, sgp32: Sgp32) -> None:
    kit = lab.parent / "kit"
    assert sgp32("lab", "provisioning-kit", "modem", "--lab", lab, "--out", kit).returncode == 0
    first = sgp32("lab", "reach", "modem", "--lab", lab, "--wait", "0", "--json")
    found = json.loads(first.stdout)
    assert first.returncode == 3
    assert not found["holds"]
    # No resolver knows these names: the proof ends there, with what to do.
    name = next(proof for proof in found["proofs"] if proof["what"] == "name")
    assert not name["holds"]
    assert "127.0.0.1" in name["hint"]


def test_a_slot_without_servers_has_nothing_to_reach(sgp32: Sgp32) -> None:
    done = sgp32("lab", "reach", "card-memory")
    assert done.returncode == 2
    assert "esipa: https" in done.stderr


def test_the_simulated_module_reaches_us(sgp32: Sgp32) -> None:
    done = sgp32("lab", "reach", "module-at")
    assert done.returncode == 0, done.stdout
    assert "a poll of EID" in done.stdout


def test_the_kit_holds_what_a_card_takes(lab: Path, sgp32: Sgp32, tmp_path: Path) -> None:
    done = sgp32("lab", "provisioning-kit", "modem", "--lab", lab, "--out", tmp_path / "kit")
    assert done.returncode == 0, done.stderr
    kit = tmp_path / "kit"
    told = json.loads((kit / "eim-configuration.json").read_text())
    assert told["eimFqdn"] == "localhost.eim.test"
    assert told["associationToken"] == -1
    assert (kit / "eim-configuration.der").read_bytes() in (kit / "add-initial-eim.der").read_bytes()
    assert not any(b"PRIVATE KEY" in file.read_bytes() for file in kit.iterdir())
    seen = subprocess.run(
        ["openssl", "x509", "-in", str(kit / "ci-root-nist.pem"), "-noout", "-subject"],
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert "CI NIST" in seen.stdout


def test_subscribers_go_into_a_core_network(sgp32: Sgp32, tmp_path: Path) -> None:
    table = sgp32("lab", "subscribers").stdout.splitlines()
    assert table[0].startswith("profile,imsi,iccid")
    assert any(line.startswith("operational-a,001010000000001,") for line in table)
    assert sgp32("lab", "subscribers", "--form", "open5gs", "--out", tmp_path / "subs.json").returncode == 0
    documents = {one["imsi"]: one for one in json.loads((tmp_path / "subs.json").read_text())}
    assert documents["001010000000001"]["security"]["k"] == "30430e276874eb6c4f030efdff0e4b76"
    assert documents["001010000000001"]["slice"][0]["session"][0]["name"] == "a.iot.test"
    assert "001019999999990" not in documents, "its algorithm is not Milenage"
