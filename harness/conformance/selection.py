"""Which cases run on which slots over which links, from what a person asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import resources
from harness.conformance.applicability import links_for
from harness.conformance.assignment import Assignment, Planned
from harness.conformance.case import IDENTIFIER
from harness.conformance.catalogue import Entry, read_suites
from harness.errors import ConfigurationError, Fault
from harness.lab.file.configuration import Lab, Slot
from harness.nodes import meant


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked to run. Nothing named means everything that applies."""

    cases: tuple[str, ...] = ()
    """Case identifiers, suite files or folders."""
    slots: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def chosen_entries(words: Sequence[str], suites: Path | None = None) -> tuple[Entry, ...]:
    """The cases that identifiers, files and folders name; all of the suites where none is given.

    Raises ConfigurationError naming each word that names nothing.
    """
    shipped = suites or resources.path("suites")
    identifiers = {word.upper() for word in words if IDENTIFIER.fullmatch(word.upper())}
    paths = [Path(word) for word in words if word.upper() not in identifiers]
    places = [
        place if place.exists() or not (shipped.parent / place).exists() else shipped.parent / place for place in paths
    ]
    faults = [
        Fault(str(place), 0, "is neither a case nor a file or folder", "`sgp32 plan` lists the cases")
        for place in places
        if not place.exists()
    ]
    all_of_them = read_suites(shipped, *(place for place in places if place.exists()))
    known = [entry.case.identifier for entry in all_of_them]
    faults += [
        Fault(
            identifier,
            0,
            "no case has this identifier",
            meant(identifier, known) if len(known) < 9 else "`sgp32 plan` lists the cases",
        )
        for identifier in sorted(identifiers - set(known))
    ]
    if faults:
        raise ConfigurationError(faults)
    if not words:
        return all_of_them
    roots = [place.resolve() for place in places]
    return tuple(
        entry
        for entry in all_of_them
        if entry.case.identifier in identifiers or any(entry.file.is_relative_to(root) for root in roots)
    )


def assignments_for(lab: Lab, entries: Iterable[Entry], wish: Wish) -> tuple[Assignment, ...]:
    """One assignment for each slot that has something to run.

    Raises ConfigurationError for a slot or link that the lab does not have, and where nothing at all would run.
    """
    file = str(lab.file)
    faults = [
        Fault(file, 0, f"no slot is called {name!r}", meant(name, list(lab.slots)))
        for name in wish.slots
        if name not in lab.slots
    ]
    every_link = list(dict.fromkeys(link for slot in lab.slots.values() for link in slot.ways.names))
    faults += [
        Fault(file, 0, f"no slot has a link {link!r}", meant(link, every_link))
        for link in wish.links
        if link not in every_link
    ]
    if faults:
        raise ConfigurationError(faults)
    entries = tuple(entries)
    slots = [slot for name, slot in lab.slots.items() if not wish.slots or name in wish.slots]
    given = tuple(assignment for slot in slots if (assignment := _assignment(slot, entries, wish)).cases)
    if not given:
        hint = "`sgp32 plan --explain CASE` says why a case applies or not"
        raise ConfigurationError([Fault(file, 0, "none of the chosen cases runs on the chosen slots and links", hint)])
    return given


def _assignment(slot: Slot, entries: Iterable[Entry], wish: Wish) -> Assignment:
    planned = []
    for entry in entries:
        links = tuple(link for link in links_for(entry.case, slot) if not wish.links or link in wish.links)
        if entry.case.one_link:
            links = links[:1]
        if links:
            planned.append(Planned(entry.case.identifier, str(entry.file), entry.function, links))
    return Assignment(slot.name, slot.name, None, tuple(planned))
