"""What became of each case: judged by the table of verdicts, written into the journal, told to the parent.

A device that cannot be found, or that fell silent and still is, is looked for again at the next case, but not for ever:
after GIVE_UP_AFTER attempts in a row its remaining cases end at once with the fault that was met.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest

from harness.conformance.allowance import exhausted, forbidden
from harness.conformance.applicability import lacking, out_of_place
from harness.conformance.case import Case
from harness.conformance.plugin.collection import case_of, way_of
from harness.conformance.running import JournalSteps, RunningCase, Way, result_line
from harness.conformance.steps import CaseSteps, describe
from harness.errors import DeviceFault, HarnessError, LabFault
from harness.evidence.journal import Journal
from harness.evidence.verdicts import Verdict
from harness.lab.benches.bench import Bench
from harness.lab.ledger import ledger_of

RUNNING = pytest.StashKey[RunningCase]()
UNREACHABLE = pytest.StashKey[bool]()
GIVE_UP_AFTER = 2

Fault = tuple[Verdict, str]
"""What a case comes to that does not even begin, and why."""

Tell = Callable[[Mapping[str, Any]], None]
"""Sends one line of progress to the parent."""


class Unreachable:
    """Keeps pytest from running a case whose device is not there, or lacks what the case is about."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Before anything is set up for the case: what was set up for the one before is still taken down."""
        if item.stash.get(UNREACHABLE, False):
            pytest.skip("its result stands already")


class Recording:
    """Opens devices as cases need them and records every case."""

    def __init__(self, journals: Mapping[str, Journal], tell: Tell) -> None:
        self._journals = journals
        self._tell = tell
        self._open: Bench | None = None
        self._misses: dict[str, int] = {}
        self._faults: dict[str, Fault] = {}
        self._found: set[str] = set()
        """Devices that were there once: one that is lost afterwards is missed, however optional its slot."""
        self._silent: set[str] = set()
        """Devices that gave no answer when they were last used."""
        self.broken_suites: list[str] = []
        """Suite files that could not be loaded, with the reason."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Finds the device, then records what pytest made of the case. An interrupted case leaves no result."""
        way, case = way_of(item), case_of(item)
        fault = self._find(way)
        if fault is not None:
            item.stash[UNREACHABLE] = True
            self._record(way, result_line(case, way.bench.name, way.link, *fault), began=False)
            return (yield)
        missing = lacking(case, way.bench.lacks)
        if missing:
            item.stash[UNREACHABLE] = True
            line = result_line(case, way.bench.name, way.link, Verdict.NOT_APPLICABLE, missing)
            self._record(way, line, began=False)
            return (yield)
        refused = self._refused(case, way.bench)
        if refused is not None:
            item.stash[UNREACHABLE] = True
            self._record(way, result_line(case, way.bench.name, way.link, *refused), began=False)
            return (yield)
        running = item.stash[RUNNING] = self._begin(case, way)
        outcome = yield
        del item.stash[RUNNING]  # pytest keeps its items: what a case raised holds all that it acted with
        self._record(way, running.result(), began=True)
        if running.lost_the_lab:
            self._close(lost=True)
        if running.fell_silent:
            self._silent.add(way.bench.name)
        return outcome

    def _refused(self, case: Case, bench: Bench) -> Fault | None:
        """What the case comes to where the card is spared it; None where it may begin."""
        try:
            reason = (
                out_of_place(case, bench.slot)
                or forbidden(case, bench.slot)
                or exhausted(case, bench.slot, ledger_of(bench))
            )
        except LabFault as fault:  # nobody knows what is left of the budget
            return Verdict.INCONCLUSIVE, describe(fault)
        return (Verdict.NOT_RUN, reason) if reason else None

    def _begin(self, case: Case, way: Way) -> RunningCase:
        journal = self._journals[way.bench.name]
        journal.case_begins(
            case.identifier,
            link=way.link,
            title=case.title,
            clause=case.clause,
            confidence=str(case.confidence),
            area=case.area,
        )
        self._tell({"begins": {"case": case.identifier, "slot": way.bench.name, "link": way.link}})
        steps = CaseSteps(case.confidence, lambda: way.bench.answers(way.link), JournalSteps(journal))
        slot = way.bench.name
        return RunningCase(case, way, steps, tell_wait=lambda said: self._tell({"waits": {"slot": slot, "said": said}}))

    def _record(self, way: Way, line: Mapping[str, Any], *, began: bool) -> None:
        journal = self._journals[way.bench.name]
        (journal.case_ends if began else journal.result)(line)
        self._tell({"result": line})

    def _find(self, way: Way) -> Fault | None:
        """Opens the device unless it is; None, or what its cases come to without it.

        Before a device has answered once, nobody can say that it is there: silence is the rig's until then.
        """
        bench = way.bench
        if self._open is bench:
            return None
        self._close()
        if self._misses.get(bench.name, 0) >= GIVE_UP_AFTER:
            return self._faults[bench.name]
        try:
            bench.open()
            if bench.name in self._silent and not bench.answers(way.link):
                raise LabFault(
                    f"the device in slot {bench.slot.name} fell silent", hint="take its power away, and look at it"
                )
            self._journals[bench.name].device(bench.identity())
        except (LabFault, DeviceFault) as fault:
            absent = bench.slot.optional and bench.name not in self._found
            return self._missed(bench, Verdict.NOT_RUN if absent else Verdict.INCONCLUSIVE, fault)
        except Exception as bug:
            self._journals[bench.name].note("traceback", trace="".join(traceback.format_exception(bug)))
            return self._missed(bench, Verdict.ERROR, bug)
        self._found.add(bench.name)
        self._misses[bench.name] = 0
        self._silent.discard(bench.name)
        self._open = bench
        return None

    def _missed(self, bench: Bench, verdict: Verdict, problem: Exception) -> Fault:
        bench.close()
        reason = describe(problem)
        self._misses[bench.name] = self._misses.get(bench.name, 0) + 1
        self._faults[bench.name] = verdict, reason
        self._journals[bench.name].note("the device was not found", reason=reason)
        if verdict is not Verdict.ERROR and self._misses[bench.name] == 1:
            said = reason.removeprefix(f"{LabFault.__name__}: ")
            self._tell({"fault": {"slot": bench.name, "reason": said, "optional": verdict is Verdict.NOT_RUN}})
        return verdict, reason

    def _close(self, *, lost: bool = False) -> None:
        """Gives the device back. One that is not lost is left without what the cases put on it."""
        bench, self._open = self._open, None
        if bench is None:
            return
        try:
            if not lost:
                bench.leave()
        except HarnessError as fault:
            self._journals[bench.name].note("the device still has what the cases put on it", reason=describe(fault))
        finally:
            bench.close()

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Keeps what a phase raised, and the traceback of what is no verdict of ours."""
        if call.excinfo is None:
            return
        raised = call.excinfo.value
        running = item.stash.get(RUNNING, None)
        if running is None:
            return
        running.raised.append((call.when, raised))
        if not isinstance(raised, (AssertionError, HarnessError)):
            trace = "".join(traceback.format_exception(raised))
            self._journals[running.way.bench.name].note("traceback", trace=trace)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A suite that does not load is the harness being wrong: said at once, with where and why."""
        if report.failed:
            self.broken_suites.append(f"{report.nodeid}: {str(report.longrepr).strip().splitlines()[-1]}")

    def pytest_sessionfinish(self) -> None:
        """Gives the last device back."""
        self._close()
