"""Changes of profile that the IPA decides by itself (SGP.32 v1.2 §5.9.20 to §5.9.23).

Rules of this room:
- Without a network for a while the IPA falls back to the profile that has the Fallback Attribute, stays with it for a
  while, and then tries the former one again.
- An emergency call gets the emergency profile for as long as it lasts. An emergency profile that was enabled by somebody
  else is left alone.
- How long things last is told by the times of `decide`: nothing here owns a timer. A boot begins the count anew; whether
  the device is in fallback is read off the card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.roles.es10 import Es10
from harness.roles.ipa.device import Device
from harness.roles.ipa.settings import IpaSettings

FALL_BACK, RETURN, EMERGENCY, END_OF_EMERGENCY = "fall-back", "return", "emergency", "end-of-emergency"
IMMEDIATE = "immediate"
"""A profile enabled right after its installation."""
OTHER_EIM, FALLBACK, EMERGENCY_PROFILE, LOCAL, RESET, IMMEDIATE_ENABLE = range(6)
"""StateChangeCause (SGP.32 v1.2 §5.14.5)."""
_CAUSES: Mapping[str, int] = {
    FALL_BACK: FALLBACK,
    RETURN: FALLBACK,
    EMERGENCY: EMERGENCY_PROFILE,
    END_OF_EMERGENCY: EMERGENCY_PROFILE,
    IMMEDIATE: IMMEDIATE_ENABLE,
}
_OK = 0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What there is to decide upon."""

    is_calling: bool = False
    """An emergency call is under way."""
    gave_emergency_profile: bool = False
    without_network: float | None = None
    """For how many seconds; None while there is one."""
    in_fallback: float | None = None
    """For how many seconds."""


def change_to_make(circumstances: Circumstances, settings: IpaSettings) -> str | None:
    """The change that is due; None where everything stays as it is."""
    if circumstances.is_calling != circumstances.gave_emergency_profile:
        return EMERGENCY if circumstances.is_calling else END_OF_EMERGENCY
    if circumstances.is_calling:
        return None
    if _is_over(circumstances.in_fallback, settings.return_after):
        return RETURN
    if circumstances.in_fallback is None and _is_over(circumstances.without_network, settings.fallback_after):
        return FALL_BACK
    return None


def cause_of(change: str) -> int:
    """The StateChangeCause that eIMs are told of a change."""
    return _CAUSES[change]


def _is_over(lasted: float | None, limit: float | None) -> bool:
    return lasted is not None and limit is not None and lasted >= limit


class LocalDecisions:
    """What the IPA remembers for its own decisions, from one boot to the next."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._has_looked = False
        self._without_network_since: float | None = None
        self._in_fallback_since: float | None = None
        self._gave_emergency_profile = False
        self._cannot_fall_back = False
        """The card has no way to fall back from where it is now; asked again after a network was met."""

    def decide(self, now: float) -> int | None:
        """Makes the change that is due, if any; its StateChangeCause. Raises what the card raises."""
        device = self._device
        if not self._has_looked:
            self._in_fallback_since = now if _is_in_fallback(device.card) else None
            self._has_looked = True
        self._notice_network(now)
        change = device.rules["change-to-make"](self._circumstances(now), device.settings)
        if change is None or not self._make(change, now):
            return None
        device.reconnects()
        self._without_network_since = None
        self._notice_network(now)
        return int(device.rules["cause-of-change"](change))

    def next_due(self, now: float) -> float | None:
        """When there will be something to decide if nothing changes; None: not before something does."""
        settings = self._device.settings
        since, lasts = self._in_fallback_since, settings.return_after
        if since is None:
            since, lasts = self._without_network_since, settings.fallback_after
        due = None if since is None or lasts is None else since + lasts
        return due if due is not None and due > now else None

    def _notice_network(self, now: float) -> None:
        if self._device.modem.connect():
            self._without_network_since, self._cannot_fall_back = None, False
        elif self._without_network_since is None and not self._cannot_fall_back:
            self._without_network_since = now

    def _circumstances(self, now: float) -> Circumstances:
        return Circumstances(
            self._device.modem.has_emergency_call(),
            self._gave_emergency_profile,
            None if self._without_network_since is None else now - self._without_network_since,
            None if self._in_fallback_since is None else now - self._in_fallback_since,
        )

    def _make(self, change: str, now: float) -> bool:
        """Whether the card made the change. What it refuses is not asked for again before something else changes."""
        card = self._device.card
        if change == FALL_BACK:
            done = _can_fall_back(card) and card.execute_fallback() == _OK
            self._in_fallback_since = now if done else None
            if not done:
                self._without_network_since, self._cannot_fall_back = None, True
        elif change == RETURN:
            done = card.return_from_fallback() == _OK
            self._in_fallback_since = None
        elif change == EMERGENCY:
            done = card.enable_emergency_profile() == _OK
            self._gave_emergency_profile = True
        else:
            done = card.disable_emergency_profile() == _OK
            self._gave_emergency_profile = False
        return done


def _is_in_fallback(card: Es10) -> bool:
    return any(info.is_enabled and info.fallback_attribute for info in card.get_profiles_info())


def _can_fall_back(card: Es10) -> bool:
    infos = card.get_profiles_info()
    return any(info.is_enabled for info in infos) and any(
        info.fallback_attribute and not info.is_enabled for info in infos
    )
