"""The kill matrix: which case catches which defect, and whether a conforming device raises any alarm.

Rules of this room:
- A defect is a pseudo-slot: the device of a slot with one entry of its rule table replaced. Caught means `fail` or
  `deviation` by that case, never `inconclusive` or `error`.
- A case's claim is resolved among the devices that its slot can break; a claim that names no such defect is a mistake in
  the suite, told with its line.
- Many pseudo-slots of one slot share a process, and so one pytest session: a broken card costs a rule table, not a start-up.
  There are more processes than one a slot only to keep every core of the machine busy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.conformance.applicability import lacking, links_for, observer_of
from harness.conformance.assignment import Assignment, Order, Planned
from harness.conformance.catalogue import Entry
from harness.conformance.outcome import RunOutcome
from harness.errors import ConfigurationError, Fault
from harness.evidence.verdicts import Verdict
from harness.lab.file.configuration import Lab, Slot
from harness.lab.file.device import BREAKABLE, qualified
from harness.nodes import meant
from harness.simulators.defects import DEVICES, Defect, defects_for

CAUGHT = (Verdict.FAIL, Verdict.DEVIATION)
FACING = {
    "euicc": "euicc",
    "device": "ipa",
    "module": "module",
    "esipa": "eim",
    "es9": "smdp",
    "es11": "smds",
}
"""Whose defect a case means first, by what it acts on; then those of the other devices in its slot."""
_LEAST, _SHARES = 120, 4
"""A process runs at least so many cases, its start being the price of some; each of those at a time comes to so many turns."""
WELL = (Verdict.PASS, Verdict.RECORDED)


@dataclass(frozen=True, slots=True)
class Pair:
    """One case on one broken device."""

    case: str
    defect: str
    device: str
    slot: str
    link: str
    claimed: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """What a self-test will run."""

    defects: tuple[Defect, ...]
    pairs: tuple[Pair, ...]
    conforming: tuple[tuple[Entry, str, str], ...]
    """Each case with the slot and the link that it must pass on."""
    entries: Mapping[str, Entry]

    def orders(self, template: Order, *, processes: int = 1) -> dict[str, Order]:
        """Orders for each slot of the lab that takes part, the largest first, for so many `processes` at a time.

        With one process it is one order a slot, as it has to be where devices keep their memory in files.
        """
        total = len(self.pairs) + len(self.conforming)
        size = total if processes == 1 else max(_LEAST, -(-total // (_SHARES * processes)))
        shares = [
            (slot, share)
            for slot in dict.fromkeys(slot for _, slot, _ in self.conforming)
            for share in _shares(self._assignments(slot), size)
        ]
        shares.sort(key=lambda found: -sum(len(given.cases) for given in found[1]))
        return {
            f"{slot}.{number}" if processes > 1 else slot: replace(template, assignments=share)
            for number, (slot, share) in enumerate(shares, 1)
        }

    def _assignments(self, slot: str) -> Iterable[Assignment]:
        sound = [(entry.case.identifier, link) for entry, where, link in self.conforming if where == slot]
        yield Assignment(slot, slot, (), self._planned(sound))
        for device, defect in dict.fromkeys((pair.device, pair.defect) for pair in self.pairs if pair.slot == slot):
            cases = [(p.case, p.link) for p in self.pairs if (p.slot, p.device, p.defect) == (slot, device, defect)]
            broken = (qualified(device, defect),)
            yield Assignment(pseudo_slot(slot, device, defect), slot, broken, self._planned(cases))

    def _planned(self, cases: Sequence[tuple[str, str]]) -> tuple[Planned, ...]:
        entries = ((self.entries[case], link) for case, link in cases)
        return tuple(Planned(e.case.identifier, str(e.file), e.function, (link,)) for e, link in entries)


def _shares(assignments: Iterable[Assignment], size: int) -> Iterator[tuple[Assignment, ...]]:
    """The assignments in rows of about so many cases."""
    row: list[Assignment] = []
    for given in assignments:
        row.append(given)
        if sum(len(each.cases) for each in row) >= size:
            yield tuple(row)
            row = []
    if row:
        yield tuple(row)


def pseudo_slot(slot: str, device: str, defect: str) -> str:
    """The name under which a broken device files its results."""
    return f"{slot}+{qualified(device, defect)}"


def matrix(lab: Lab, entries: Sequence[Entry], *, full: bool = False) -> Matrix:
    """The pairs to run: the claimed ones, or with `full` every case on every broken device that it can judge.

    Raises ConfigurationError naming each claim that no defect answers to.
    """
    known = {device: defects_for(device) for device in DEVICES}
    faults: list[Fault] = []
    pairs: list[Pair] = []
    conforming: list[tuple[Entry, str, str]] = []
    for entry in entries:
        places = _places(lab, entry)
        if not places:
            continue
        conforming += [(entry, slot.name, links_for(entry.case, slot)[0]) for slot in places[:1]]
        claimed = [_claim(entry, name, places, known, faults) for name in entry.case.catches]
        wanted = {(defect.device, defect.name) for defect in claimed if defect is not None}
        reachable = [defect for found in known.values() for defect in found.values()] if full else []
        for defect in dict.fromkeys([*(defect for defect in claimed if defect is not None), *reachable]):
            slot = next((slot for slot in places if defect.device in BREAKABLE[slot.kind]), None)
            if slot is not None:
                link = links_for(entry.case, slot)[0]
                is_claimed = (defect.device, defect.name) in wanted
                pairs.append(
                    Pair(entry.case.identifier, defect.name, defect.device, slot.name, link, claimed=is_claimed)
                )
    if faults:
        raise ConfigurationError(faults)
    return Matrix(
        tuple(defect for found in known.values() for defect in found.values()),
        tuple(pairs),
        tuple(conforming),
        {entry.case.identifier: entry for entry in entries},
    )


def _places(lab: Lab, entry: Entry) -> list[Slot]:
    slots = (slot for slot in lab.slots.values() if not slot.is_hardware and not slot.optional)
    return [slot for slot in slots if links_for(entry.case, slot) and not lacking(entry.case, slot.lacks)]


def _claim(
    entry: Entry,
    name: str,
    places: Iterable[Slot],
    known: Mapping[str, Mapping[str, Defect]],
    faults: list[Fault],
) -> Defect | None:
    observer = observer_of(entry.case)
    first = FACING[observer.fixture] if observer else ""
    breakable = dict.fromkeys(device for slot in places for device in BREAKABLE[slot.kind])
    devices = sorted(breakable, key=lambda device: device != first)
    for device in devices:
        if name in known[device]:
            return known[device][name]
    names = [name for device in devices for name in known[device]]
    said = f"{entry.case.identifier} claims {name!r}, which is no defect of {' or '.join(devices)}"
    faults.append(Fault(str(entry.file), entry.line, said, meant(name, names) if names else ""))
    return None


@dataclass(frozen=True, slots=True)
class KillReport:
    """What the self-test found."""

    rows: tuple[Mapping[str, Any], ...]
    """One a defect: `defect`, `device`, `claimed_by`, `caught_by`, and `missed`: claims that were not met, with why."""
    false_alarms: tuple[Mapping[str, Any], ...]
    """Cases that did not pass on a conforming device."""

    @property
    def holds(self) -> bool:
        """Whether every defect is claimed, every claim is met, and nothing cries wolf."""
        return not self.false_alarms and all(row["claimed_by"] and not row["missed"] for row in self.rows)


def kill_report(matrix: Matrix, outcome: RunOutcome) -> KillReport:
    """Reads the matrix off the results."""
    found = {(line["slot"], line["case"]): line for line in outcome.results}
    rows = []
    for defect in matrix.defects:
        pairs = [pair for pair in matrix.pairs if (pair.device, pair.defect) == (defect.device, defect.name)]
        lines = {p.case: found.get((pseudo_slot(p.slot, p.device, p.defect), p.case)) for p in pairs}
        caught = [case for case, line in lines.items() if line is not None and line["verdict"] in CAUGHT]
        claimed = [pair.case for pair in pairs if pair.claimed]
        rows.append(
            {
                "defect": defect.name,
                "device": defect.device,
                "claimed_by": claimed,
                "caught_by": caught,
                "missed": {case: _why(lines[case]) for case in claimed if case not in caught},
            }
        )
    alarms = []
    for entry, slot, link in matrix.conforming:
        line = found.get((slot, entry.case.identifier))
        if line is None or line["verdict"] not in WELL:
            reason = _why(line)
            verdict = line["verdict"] if line else str(Verdict.NOT_RUN)
            alarms.append(
                {"case": entry.case.identifier, "slot": slot, "link": link, "verdict": verdict, "reason": reason}
            )
    return KillReport(tuple(rows), tuple(alarms))


def _why(line: Mapping[str, Any] | None) -> str:
    if line is None:
        return "was not run"
    reason = str(line["reason"]).strip().splitlines()
    return f"{line['verdict']}: {reason[0]}" if reason else str(line["verdict"])
