"""Cards that belong to somebody else: a simulated one with a memory, treated as a real one with an operator's eIM on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.codec import decode
from harness.conformance.case import State
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.parties import Parties, euicc_over
from harness.crypto.entropy import Entropy
from harness.lab.benches.assembly import assemble, card_link
from harness.lab.file.configuration import read_lab
from harness.lab.rack import Rack, prepare
from harness.roles.eim import TOKEN_REQUESTED, Eim, EimIdentity, MemoryStore
from harness.roles.eim.commands import add_eim, enable
from tests.cli.conftest import Sgp32

SLOT = """
lab: kept
state: state
slots:
  card: {kind: euicc, device: {simulated: {prepare: functions}}, links: {apdu: memory}TRUST}
"""
CASES = ("EU-007", "EU-035", "EU-042", "EU-044", "EU-062", "EU-063", "EU-068", "EU-013", "EU-014", "EU-088")
LAST_COUNTER = 500
OPERATOR = "operator.example"


@contextmanager
def card_of(folder: Path, trust: str = "") -> Iterator[tuple[EuiccUnderTest, Parties]]:
    """The card as it lies in the drawer, between runs."""
    file = folder / "drawer.yaml"
    file.write_text(SLOT.replace("TRUST", trust), encoding="utf-8")
    lab = read_lab(file)
    prepare(lab, 1)
    with Rack(lab, 1) as rack:
        bench = assemble(rack, lab.slots["card"], "card", None, lambda link: lambda exchange: None)
        bench.open()
        parties = Parties(rack, "drawer", State(), device="card")
        yield euicc_over(card_link(bench), parties), parties
        bench.close()


@pytest.fixture
def operator(tmp_path: Path) -> Eim:
    """The card's owner: its eIM, three profiles of which one is enabled, and a counter that has come far."""
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "eim.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    eim = Eim(EimIdentity(OPERATOR, key), Entropy(3), store=MemoryStore())
    with card_of(tmp_path) as (euicc, parties):
        (token,) = euicc.add_initial_eim([eim.configuration(association_token=TOKEN_REQUESTED)]).entries
        eim.associate(euicc.eid, association_token=token or 0, counter=0)
        download = parties.download_to(euicc)
        assert all(download(name).is_success for name in ("bootstrap", "operational-a", "operational-b"))
        package = eim.package(enable(parties.profiles["bootstrap"].iccid), counter=LAST_COUNTER)
        assert euicc.load_package(package).result("enableResult") == 0
        euicc.get_profiles_info()
    return eim


def lab_with(folder: Path, trust: str) -> Path:
    file = folder / "lab.yaml"
    file.write_text(SLOT.replace("TRUST", f", trust: {trust}"), encoding="utf-8")
    return file


def joined(token: int, more: str = "") -> str:
    return (
        f"{{smdp: false, eim: {{join: import, eim_id: {OPERATOR}, key: eim.pem, counter: 41, token: {token}{more}}}}}"
    )


def results(run: Path) -> dict[str, dict[str, Any]]:
    return {line["case"]: line for line in map(json.loads, (run / "results.jsonl").read_text().splitlines())}


def verdicts(run: Path) -> dict[str, str]:
    return {case: line["verdict"] for case, line in results(run).items()}


def test_a_second_run_is_as_green_as_the_first_and_the_card_is_as_before(
    operator: Eim, sgp32: Sgp32, tmp_path: Path
) -> None:
    lab = lab_with(tmp_path, joined(operator.device().association.token))
    with card_of(tmp_path) as (euicc, _):
        before = {info.iccid: info.state for info in euicc.get_profiles_info()}
        notifications = {one.sequence_number for one in euicc.list_notifications()}
    for run in ("first", "second"):
        done = sgp32("run", *CASES, "--lab", lab, "--out", tmp_path / run)
        assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(tmp_path / "first") == verdicts(tmp_path / "second")
    found = results(tmp_path / "second")
    assert {case for case, line in found.items() if line["verdict"] == "pass"} >= {
        "EU-035",
        "EU-042",
        "EU-062",
        "EU-063",
    }
    assert found["EU-044"]["verdict"] == "not_run"
    assert "cannot install again" in found["EU-044"]["reason"]
    device = json.loads((tmp_path / "second" / "run.json").read_text())["slots"]["card"]["device"]
    assert OPERATOR in device["trust"]
    with card_of(tmp_path) as (euicc, _):
        assert {info.iccid: info.state for info in euicc.get_profiles_info()} == before
        assert {one.sequence_number for one in euicc.list_notifications()} >= notifications
        assert euicc.get_configured_addresses().default_dp_address is None
        assert [entry.eim_id for entry in euicc.get_eim_configuration()] == [OPERATOR], "the eIMs of cases are gone"


def test_downloads_are_not_run_without_keys_that_the_card_believes(operator: Eim, sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_with(tmp_path, joined(operator.device().association.token))
    sgp32("run", "EU-032", "EU-107", "--lab", lab, "--out", tmp_path / "run")
    found = results(tmp_path / "run")
    assert {line["verdict"] for line in found.values()} == {"not_run"}
    assert "SM-DP+ keys" in found["EU-107"]["reason"]


def test_a_counter_that_is_too_far_away_is_given_up_with_advice(operator: Eim, sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_with(tmp_path, joined(operator.device().association.token, ", search: 100"))
    done = sgp32("run", "EU-062", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 3, done.stdout + done.stderr
    reason = results(tmp_path / "run")["EU-062"]["reason"]
    assert "is lost" in reason
    assert "updateEim" in reason


def test_an_eim_of_ours_on_the_card_lets_a_lost_counter_begin_anew(operator: Eim, sgp32: Sgp32, tmp_path: Path) -> None:
    with card_of(tmp_path) as (euicc, parties):
        ours = parties.eims[0]
        added = euicc.load_package(operator.package(add_eim(ours.configuration()), eid=euicc.eid))
        assert added.is_result
        ours.associate(euicc.eid, association_token=0, counter=0)
    lab = lab_with(tmp_path, joined(operator.device().association.token, ", search: 100"))
    done = sgp32("run", "EU-062", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert verdicts(tmp_path / "run") == {"EU-062": "pass"}


def test_a_card_without_an_eim_keeps_all_else_and_has_none_again(sgp32: Sgp32, tmp_path: Path) -> None:
    with card_of(tmp_path) as (euicc, parties):
        download = parties.download_to(euicc)
        assert all(download(name).is_success for name in ("operational-a", "operational-b"))
    lab = lab_with(tmp_path, "{smdp: false, eim: {join: initial}}")
    for run in ("first", "second"):
        done = sgp32("run", "EU-035", "EU-062", "EU-013", "--lab", lab, "--out", tmp_path / run)
        assert done.returncode == 0, done.stdout + done.stderr
        assert {verdicts(tmp_path / run)[case] for case in ("EU-035", "EU-062")} == {"pass"}
        with card_of(tmp_path) as (euicc, _):
            assert euicc.get_eim_configuration() == ()
            assert len(euicc.get_profiles_info()) == 2


def test_a_managed_card_takes_no_initial_eim(operator: Eim, sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_with(tmp_path, "{smdp: false, eim: {join: initial}}")
    done = sgp32("run", "EU-062", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"has the eIM {OPERATOR} already" in results(tmp_path / "run")["EU-062"]["reason"]


def test_a_wrong_token_is_not_taken_for_a_lost_counter(operator: Eim, sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_with(tmp_path, joined(operator.device().association.token + 1))
    sgp32("run", "EU-062", "--lab", lab, "--out", tmp_path / "run")
    (line,) = results(tmp_path / "run").values()
    assert line["verdict"] == "inconclusive"
    assert "association token" in line["reason"]


def test_a_watched_card_is_asked_and_never_changed(operator: Eim, sgp32: Sgp32, tmp_path: Path) -> None:
    lab = lab_with(tmp_path, "{eim: {join: watch}}")
    sgp32("run", "EU-007", "EU-014", "EU-062", "EU-107", "--lab", lab, "--out", tmp_path / "run")
    assert verdicts(tmp_path / "run") == {
        "EU-007": "pass",
        "EU-014": "not_run",
        "EU-062": "not_run",
        "EU-107": "not_run",
    }


@pytest.mark.parametrize("more", ["", ", eim_id: fresh.eim.harness.test"], ids=["usual", "fresh"])
def test_an_owner_adds_our_eim_by_the_exported_request(operator: Eim, sgp32: Sgp32, tmp_path: Path, more: str) -> None:
    lab = lab_with(tmp_path, f"{{smdp: false, eim: {{join: export{more}}}}}")
    done = sgp32("lab", "export-eim", "card", "--lab", lab, "--out", tmp_path / "request.json")
    assert done.returncode == 0, done.stderr
    request = json.loads((tmp_path / "request.json").read_text())
    name, configuration = decode("Eco", bytes.fromhex(request["add_eim"]))
    assert name == "addEim"
    assert configuration["eimId"] == ("fresh.eim.harness.test" if more else "joined.eim.harness.test")
    with card_of(tmp_path) as (euicc, _):
        operator.associate(euicc.eid)
        added = euicc.load_package(operator.package(add_eim(configuration), eid=euicc.eid))
        assert added.result("addEimResult") == ("addEimResultCode", 0)
    done = sgp32("run", "EU-035", "EU-062", "--lab", lab, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(verdicts(tmp_path / "run").values()) == {"pass"}


def test_only_a_slot_that_is_joined_so_is_exported(operator: Eim, sgp32: Sgp32, tmp_path: Path) -> None:
    done = sgp32("lab", "export-eim", "card", "--lab", lab_with(tmp_path, "{smdp: false}"))
    assert done.returncode == 2
    assert "join: export" in done.stderr
