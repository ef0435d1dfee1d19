"""Defects of an eUICC in how it goes into an emergency and comes out of it."""

from __future__ import annotations

from dataclasses import replace

from harness.simulators.defects import Defect
from harness.simulators.defects.changes import (
    Change,
    calling,
    doing_nothing,
    in_an_emergency_too,
    with_rule,
)
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.es10 import emergency, notifications
from harness.simulators.euicc.state import CardState, Event, Profile

_OK = 0
Coded = tuple[int, CardState | None]


def _none_enabled(state: CardState) -> CardState:
    return replace(state, profiles=tuple(replace(profile, enabled=False) for profile in state.profiles))


def _told(device: Device, profile: Profile, state: CardState) -> CardState:
    return notifications.with_notifications(device, state, profile, Event.ENABLE)


def _over_at_reset(state: CardState) -> CardState:
    before = None if state.interrupted_iccid is None else state.profile(state.interrupted_iccid)
    if not state.emergency or before is None:
        return state
    state = _none_enabled(state).with_profile(replace(before, enabled=True))
    return replace(state, emergency=False, interrupted_iccid=None)


def _way_back_lost(state: CardState) -> CardState:
    return replace(state, interrupted_iccid=None)


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "says-emergency-but-does-not",
        "EnableEmergencyProfile answers ok and changes nothing.",
        doing_nothing("emergency-begun"),
    ),
    _define(
        "notifies-of-emergency",
        "Enabling the emergency profile makes notifications.",
        with_rule("emergency-told", _told),
    ),
    _define(
        "calls-missing-emergency-profile-undefined-error",
        "EnableEmergencyProfile without an emergency profile is undefinedError.",
        calling("emergency-begun", emergency.NOT_AVAILABLE, 127),
    ),
    _define(
        "enables-emergency-profile-twice",
        "EnableEmergencyProfile is ok while the emergency profile is enabled.",
        calling("emergency-begun", emergency.NOT_IN_DISABLED_STATE, _OK),
    ),
    _define(
        "takes-packages-during-emergency-call",
        "A package is carried out while the emergency profile is enabled.",
        in_an_emergency_too("LoadEuiccPackage"),
    ),
    _define(
        "resets-memory-during-emergency-call",
        "A memory reset deletes profiles while the emergency profile is enabled.",
        in_an_emergency_too("EuiccMemoryReset"),
    ),
    _define(
        "forgets-emergency-at-reset",
        "A reset ends an emergency.",
        with_rule("state-at-power-on", _over_at_reset),
    ),
    _define(
        "forgets-profile-before-the-emergency",
        "After a reset the end of an emergency leaves no profile enabled.",
        with_rule("state-at-power-on", _way_back_lost),
    ),
    _define(
        "stays-in-emergency",
        "DisableEmergencyProfile answers ok and changes nothing.",
        doing_nothing("emergency-ended"),
    ),
    _define(
        "ends-emergency-that-is-none",
        "DisableEmergencyProfile is ok where there is no emergency.",
        calling("emergency-ended", emergency.NOT_IN_ENABLED_STATE, _OK),
    ),
)
