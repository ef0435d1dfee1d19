"""From one enabled profile to another, and what of it is told; shared by packages, rollback and immediate enabling."""

from __future__ import annotations

from dataclasses import replace

from harness.simulators.euicc.device import Device
from harness.simulators.euicc.es10 import notifications
from harness.simulators.euicc.state import CardState, Event, Profile

PPR1_NO_DISABLING = 1


def may_be_disabled(profile: Profile) -> bool:
    """PPR1 forbids disabling."""
    return PPR1_NO_DISABLING not in profile.policy_rules


def switched(device: Device, state: CardState, iccid: bytes) -> tuple[CardState, tuple[tuple[Event, Profile], ...]]:
    """The state with this profile enabled and the one that was enabled disabled, and what has to be told."""
    current, wanted = state.enabled, state.profile(iccid)
    events: tuple[tuple[Event, Profile], ...] = ()
    if current is not None:
        state = device.rules["implicitly-disabled"](state, current)
        events = ((Event.DISABLE, current),)
    if wanted is not None:
        state = device.rules["enabled"](state, wanted)
        events = (*events, (Event.ENABLE, wanted))
    return state, device.rules["switch-events"](events)


def switched_and_told(device: Device, iccid: bytes) -> CardState:
    """The card's state after a switch outside any package, its notifications among it."""
    state, events = switched(device, device.state, iccid)
    for event, profile in events:
        state = notifications.with_notifications(device, state, profile, event)
    return state


def now_enabled(state: CardState, profile: Profile) -> CardState:
    """The state with a profile enabled; an eIM's choice ends any return from a fallback."""
    return replace(state.with_profile(replace(profile, enabled=True)), return_iccid=None)


def now_disabled(state: CardState, profile: Profile) -> CardState:
    """The state with a profile disabled."""
    return state.with_profile(replace(profile, enabled=False))


def now_deleted(state: CardState, profile: Profile) -> CardState:
    """The state without a profile. What it still has to tell stays among the notifications."""
    return replace(state, profiles=tuple(other for other in state.profiles if other.iccid != profile.iccid))


def all_events(events: tuple[tuple[Event, Profile], ...]) -> tuple[tuple[Event, Profile], ...]:
    """What of a switch is told: both the disabling and the enabling."""
    return events
