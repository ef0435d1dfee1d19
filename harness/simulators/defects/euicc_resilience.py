"""Defects of an eUICC whose power goes at the wrong moment, and of one that is asked the same again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, all_of, around, with_rule
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.download import Installation
from harness.simulators.euicc.es10.package import Package
from harness.simulators.euicc.state import CardState

_LEAK = 1024

Between = Callable[[CardState, CardState], CardState]


def _written_twice(between: Between) -> Change:
    """A change of state is written in two parts; `between` is what the first leaves, given the old and the new state."""

    def written(former: CardState, state: CardState) -> tuple[CardState, ...]:
        half = between(former, state)
        return (half, state) if half not in (former, state) else (state,)

    return with_rule("states-written", written)


def _none_enabled(former: CardState, state: CardState) -> CardState:
    if former.enabled is None or state.enabled is None or former.enabled.iccid == state.enabled.iccid:
        return state
    return replace(former, profiles=tuple(replace(profile, enabled=False) for profile in former.profiles))


def _counter_only(former: CardState, state: CardState) -> CardState:
    return replace(former, eims=state.eims) if state.sequence != former.sequence else state


def _profile_only(former: CardState, state: CardState) -> CardState:
    return replace(former, profiles=state.profiles) if len(state.profiles) > len(former.profiles) else state


def _all_but_profile(former: CardState, state: CardState) -> CardState:
    return replace(state, profiles=former.profiles) if len(state.profiles) > len(former.profiles) else state


def _effect_only(former: CardState, state: CardState) -> CardState:
    return replace(state, results=former.results) if len(state.results) > len(former.results) else state


def _result_only(former: CardState, state: CardState) -> CardState:
    return replace(former, results=state.results) if len(state.results) > len(former.results) else state


def _way_back_only(former: CardState, state: CardState) -> CardState:
    return replace(former, return_iccid=state.return_iccid) if state.return_iccid is not None else state


def _one_isdp_lost(state: CardState, _installation: Installation) -> CardState:
    return replace(state, isdps_made=state.isdps_made + 1)


def less_what_was_lost(inner: Any, config: CardConfig, state: CardState) -> int:
    """Free memory without a kilobyte for each profile that was begun and is not there."""
    return inner(config, state) - _LEAK * (state.isdps_made - len(state.profiles))  # type: ignore[no-any-return]


def _last_one_too(_device: Device, package: Package) -> bool:
    return package.eim is not None and package.counter >= package.eim.counter


def _any_but_the_last(_device: Device, package: Package) -> bool:
    return package.eim is not None and package.counter != package.eim.counter


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "disables-before-it-enables",
        "A change of profiles is written as two: between them none is enabled.",
        _written_twice(_none_enabled),
    ),
    _define(
        "takes-counter-before-its-package",
        "The counter of a package is written before anything else of it.",
        _written_twice(_counter_only),
    ),
    _define(
        "lists-profile-before-it-is-installed",
        "A new profile is written before the result of its installation.",
        _written_twice(_profile_only),
    ),
    _define(
        "tells-of-profile-before-it-is-installed",
        "The result of an installation is written before the profile.",
        _written_twice(_all_but_profile),
    ),
    _define(
        "stores-result-behind-its-effect",
        "What a package changes is written before its result.",
        _written_twice(_effect_only),
    ),
    _define(
        "stores-result-before-its-effect",
        "The result of a package is written before what it changes.",
        _written_twice(_result_only),
    ),
    _define(
        "remembers-fallback-before-it-happens",
        "The way back from a fallback is written before the fallback.",
        _written_twice(_way_back_only),
    ),
    _define(
        "loses-memory-at-each-failed-installation",
        "Each installation that fails takes a kilobyte of memory for good.",
        all_of(with_rule("installation-failed", _one_isdp_lost), around("free-memory", less_what_was_lost)),
    ),
    _define(
        "takes-the-last-package-again",
        "A package is taken again as long as no other came.",
        with_rule("package-counter-advances", _last_one_too),
    ),
    _define(
        "takes-packages-out-of-order",
        "Only the last counter counts as a replay, not those below it.",
        with_rule("package-counter-advances", _any_but_the_last),
    ),
)
