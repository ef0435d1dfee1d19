"""Named defects: each replaces entries of one simulated device's or reference role's rule table, and nothing else.

A defect exists so that a case can be shown to fail. `defects_for` finds them by the device they break.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module

from harness.rules import Rules

DEVICES = ("euicc", "ipa", "module", "eim", "smdp", "smds")


@dataclass(frozen=True, slots=True)
class Defect:
    """One way in which a device breaks one rule."""

    name: str
    """Kebab case, a verb first: `accepts-replayed-counter`."""
    device: str
    """Which rule table it changes: one of DEVICES."""
    summary: str
    """What the broken device does, in one sentence."""
    change: Callable[[Rules], Rules]


def defects_for(device: str) -> Mapping[str, Defect]:
    """All defects of one device, by name. Raises ValueError for an unknown device or a name used twice."""
    if device not in DEVICES:
        raise ValueError(f"no device is called {device!r}; known: {', '.join(DEVICES)}")
    found: dict[str, Defect] = {}
    for defect in import_module(f"harness.simulators.defects.{device}").DEFECTS:
        if defect.name in found:
            raise ValueError(f"two defects of {device} are called {defect.name!r}")
        found[defect.name] = defect
    return found


def broken(rules: Rules, device: str, names: Iterable[str]) -> Rules:
    """The rules with the named defects applied. Raises KeyError for an unknown defect."""
    for name in names:
        rules = defects_for(device)[name].change(rules)
    return rules
