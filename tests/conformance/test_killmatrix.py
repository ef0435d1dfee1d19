"""The kill matrix: which pairs it makes of claims, and what it reads off the results."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.conformance import killmatrix
from harness.conformance.assignment import Order
from harness.conformance.case import declare
from harness.conformance.catalogue import Entry
from harness.conformance.killmatrix import Matrix, kill_report, matrix
from harness.conformance.outcome import RunOutcome
from harness.errors import ConfigurationError
from harness.lab.file.configuration import Lab, Reference, Simulated, Slot, Ways
from harness.rules import Rules
from harness.simulators.defects import Defect


def unchanged(rules: Rules) -> Rules:
    return rules


DEFECTS = {
    "euicc": ("lies", "forgets"),
    "ipa": ("forgets", "hurries"),
    "module": ("stutters",),
    "eim": ("dawdles",),
    "smdp": (),
    "smds": (),
}


@pytest.fixture(autouse=True)
def known_defects(monkeypatch: pytest.MonkeyPatch) -> None:
    def defects_for(device: str) -> dict[str, Defect]:
        return {name: Defect(name, device, f"It {name}.", unchanged) for name in DEFECTS[device]}

    monkeypatch.setattr(killmatrix, "defects_for", defects_for)


def entry(identifier: str, fixture: str, *catches: str, links: tuple[str, ...] | None = None) -> Entry:
    case = declare(
        identifier, title="t", clause="c", area="euicc", catches=catches, links=links, fixtures=(fixture, "step")
    )
    return Entry(case, Path("suites/test_x.py"), 7, f"test_{identifier[-1]}")


LAB = Lab(
    "lab",
    Path("lab.yaml"),
    slots={
        "card": Slot("card", "euicc", Simulated(), Ways(apdu=("memory",))),
        "far": Slot("far", "euicc", Simulated(), Ways(apdu=("pcsc",)), optional=True),
        "modem": Slot("modem", "module", Simulated(), Ways(apdu=("at-cgla", "at-csim"), https=True)),
        "eim": Slot("eim", "eim", Reference(), Ways(https=True)),
    },
)
ENTRIES = (
    entry("EU-001", "euicc", "lies", "forgets"),
    entry("IP-001", "device", "forgets"),
    entry("EU-002", "euicc", "stutters", links=("at-cgla",)),
)


def test_a_claim_is_resolved_among_the_devices_of_the_cases_slot() -> None:
    pairs = {(pair.case, pair.device, pair.defect, pair.slot, pair.link) for pair in matrix(LAB, ENTRIES).pairs}
    assert pairs == {
        ("EU-001", "euicc", "lies", "card", "memory"),
        ("EU-001", "euicc", "forgets", "card", "memory"),
        ("IP-001", "ipa", "forgets", "modem", "https"),
        ("EU-002", "module", "stutters", "modem", "at-cgla"),
    }


def test_the_ipas_defect_of_the_same_name_is_the_ipas_cases() -> None:
    entries = (entry("IP-002", "device", "hurries"),)
    (pair,) = matrix(LAB, entries).pairs
    assert (pair.device, pair.slot) == ("ipa", "modem")


def test_a_claim_that_no_defect_answers_to_is_told_with_its_line() -> None:
    with pytest.raises(ConfigurationError) as caught:
        matrix(LAB, (entry("EU-001", "euicc", "flies"), entry("EI-001", "esipa", "lies")))
    assert [(fault.file, fault.line) for fault in caught.value.faults] == [("suites/test_x.py", 7)] * 2
    assert "'flies'" in caught.value.faults[0].message


def test_full_puts_every_case_before_every_defect_of_its_devices() -> None:
    pairs = matrix(LAB, ENTRIES[:1], full=True).pairs
    assert {(pair.defect, pair.claimed) for pair in pairs if pair.device == "euicc"} == {
        ("lies", True),
        ("forgets", True),
    }
    assert {pair.device for pair in pairs} == {"euicc", "ipa", "module"}


def test_every_broken_device_of_a_slot_shares_its_process() -> None:
    orders = matrix(LAB, ENTRIES).orders(Order("lab.yaml", "run", "suites", 1, ()))
    assert set(orders) == {"card", "modem"}
    assert [given.name for given in orders["card"].assignments] == ["card", "card+euicc.lies", "card+euicc.forgets"]
    assert [given.defects for given in orders["card"].assignments] == [(), ("euicc.lies",), ("euicc.forgets",)]


def test_pairs_are_shared_out_where_more_processes_may_run() -> None:
    many = tuple(entry(f"EU-{number:03}", "euicc", "lies", "forgets") for number in range(200))
    found = matrix(LAB, many)
    orders = found.orders(Order("lab.yaml", "run", "suites", 1, ()), processes=2)
    assert list(orders) == ["card.1", "card.2", "card.3"]
    names = [given.name for order in orders.values() for given in order.assignments]
    assert sorted(names) == ["card", "card+euicc.forgets", "card+euicc.lies"]


def outcome(found: Matrix, **verdicts: str) -> RunOutcome:
    """Everything passes on a conforming device and fails on a broken one, but for these."""
    lines = []
    for given in (given for order in found.orders(Order("l", "r", "s", 1, ())).values() for given in order.assignments):
        for planned in given.cases:
            usual = "fail" if given.defects else "pass"
            key = f"{planned.case}_{given.defects[0].partition('.')[2] if given.defects else 'sound'}".replace("-", "_")
            verdict = verdicts.get(key, usual)
            lines.append({"slot": given.name, "case": planned.case, "verdict": verdict, "reason": f"because of {key}"})
    return RunOutcome(results=lines)


def test_a_matrix_holds_when_every_claim_is_met_and_nothing_cries_wolf() -> None:
    found = matrix(LAB, (*ENTRIES, entry("IP-002", "device", "hurries"), entry("EI-001", "esipa", "dawdles")))
    report = kill_report(found, outcome(found))
    assert [row["defect"] for row in report.rows if not row["claimed_by"]] == []
    assert report.holds


def test_a_defect_that_nobody_claims_is_a_hole() -> None:
    found = matrix(LAB, ENTRIES)
    report = kill_report(found, outcome(found))
    assert [row["defect"] for row in report.rows if not row["claimed_by"]] == ["hurries", "dawdles"]
    assert not report.holds


def test_inconclusive_and_error_catch_nothing() -> None:
    found = matrix(LAB, ENTRIES)
    report = kill_report(
        found, outcome(found, EU_001_lies="inconclusive", EU_002_stutters="error", IP_001_forgets="deviation")
    )
    rows = {(row["device"], row["defect"]): row for row in report.rows}
    assert rows["euicc", "lies"]["caught_by"] == []
    assert rows["euicc", "lies"]["missed"] == {"EU-001": "inconclusive: because of EU_001_lies"}
    assert rows["module", "stutters"]["missed"] == {"EU-002": "error: because of EU_002_stutters"}
    assert rows["euicc", "forgets"]["caught_by"] == ["EU-001"]
    assert rows["ipa", "forgets"]["caught_by"] == ["IP-001"]
    assert not report.holds


def test_a_conforming_device_that_does_not_pass_is_a_false_alarm() -> None:
    found = matrix(LAB, ENTRIES)
    report = kill_report(found, outcome(found, EU_001_sound="fail", EU_002_sound="recorded"))
    assert [(alarm["case"], alarm["slot"], alarm["verdict"]) for alarm in report.false_alarms] == [
        ("EU-001", "card", "fail")
    ]
