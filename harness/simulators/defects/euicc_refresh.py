"""Defects of an eUICC in when it asks for a REFRESH, and in whether it waits for the end of a proactive session."""

from __future__ import annotations

from collections.abc import Callable

from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, blind_to_sessions, with_rule


def _always(function: str) -> Callable[[str, bool], bool]:
    """A rule by which this function is followed by a REFRESH whatever its refreshFlag says."""
    return lambda asked, flag: flag or asked == function


def _never(function: str) -> Callable[[str, bool], bool]:
    """A rule by which this function is followed by no REFRESH whatever its refreshFlag says."""
    return lambda asked, flag: flag and asked != function


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


_REFRESH: tuple[Defect, ...] = (
    _define(
        "refreshes-unasked-after-rollback",
        "A rollback is followed by a REFRESH although its refreshFlag is FALSE.",
        with_rule("refresh-asked-for", _always("ProfileRollback")),
    ),
    _define(
        "never-refreshes-after-rollback",
        "A rollback is followed by no REFRESH although its refreshFlag is TRUE.",
        with_rule("refresh-asked-for", _never("ProfileRollback")),
    ),
    _define(
        "refreshes-unasked-after-fallback",
        "A fallback is followed by a REFRESH although its refreshFlag is FALSE.",
        with_rule("refresh-asked-for", _always("ExecuteFallbackMechanism")),
    ),
    _define(
        "never-refreshes-after-return-from-fallback",
        "A return from fallback is followed by no REFRESH although its refreshFlag is TRUE.",
        with_rule("refresh-asked-for", _never("ReturnFromFallback")),
    ),
    _define(
        "refreshes-unasked-in-emergency",
        "Enabling the emergency profile is followed by a REFRESH although its refreshFlag is FALSE.",
        with_rule("refresh-asked-for", _always("EnableEmergencyProfile")),
    ),
    _define(
        "never-refreshes-after-emergency",
        "The end of an emergency is followed by no REFRESH although its refreshFlag is TRUE.",
        with_rule("refresh-asked-for", _never("DisableEmergencyProfile")),
    ),
    _define(
        "refreshes-unasked-after-immediate-enable",
        "An immediate enable is followed by a REFRESH although its refreshFlag is FALSE.",
        with_rule("refresh-asked-for", _always("ImmediateEnable")),
    ),
    _define(
        "never-refreshes-after-immediate-enable",
        "An immediate enable is followed by no REFRESH although its refreshFlag is TRUE.",
        with_rule("refresh-asked-for", _never("ImmediateEnable")),
    ),
)

_BUSY: tuple[Defect, ...] = (
    _define(
        "falls-back-during-a-proactive-session",
        "A fallback does not wait for the end of a proactive session.",
        blind_to_sessions("fallback-executed"),
    ),
    _define(
        "returns-during-a-proactive-session",
        "A return from fallback does not wait for the end of a proactive session.",
        blind_to_sessions("fallback-left"),
    ),
    _define(
        "rolls-back-during-a-proactive-session",
        "A rollback does not wait for the end of a proactive session.",
        blind_to_sessions("ProfileRollback"),
    ),
    _define(
        "begins-emergency-during-a-proactive-session",
        "The emergency profile is enabled during a proactive session.",
        blind_to_sessions("emergency-begun"),
    ),
    _define(
        "ends-emergency-during-a-proactive-session",
        "The emergency profile is disabled during a proactive session.",
        blind_to_sessions("emergency-ended"),
    ),
)

DEFECTS = _REFRESH + _BUSY
