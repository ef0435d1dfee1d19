"""What a case is: its identity, the clause it judges, how sure we are of the rule, and the state it starts from.

Rules of this room:
- One function is one case, and one identifier is one case. What varies inside a case are its steps.
- Every argument of `@case` is a literal, so that a suite can be listed without importing it (and the codec behind it).
- A case names at least one defect that it catches: a case that cannot fail is itself a defect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from harness.lab.file.declared import DECLARABLE
from harness.lab.file.effects import IN_WORDS
from harness.lab.file.features import FEATURES
from harness.lab.file.surroundings import SURROUNDINGS

IDENTIFIER = re.compile(r"[A-Z]{2}-\d{3}")
AREAS = (
    "euicc",
    "fallback",
    "ipa",
    "module",
    "eim",
    "smdp",
    "smds",
    "lifecycle",
    "polling",
    "resilience",
    "security",
)
MARK = "__sgp32_case__"

Function = TypeVar("Function", bound=Callable[..., object])


class Confidence(StrEnum):
    """How sure we are of a rule. It decides what a broken rule is called, never whether it is looked at."""

    CERTAIN = "certain"
    """Broken: `fail`."""
    LIKELY = "likely"
    """Broken: `deviation`, it differs from our reading of the clause."""
    UNSURE = "unsure"
    """Never judged: what was seen is `recorded`."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a case starts. The default is a virgin device: no eIM, no profile, nothing stored."""

    eims: int = 0
    """How many eIMs are associated: 1 is the `eim` fixture, 2 adds `other_eim`."""
    profiles: tuple[str, ...] = ()
    """Names of the fixture profiles that are installed, in this order (`fixtures/profiles`)."""
    enabled: str | None = None
    """Which of `profiles` is enabled. None: all are disabled."""
    offers_indirect_download: bool = True
    """Whether the eIMs offer to carry profile downloads (indirectProfileDownload of their configuration)."""
    exact: bool = False
    """Whether anything else on the card (an eIM, a profile, a notification) would spoil the case."""

    def __post_init__(self) -> None:
        if not 0 <= self.eims <= 2:
            raise ValueError(f"eims={self.eims}: a state has 0, 1 or 2 eIMs")
        if self.enabled is not None and self.enabled not in self.profiles:
            raise ValueError(f"enabled={self.enabled!r} is not one of profiles={self.profiles!r}")
        if self.enabled is not None and not self.eims:
            raise ValueError("a profile is enabled by an eIM's package: enabled needs eims=1")


@dataclass(frozen=True, slots=True)
class Case:
    """One case as declared by `@case`. `title` is the first line of its docstring: the rule in our own words."""

    identifier: str
    title: str
    clause: str
    confidence: Confidence
    area: str
    needs: State
    catches: tuple[str, ...]
    requires: tuple[str, ...]
    """Features of `harness.lab.file.features` without which the rule does not apply to a card."""
    links: tuple[str, ...] | None
    """The only links that can observe this rule; None: every link of the slot."""
    one_link: bool = False
    """Whether one link of the slot is enough, the first: the rule is about the card, and its case is a long one."""
    effects: tuple[str, ...] = ()
    """Of `harness.lab.file.effects`: what it lastingly does to a card, beside what reaching its state does."""
    relies_on: tuple[str, ...] = ()
    """Of `harness.lab.file.surroundings`: what has to be around the device, beside the links."""
    without: tuple[str, ...] = ()
    """Features of `harness.lab.file.features` that a card has to lack: the rule is about cards without them."""
    declared: tuple[str, ...] = ()
    """Of `harness.lab.file.declared`: the numbers of the device's maker that it judges against."""
    fixtures: tuple[str, ...] = field(default=())
    """What the function asks for: it tells which device is under test."""


def declare(
    identifier: str,
    *,
    title: str,
    clause: str,
    area: str,
    catches: str | tuple[str, ...],
    confidence: str = "certain",
    needs: State | None = None,
    requires: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    links: tuple[str, ...] | None = None,
    one_link: bool = False,
    effects: tuple[str, ...] = (),
    relies_on: tuple[str, ...] = (),
    declared: tuple[str, ...] = (),
    fixtures: tuple[str, ...] = (),
) -> Case:
    """The checked declaration behind `@case`. Raises ValueError naming what is wrong with it."""
    named = (catches,) if isinstance(catches, str) else tuple(catches)
    if not IDENTIFIER.fullmatch(identifier):
        raise ValueError(f"{identifier!r} is no case identifier: two capitals, a hyphen, three digits")
    if not title:
        raise ValueError(f"{identifier} has no docstring: its first line is the rule the case judges")
    if not clause:
        raise ValueError(f"{identifier} names no clause")
    if area not in AREAS:
        raise ValueError(f"{identifier}: area {area!r} is none of {', '.join(AREAS)}")
    if not named:
        raise ValueError(f"{identifier} names no defect that it catches")
    if confidence not in tuple(Confidence):
        raise ValueError(f"{identifier}: confidence {confidence!r} is none of {', '.join(Confidence)}")
    for feature in (*requires, *without):
        if feature not in FEATURES:
            raise ValueError(f"{identifier} is about the feature {feature!r}, which is none of {', '.join(FEATURES)}")
    for effect in effects:
        if effect not in IN_WORDS:
            raise ValueError(f"{identifier} has the effect {effect!r}, which is none of {', '.join(IN_WORDS)}")
    for surrounding in relies_on:
        if surrounding not in SURROUNDINGS:
            raise ValueError(f"{identifier} relies on {surrounding!r}, which is none of {', '.join(SURROUNDINGS)}")
    for number in declared:
        if number not in DECLARABLE:
            raise ValueError(f"{identifier} judges against {number!r}, which is none of {', '.join(DECLARABLE)}")
    return Case(
        identifier,
        title,
        clause,
        Confidence(confidence),
        area,
        needs or State(),
        named,
        requires,
        links,
        one_link,
        effects,
        relies_on,
        without,
        declared,
        fixtures,
    )


def case(
    identifier: str,
    *,
    clause: str,
    area: str,
    catches: str | tuple[str, ...],
    confidence: str = "certain",
    needs: State | None = None,
    requires: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    links: tuple[str, ...] | None = None,
    one_link: bool = False,
    effects: tuple[str, ...] = (),
    relies_on: tuple[str, ...] = (),
    declared: tuple[str, ...] = (),
) -> Callable[[Function], Function]:
    """Declares the decorated function as a case. Raises ValueError at import where the declaration is wrong."""

    def mark(function: Function) -> Function:
        code = function.__code__
        made = declare(
            identifier,
            title=first_line(function.__doc__),
            clause=clause,
            area=area,
            catches=catches,
            confidence=confidence,
            needs=needs,
            requires=requires,
            without=without,
            links=links,
            one_link=one_link,
            effects=effects,
            relies_on=relies_on,
            declared=declared,
            fixtures=code.co_varnames[: code.co_argcount],
        )
        setattr(function, MARK, made)
        return function

    return mark


def first_line(docstring: str | None) -> str:
    """The rule a case judges: the first paragraph of its docstring on one line."""
    return " ".join((docstring or "").strip().partition("\n\n")[0].split())
