"""The parent of a run: one process a slot, side by side, merged as they speak.

The parent judges nothing and holds no link. It may die at any moment: each slot records for itself and ends when the
parent's pipe closes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.conformance.assignment import Assignment, Order
from harness.conformance.children import Child
from harness.conformance.outcome import RunOutcome
from harness.evidence.journal import Journal

SLOT_PROCESS = "harness.conformance.slot_process"
_POLL = 0.2
"""Seconds between looks at an empty queue: how long Ctrl-C may have to wait."""


class Progress:
    """Hears how a run goes on. The terminal's live view overrides what it shows."""

    tells_troubles = False
    """Whether a case that did not pass is shown as it ends, so that a summary need not repeat it."""

    def planned(self, total: int) -> None:
        """So many results are to come."""

    def slot_begins(self, name: str, total: int) -> None:
        """A process of the run starts, with so many results to come. `name` is the slot's, where it has one alone."""

    def slot_ended(self, name: str) -> None:
        """That process is over."""

    def passes(self) -> None:
        """Time passes; called a few times a second."""

    def begins(self, case: str, slot: str, link: str) -> None:
        """A case begins."""

    def waits(self, slot: str, said: str) -> None:
        """The case that runs on the slot waits in real time; `said` is for what, and how long it has."""

    def result(self, line: Mapping[str, Any]) -> None:
        """A case ended."""

    def fault(self, slot: str, reason: str, *, optional: bool) -> None:
        """A slot's device was not found."""

    def ended(self) -> None:
        """Nothing more comes."""


def run_orders(orders: Mapping[str, Order], progress: Progress, *, at_once: int | None = None) -> RunOutcome:
    """Runs each order in a process of its own, `at_once` at a time (None: all), and returns what they said.

    One that has to wait has its plan on record before: whatever ends the run, what never began is not run, and not unknown.
    The key of an order names its process's log, `slots/KEY/harness.log`. Ctrl-C ends all of them in order.
    """
    outcome = RunOutcome()
    said: queue.SimpleQueue[tuple[str, Mapping[str, Any]]] = queue.SimpleQueue()
    progress.planned(sum(_size(order) for order in orders.values()))
    waiting = list(orders.items())
    for _, order in waiting[at_once:] if at_once is not None else ():
        for given in order.assignments:
            with Journal(order.slot_dir(given.name), slot=given.name) as journal:
                journal.plan(given.plan)
    running: dict[str, Child] = {}
    try:
        while waiting or running:
            while waiting and (at_once is None or len(running) < at_once):
                name, order = waiting.pop(0)
                progress.slot_begins(name, _size(order))
                running[name] = child = Child(SLOT_PROCESS, order.as_json(), order.slot_dir(name) / "harness.log")
                threading.Thread(target=_relay, args=(name, child, said), daemon=True).start()
            _hear(said, running, outcome, progress)
            progress.passes()
    except KeyboardInterrupt:
        outcome.interrupted = True
        for child in running.values():
            child.end()
        while running:
            _hear(said, running, outcome, progress)
    finally:
        progress.ended()
    return outcome


def _relay(name: str, child: Child, said: queue.SimpleQueue[tuple[str, Mapping[str, Any]]]) -> None:
    for line in child.lines():
        said.put((name, line))
    said.put((name, {"ended": child.wait()}))


def _hear(
    said: queue.SimpleQueue[tuple[str, Mapping[str, Any]]],
    running: dict[str, Child],
    outcome: RunOutcome,
    progress: Progress,
) -> None:
    try:
        name, line = said.get(timeout=_POLL)
    except queue.Empty:
        return
    if "begins" in line:
        progress.begins(**line["begins"])
    elif "waits" in line:
        progress.waits(**line["waits"])
    elif "result" in line:
        outcome.results.append(line["result"])
        progress.result(line["result"])
    elif "fault" in line:
        fault = line["fault"]
        (outcome.absent if fault["optional"] else outcome.lab_faults)[fault["slot"]] = fault["reason"]
        progress.fault(fault["slot"], fault["reason"], optional=fault["optional"])
    elif "configuration" in line:
        outcome.configuration += [said for said in line["configuration"] if said not in outcome.configuration]
    elif "error" in line and not outcome.interrupted:  # what breaks under an interrupt was broken by it
        outcome.errors.append(f"{name}: {line['error']}")
    elif "ended" in line:
        del running[name]
        _account(name, line["ended"], outcome)
        progress.slot_ended(name)


def _account(name: str, status: int, outcome: RunOutcome) -> None:
    """A process that ended otherwise than it may is a harness error, unless it said so itself."""
    if status in (0, 2) or outcome.interrupted:
        return
    if not any(error.startswith(f"{name}: ") for error in outcome.errors):
        ended = f"signal {-status}" if status < 0 else f"status {status}"
        outcome.errors.append(f"{name}: the slot's process ended with {ended}; see slots/{name}/harness.log")


def _size(order: Order) -> int:
    return sum(len(planned.links) for given in order.assignments for planned in given.cases)


def orders_for(order: Order) -> dict[str, Order]:
    """One order a slot out of an order for all of them, the longest first: what begins last should not last long."""
    given = sorted(order.assignments, key=_length, reverse=True)
    return {one.name: replace(order, assignments=(one,)) for one in given}


def _length(given: Assignment) -> int:
    """How long the cases take, in cases of a card: one that goes through a module or a server takes about three times that."""
    links = [link for planned in given.cases for link in planned.links]
    return len(links) + 2 * links.count("https")
