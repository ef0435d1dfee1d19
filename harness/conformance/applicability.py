"""Which links of which slots can observe a case.

What a case asks for tells what it judges: the first entry of OBSERVERS that it names decides on the device under test and
the link its verdict is given on. The harness's own parties (`eim`, `smdp`, `profiles`…) decide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harness.conformance.case import Case, State
from harness.lab.file.configuration import Slot
from harness.lab.file.declared import undeclared
from harness.lab.file.features import FEATURES, OF_IPA, Lacks
from harness.lab.file.surroundings import missing


@dataclass(frozen=True, slots=True)
class Observer:
    """Where a case that asks for `fixture` can run."""

    fixture: str
    kinds: tuple[str, ...]
    links: Callable[[Slot], tuple[str, ...]]
    what: str


def _card_links(slot: Slot) -> tuple[str, ...]:
    return slot.ways.apdu


def _https(slot: Slot) -> tuple[str, ...]:
    return ("https",) if slot.ways.https else ()


def _polls(slot: Slot) -> tuple[str, ...]:
    """Every module has an IPA to judge; where it has no way to our servers, its cases are not run and say so."""
    return ("https",)


def _at(slot: Slot) -> tuple[str, ...]:
    return ("at",) if slot.ways.at else ()


OBSERVERS = (
    Observer("device", ("module",), _polls, "a module that polls as an IPA"),
    Observer("esipa", ("eim",), _https, "an eIM"),
    Observer("es9", ("smdp",), _https, "an SM-DP+"),
    Observer("es11", ("smds",), _https, "an SM-DS"),
    Observer("module", ("module",), _at, "a module at a serial port"),
    Observer("euicc", ("euicc", "module"), _card_links, "a card"),
)


def observer_of(case: Case) -> Observer | None:
    """What decides where the case runs; None for a case that asks for no device."""
    return next((observer for observer in OBSERVERS if observer.fixture in case.fixtures), None)


_ON_THE_CARD = frozenset({"euicc", "device", "download"})
"""What a case asks for that acts on the card of a slot."""


_VIEWS = {
    "euicc": "the card",
    "download": "the card",
    "device": "the eIM and the SM-DP+",
    "module": "the serial port",
    "esipa": "the server's answers",
    "es9": "the server's answers",
}
"""From where a case sees what it judges, by what it asks for."""


def views_of(case: Case) -> tuple[str, ...]:
    """From where the case sees what it judges: a module may hide its card, and is then judged from elsewhere alone."""
    return tuple(dict.fromkeys(_VIEWS[name] for name in case.fixtures if name in _VIEWS))


def acts_on_card(case: Case) -> bool:
    """Whether the card of a slot is brought into the state of the case: a serial port alone can be judged without."""
    return case.needs != State() or not _ON_THE_CARD.isdisjoint(case.fixtures)


def links_for(case: Case, slot: Slot) -> tuple[str, ...]:
    """The links of the slot that can observe the case, in the order of the lab file."""
    observer = observer_of(case)
    if observer is None or slot.kind not in observer.kinds:
        return ()
    return tuple(link for link in observer.links(slot) if case.links is None or link in case.links)


def _holder(feature: str) -> str:
    """Whose feature it is, in a word."""
    return "IPA" if feature in OF_IPA else "card"


def lacking(case: Case, lacks: Lacks) -> str:
    """Why a case does not apply to a card that lacks these features; empty where it applies."""
    missing = [
        f"the {_holder(feature)} lacks {FEATURES[feature]}, says {lacks[feature]}"
        for feature in case.requires
        if feature in lacks
    ]
    surplus = [
        f"the case is about {_holder(feature)}s without {FEATURES[feature]}, and nothing says that this is one"
        for feature in case.without
        if feature not in lacks
    ]
    return "; ".join(missing + surplus)


def surroundings_of(case: Case) -> tuple[str, ...]:
    """What has to be around the device: what the case declares, and what its fixtures imply."""
    implied = (
        {"device": ("route",), "other_eim": ("second-eim",), "other_smdp": ("second-smdp",), "smds": ("sm-ds",)}
        if "device" in case.fixtures
        else {}
    )
    return tuple(dict.fromkeys((*(one for name in case.fixtures for one in implied.get(name, ())), *case.relies_on)))


def out_of_place(case: Case, slot: Slot) -> str:
    """What the case relies on and the slot or the maker of its device does not have; empty where nothing is missing."""
    return "; ".join(filter(None, (missing(surroundings_of(case), slot), undeclared(case.declared, slot.declared))))


def applies(case: Case, slots: Iterable[Slot]) -> bool:
    """Whether any of the slots can observe the case."""
    return any(
        links_for(case, slot) and not lacking(case, slot.lacks) and not out_of_place(case, slot) for slot in slots
    )


def why(case: Case, slot: Slot) -> str:
    """One sentence: why the case runs on the slot, or why not."""
    observer = observer_of(case)
    if observer is None:
        return f"{slot.name}: no, the case asks for no device under test"
    links = links_for(case, slot)
    absent = lacking(case, slot.lacks) or (out_of_place(case, slot) if links else "")
    if links and absent:
        return f"{slot.name}: no, {absent}"
    if links:
        asked = f", unless the card declares that it lacks {' or '.join(case.requires)}" if case.requires else ""
        over = f"{' or '.join(links)}, one of them is enough" if case.one_link and links[1:] else ", ".join(links)
        return f"{slot.name}: yes, over {over}{asked if slot.is_hardware else ''}"
    if slot.kind not in observer.kinds:
        return f"{slot.name}: no, the case needs {observer.what} and this slot is of kind {slot.kind}"
    if case.links is not None and observer.links(slot):
        return (
            f"{slot.name}: no, only {', '.join(case.links)} can observe this, the slot has {', '.join(slot.ways.names)}"
        )
    return f"{slot.name}: no, the lab file gives no way to {observer.what}"
