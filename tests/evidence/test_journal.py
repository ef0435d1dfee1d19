"""The record survives what happens to runs: kills, torn lines, resumption, threads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.errors import ConfigurationError, LabFault
from harness.evidence.journal import Journal
from harness.evidence.lines import Line, LineWriter, read_lines, write_whole
from harness.evidence.reader import CUT_OFF, NEVER_BEGAN, load_run
from harness.evidence.run_directory import RunDirectory, merge_results
from harness.evidence.verdicts import Verdict
from harness.links.events import Direction, Exchange, Interface


def apdu(octets: str, direction: Direction = Direction.TO_DEVICE) -> Exchange:
    return Exchange(Interface.APDU, direction, bytes.fromhex(octets))


def begun(path: Path) -> RunDirectory:
    run = RunDirectory(path)
    run.begin(lab="simulated", seed=7, slots={"card": {"kind": "euicc", "links": ["memory"], "device": {"model": "M"}}})
    return run


def passed(case: str = "EU-007", **more: object) -> dict[str, object]:
    steps = [{"text": "the EID is read", "expect": "16 bytes", "verdict": "pass", "observed": "8904…"}]
    return {"case": case, "link": "memory", "verdict": "pass", "attempt": 1, "steps": steps, **more}


def test_an_exchange_belongs_to_the_step_and_case_that_are_open(tmp_path: Path) -> None:
    run = begun(tmp_path)
    with Journal(run.slot("card")) as journal:
        tell = journal.observer("memory")
        tell(apdu("0070000001"))
        journal.case_begins("EU-007", link="memory", title="EID", area="euicc")
        tell(apdu("80CA"))
        journal.step_begins(1, "the EID is read", expect="16 bytes")
        tell(apdu("81E2910006BF3E035C015A"))
        tell(apdu("6115", Direction.FROM_DEVICE))
        journal.step_ends(1, verdict="pass")
        tell(apdu("81C0000015"))
        journal.case_ends(passed())
        tell(apdu("0070800100"))
    (slot,) = load_run(tmp_path).slots
    (result,) = slot.results
    assert [exchange.octets.hex() for exchange in slot.exchanges] == ["0070000001", "0070800100"]
    assert [exchange.octets.hex() for exchange in result.exchanges] == ["80ca", "81c0000015"]
    command, answer = result.steps[0].exchanges
    assert command.octets == bytes.fromhex("81E2910006BF3E035C015A")
    assert command.to_device
    assert not answer.to_device
    assert (command.interface, command.link) == ("APDU", "memory")
    assert command.utc is not None
    assert command.at_ns <= answer.at_ns
    assert result.title == "EID"
    assert slot.device == {"model": "M"}


def test_a_line_names_where_the_full_octets_are(tmp_path: Path) -> None:
    run = begun(tmp_path)
    with Journal(run.slot("card")) as journal:
        journal.exchange(apdu("AABBCC"), link="memory")
    (slot,) = load_run(tmp_path).slots
    line = (run.slot("card") / "events.jsonl").read_text().splitlines()[slot.exchanges[0].number - 1]
    assert json.loads(line)["octets"] == "aabbcc"


def test_a_torn_last_line_loses_only_itself_and_a_resumed_run_goes_on_behind_it(tmp_path: Path) -> None:
    run = begun(tmp_path)
    with Journal(run.slot("card")) as journal:
        journal.case_begins("EU-007", link="memory")
        journal.case_ends(passed())
    for name in ("events.jsonl", "results.jsonl"):
        with (run.slot("card") / name).open("ab") as file:
            file.write(b'{"case":"EU-008","verd')
    (slot,) = load_run(tmp_path).slots
    assert [result.case for result in slot.results] == ["EU-007"]
    assert slot.torn_lines == 2
    with Journal(run.slot("card")) as journal:
        journal.case_begins("EU-008", link="memory")
        journal.case_ends(passed("EU-008"))
    assert merge_results(tmp_path) == 2
    assert [result.case for result in load_run(tmp_path).results] == ["EU-007", "EU-008"]


def test_a_case_without_a_result_was_not_run_and_keeps_its_steps(tmp_path: Path) -> None:
    run = begun(tmp_path)
    with Journal(run.slot("card")) as journal:
        journal.plan([{"case": "EU-007", "link": "memory"}, {"case": "EU-008", "link": "memory", "title": "Info"}])
        journal.case_begins("EU-007", link="memory", title="EID")
        journal.step_begins(1, "one")
        journal.step_ends(1, verdict="pass")
        journal.step_begins(2, "two")
        journal.exchange(apdu("00"), link="memory")
    cut, planned = load_run(tmp_path).results
    assert (cut.verdict, cut.reason, cut.title) == (Verdict.NOT_RUN, CUT_OFF, "EID")
    assert [step.verdict for step in cut.steps] == [Verdict.PASS, Verdict.NOT_RUN]
    assert len(cut.steps[1].exchanges) == 1
    assert (planned.case, planned.verdict, planned.reason) == ("EU-008", Verdict.NOT_RUN, NEVER_BEGAN)
    assert planned.title == "Info"


def test_a_resumed_case_replaces_the_attempt_that_was_cut_off(tmp_path: Path) -> None:
    run = begun(tmp_path)
    with Journal(run.slot("card")) as journal:
        journal.case_begins("EU-007", link="memory")
        journal.exchange(apdu("AA"), link="memory")
    with Journal(run.slot("card")) as journal:
        journal.case_begins("EU-007", link="memory")
        journal.exchange(apdu("BB"), link="memory")
        journal.case_ends(passed())
    (result,) = load_run(tmp_path).results
    assert [exchange.octets for exchange in result.all_exchanges] == [b"\xbb"]


def test_results_of_the_slots_are_joined_when_the_run_ends(tmp_path: Path) -> None:
    run = begun(tmp_path)
    with Journal(run.slot("card")) as journal:
        journal.case_ends(passed())
    merged = tmp_path / "results.jsonl"
    assert merge_results(tmp_path) == 1
    assert [json.loads(line)["slot"] for line in merged.read_text().splitlines()] == ["card"]
    run.end(exit_status=0)
    assert load_run(tmp_path).finished
    assert [json.loads(line)["case"] for line in merged.read_text().splitlines()] == ["EU-007"]


def test_kill_9_leaves_every_finished_line(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from harness.evidence.lines import LineWriter\n"
        "writer = LineWriter(Path(sys.argv[1])); number = 0\n"
        "while True:\n"
        "    writer.write({'n': number, 'fill': 'x' * 500}); number += 1\n"
        "    if number == 2000: print('enough', flush=True)\n"
    )
    path = tmp_path / "lines.jsonl"
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "enough\n"
        process.send_signal(signal.SIGKILL)
    lines = list(read_lines(path))
    assert [line.fields["n"] for line in lines if isinstance(line, Line)][:2000] == list(range(2000))
    assert sum(not isinstance(line, Line) for line in lines) <= 1


def test_threads_do_not_tear_each_others_lines(tmp_path: Path) -> None:
    writer = LineWriter(tmp_path / "lines.jsonl")

    def work(name: int) -> None:
        for _ in range(200):
            writer.write({"thread": name, "fill": "y" * 3000})

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    writer.close()
    writer.write({"late": True})
    lines = list(read_lines(writer.path))
    assert len(lines) == 800
    assert all(isinstance(line, Line) and len(line.fields["fill"]) == 3000 for line in lines)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_is_a_fault_of_the_lab() -> None:
    with pytest.raises(LabFault, match="cannot be written"):
        LineWriter(Path("/dev/full")).write({})


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no run directory"):
        load_run(tmp_path)


def test_garbage_never_stops_the_reader(tmp_path: Path) -> None:
    run = begun(tmp_path)
    folder = run.slot("card")
    folder.mkdir(parents=True)
    (tmp_path / "run.json").write_text('{"slots": {"card": null}')
    (folder / "events.jsonl").write_text(
        '[1]\n{"event":"exchange"}\n{"event":"exchange","at_ns":1,"octets":"zz"}\n'
        '{"event":"step","at_ns":1,"number":1}\n{"event":"case","at_ns":2}\n\xff\n'
    )
    (folder / "results.jsonl").write_text(
        '{"case":"EU-001","verdict":"splendid","steps":[{}],"duration_s":"x"}\nnull\n'
    )
    run_read = load_run(tmp_path)
    assert run_read.about == {}
    assert [result.verdict for result in run_read.results] == [Verdict.ERROR, Verdict.NOT_RUN]
    assert not run_read.finished


def test_a_file_that_cannot_be_replaced_is_the_labs_and_leaves_nothing_beside(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(LabFault, match=r"report\.html cannot be written") as refused:
        write_whole(tmp_path / "report.html", b"page")
    assert refused.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
