"""Nothing that is rendered shows an identifier or a key, wherever and however it stood in the record."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path

import pytest
from rich.console import Console

from harness.evidence.journal import Journal
from harness.evidence.reader import load_run
from harness.evidence.run_directory import RunDirectory
from harness.reporting import render
from harness.reporting.build import WHOLE, build_report
from harness.reporting.html import render_html
from harness.reporting.trace import trace
from tests.reporting.synthetic import EID, GET_EID, ICCID, IMSI, KEY, SWAPPED_ICCID, Card, make_run

ALIGNED = [base64.b64encode(bytes(shift) + EID.encode()[6:30]).decode()[4:-4] for shift in range(3)]
FORBIDDEN = [
    EID,
    EID[8:28],
    EID.encode().hex(),
    EID[8:28].encode().hex(),
    ICCID,
    ICCID[7:16],
    SWAPPED_ICCID.hex(),
    SWAPPED_ICCID.hex()[8:16],
    IMSI,
    IMSI[5:13],
    KEY.lower(),
    repr(bytes.fromhex(EID))[2:-1].lower(),
    repr(SWAPPED_ICCID)[2:-1].lower(),
    *(text.lower() for text in ALIGNED),
]


def leaks(text: str) -> list[str]:
    """Forbidden words in a document, also where markup or blanks stand between their characters."""
    shown = html.unescape(re.sub(r"<[^>]*>", "", text)).lower()
    tight = re.sub(r"[\s:⏎]", "", shown)
    return [word for word in FORBIDDEN if word in text.lower() or word in shown or word in tight]


def test_the_synthetic_run_holds_all_of_it(defective_run: Path) -> None:
    shown = render_html(build_report(load_run(defective_run), redact=False, cuts=WHOLE))
    for word in (EID, ICCID, IMSI, KEY, SWAPPED_ICCID.hex().upper(), EID.encode().hex().upper()):
        assert word in shown, f"{word} is nowhere: the tests below would prove nothing"


def test_no_rendering_shows_an_identifier(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    render(run, ["html", "junit", "allure", "csv"])
    rendered = [run / "report.html", run / "junit.xml", run / "results.csv", *(run / "allure-results").iterdir()]
    assert len(rendered) > 10
    assert {path.name: leaks(path.read_text()) for path in rendered if leaks(path.read_text())} == {}


def test_nothing_shows_where_nothing_is_cut(defective_run: Path) -> None:
    assert leaks(render_html(build_report(load_run(defective_run), cuts=WHOLE))) == []


def test_the_terminal_is_masked_unless_asked_not_to(defective_run: Path) -> None:
    console = Console(record=True, width=400, file=open("/dev/null", "w"))  # noqa: SIM115
    for case in ("EU-007", "EU-048", "EU-100", "MO-001", "IP-001", "IP-010"):
        assert trace(defective_run, case, console=console) > 0
    assert leaks(console.export_text()) == []
    trace(defective_run, "EU-007", slot="card-memory", console=console, redact=False)
    assert EID in console.export_text()


@pytest.mark.parametrize("link", ["memory", "at-cgla", "at-csim"])
def test_an_identifier_cut_in_two_by_blocks_is_masked_on_both_sides(tmp_path: Path, link: str) -> None:
    run = RunDirectory(tmp_path)
    run.begin(lab="cut", seed=1, slots={"card": {"kind": "euicc", "links": [link]}})
    certificate = b"\x04\x40" + bytes(40) + EID.encode()[:24]
    with Journal(run.slot("card")) as journal:
        card = Card(journal, link)
        journal.case_begins("EU-007", link=link)
        journal.step_begins(1, "cut")
        card.es10(GET_EID, bytes.fromhex("BF3E125A10" + EID))
        card.es10(bytes.fromhex("BF5610") + bytes(3) + bytes.fromhex("5A10" + EID) + bytes(9), b"", block=15)
        card.es10(bytes.fromhex("BF5600"), bytes(255 - 12) + EID.encode() + certificate[:5])
        journal.step_ends(1, verdict="pass")
        journal.case_ends(
            {"case": "EU-007", "link": link, "verdict": "pass", "steps": [{"text": "cut", "verdict": "pass"}]}
        )
    shown = render_html(build_report(load_run(tmp_path), cuts=WHOLE)).lower()
    assert leaks(shown) == []
    # The parts before and behind the cut are shorter than an identifier, so they are looked for on their own.
    for part in (EID[8:20], EID[20:28], EID[8:12].encode().hex(), EID[14:28].encode().hex()):
        assert part not in shown
