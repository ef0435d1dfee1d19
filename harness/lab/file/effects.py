"""How a real card is spared: which lasting effects on it are allowed, and how much of it may be used up.

    allow: [removes-eim, removes-profile]
    budget: {installations: 100, packages: 5000}

A simulated card allows everything, since a new one costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from harness.nodes import Value

EFFECTS: Mapping[str, str] = {
    "burns-counter": "drives an eIM's counter up, which never comes down again",
    "removes-eim": "takes eIMs off the card",
    "removes-profile": "takes profiles off the card",
    "strands-device": "may leave a device that nobody reaches any more",
    "wears-flash": "writes the card's memory hundreds of times",
}
"""What a case may lastingly do to a card, in words."""
FUZZ = "fuzz"
"""Random mutation: what nobody knows the effect of. A lab file cannot allow it, only whoever starts a run."""
IN_WORDS: Mapping[str, str] = {**EFFECTS, FUZZ: "sends random mutations, of which nobody knows what they do to it"}
"""Everything that needs leave on a real card."""

SPENDING: Mapping[str, str] = {
    "packages": "eUICC packages loaded",
    "installations": "profile installations",
    "deletes": "profile deletions",
    "resets": "memory resets",
    "enables": "enabled profiles",
    "updates": "messages over the air",
}
"""What a ledger counts and a budget limits, in words."""
MOST = 10_000_000


@dataclass(frozen=True, slots=True)
class Sparing:
    """What may be done to one real card."""

    allow: tuple[str, ...] = ()
    """Of EFFECTS, and FUZZ."""
    budget: Mapping[str, int] = field(default_factory=dict)
    """Of SPENDING: how many the card may see in its life with this lab. What is not named is not limited."""

    def allowing(self, effects: Iterable[str]) -> Sparing:
        """The same with these effects allowed too."""
        return replace(self, allow=tuple(dict.fromkeys((*self.allow, *effects))))

    def exhausted(self, counts: Mapping[str, int]) -> str:
        """Which budgets are used up; empty where none is."""
        return ", ".join(
            f"{counts.get(kind, 0)} of {limit} {SPENDING[kind]}"
            for kind, limit in self.budget.items()
            if counts.get(kind, 0) >= limit
        )


def read_sparing(allow: Value | None, budget: Value | None) -> Sparing:
    """What a slot's `allow` and `budget` say. Faults are noted."""
    words = [item.choice(*EFFECTS) for item in allow.items()] if allow is not None and not allow.is_null else []
    limits = budget.mapping(tuple(SPENDING)) if budget is not None else {}
    read = {kind: value.integer(0, MOST) for kind, value in limits.items()}
    return Sparing(
        tuple(dict.fromkeys(word for word in words if word is not None)),
        {kind: limit for kind, limit in read.items() if limit is not None},
    )
