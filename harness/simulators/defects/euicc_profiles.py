"""Defects of an eUICC in what its profiles do: enable, disable, delete, listing, notifications, memory reset."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, answering, around, with_rule
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.es10.packages import Outcome, Run
from harness.simulators.euicc.es10.profiles import DEFAULT_TAGS
from harness.simulators.euicc.es10.psmo import DISABLE, ENABLE
from harness.simulators.euicc.state import CardState, Event, Profile

_OK = 0
_ROLLBACK_NOT_AVAILABLE = 20
_EVERY_PROFILE = 0
_EXTRA_TAGS = (0xB6, 0xB7)


def _unchanged(state: CardState, _profile: Profile) -> CardState:
    return state


def _ok_without_profile(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    if run.state.profile(command.get(0x5A).value) is None:
        return Outcome(run, tlv.integer(ENABLE, _OK))
    return inner(device, run, command)  # type: ignore[no-any-return]


def _ok_when_enabled(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    profile = run.state.profile(command.get(0x5A).value)
    if profile is not None and profile.enabled:
        return Outcome(run, tlv.integer(ENABLE, _OK))
    return inner(device, run, command)  # type: ignore[no-any-return]


def _ok_when_disabled(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    profile = run.state.profile(command.get(0x5A).value)
    if profile is not None and not profile.enabled:
        return Outcome(run, tlv.integer(DISABLE, _OK))
    return inner(device, run, command)  # type: ignore[no-any-return]


def _enabled_too(inner: Any, run: Run, iccid: bytes) -> int:
    profile = run.state.profile(iccid)
    return _OK if profile is not None and profile.enabled else inner(run, iccid)


def _no_disable_event(events: tuple[tuple[Event, Profile], ...]) -> tuple[tuple[Event, Profile], ...]:
    return tuple(event for event in events if event[0] is not Event.DISABLE)


def _fields_reversed(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    outcome: Outcome = inner(device, run, command)
    found = tlv.parse(outcome.result).find(0xA0)
    if found is None:
        return outcome
    entries = (tlv.build(0xE3, *(field.raw for field in reversed(entry.children))) for entry in found.children)
    return replace(outcome, result=tlv.build(0xBF2D, tlv.build(0xA0, *entries)))


def _one_receiver_more(inner: Any, profile: Profile, event: Event) -> tuple[str, ...]:
    return (*inner(profile, event), "surplus.example.com")


def _same_number(state: CardState) -> tuple[CardState, int]:
    return state, state.sequence


def _as_notifications(inner: Any, state: CardState, criterion: tuple[str, Any] | None) -> bytes:
    found = tlv.parse(inner(state, criterion))
    return tlv.build(0xA0, found.value)


def _whatever_is_asked(inner: Any, state: CardState, criterion: tuple[str, Any] | None) -> bytes:
    kept = criterion if criterion and criterion[0] == "euiccPackageResults" else None
    return inner(state, kept)  # type: ignore[no-any-return]


def _still_there(inner: Any, state: CardState, sequence: int) -> CardState | None:
    left: CardState | None = inner(state, sequence)
    return None if left is None else replace(left, notifications=state.notifications)


def _removed_anyway(inner: Any, state: CardState, sequence: int) -> CardState:
    return inner(state, sequence) or state


def _all_for_one(inner: Any, asked: set[int], profile: Profile) -> bool:
    return _EVERY_PROFILE in asked or inner(asked, profile)


def _address_stays(_config: CardConfig, state: CardState) -> CardState:
    return state


def _none_enabled(state: CardState) -> CardState:
    return replace(state, profiles=tuple(replace(profile, enabled=False) for profile in state.profiles))


def _none_while_one_is_enabled(inner: Any, run: Run, iccid: bytes) -> int:
    code: int = inner(run, iccid)
    return _ROLLBACK_NOT_AVAILABLE if code == _OK and run.state.enabled is not None else code


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "says-enabled-but-does-not",
        "Enable answers ok and leaves the profile disabled.",
        with_rule("enabled", _unchanged),
    ),
    _define(
        "says-disabled-but-does-not",
        "Disable answers ok and leaves the profile enabled.",
        with_rule("disabled", _unchanged),
    ),
    _define(
        "says-deleted-but-does-not",
        "Delete answers ok and leaves the profile installed.",
        with_rule("deleted", _unchanged),
    ),
    _define(
        "answers-ok-for-unknown-iccid",
        "Enable of an ICCID that is not installed answers ok.",
        around("psmo-enable", _ok_without_profile),
    ),
    _define(
        "enables-what-is-enabled",
        "Enable of the enabled profile answers ok.",
        around("psmo-enable", _ok_when_enabled),
    ),
    _define(
        "disables-what-is-disabled",
        "Disable of a disabled profile answers ok.",
        around("psmo-disable", _ok_when_disabled),
    ),
    _define(
        "deletes-enabled-profile",
        "The enabled profile can be deleted.",
        around("delete-result", _enabled_too),
    ),
    _define(
        "grants-rollback-to-nothing",
        "Enable with rollbackFlag works without a profile to return to.",
        answering("rollback-is-possible", True),
    ),
    _define(
        "ignores-ppr1",
        "A profile is disabled although its policy rules forbid it.",
        answering("may-be-disabled", True),
    ),
    _define(
        "leaves-both-profiles-enabled",
        "Enabling a profile leaves the one before it enabled.",
        with_rule("implicitly-disabled", _unchanged),
    ),
    _define(
        "forgets-implicit-disable-notification",
        "Nobody is told of the profile that an enable disables.",
        with_rule("switch-events", _no_disable_event),
    ),
    _define(
        "never-refreshes",
        "The terminal never learns that another profile is enabled.",
        answering("after-switch", None),
    ),
    _define(
        "loses-rollback-grant",
        "An enable with rollbackFlag does not allow a rollback.",
        answering("rollback-grant", None),
    ),
    _define(
        "lists-more-than-default-tags",
        "A list without a tag list shows notification configuration and owner too.",
        answering("default-profile-tags", DEFAULT_TAGS + _EXTRA_TAGS),
    ),
    _define(
        "lists-profile-fields-out-of-order",
        "listProfileInfo writes the fields of a profile in reverse.",
        around("psmo-listProfileInfo", _fields_reversed),
    ),
    _define(
        "notifies-unasked-receiver",
        "Each change of a profile is told to an address that its metadata do not name.",
        around("notification-receivers", _one_receiver_more),
    ),
    _define(
        "reuses-sequence-number",
        "Notifications and results all get the same number.",
        with_rule("next-sequence", _same_number),
    ),
    _define(
        "answers-results-as-notifications",
        "Package results come in the list of notifications.",
        around("notifications-found", _as_notifications),
    ),
    _define(
        "ignores-notification-search",
        "A search by number or event finds every notification.",
        around("notifications-found", _whatever_is_asked),
    ),
    _define(
        "keeps-removed-notification",
        "A notification that was removed is still there.",
        around("acknowledged", _still_there),
    ),
    _define(
        "says-removed-twice",
        "Removing a notification that is not there answers ok.",
        around("acknowledged", _removed_anyway),
    ),
    _define(
        "resets-more-than-asked",
        "A memory reset of operational profiles deletes all profiles.",
        around("reset-deletes", _all_for_one),
    ),
    _define(
        "says-ok-with-nothing-to-delete",
        "A memory reset that finds nothing answers ok.",
        answering("reset-result", _OK),
    ),
    _define(
        "forgets-enabled-profile-at-reset",
        "After a reset no profile is enabled.",
        with_rule("state-at-power-on", _none_enabled),
    ),
    _define(
        "keeps-former-profile-for-ever",
        "While a profile is enabled no other can be deleted: rollbackNotAvailable, without a grant.",
        around("delete-result", _none_while_one_is_enabled),
    ),
    _define(
        "keeps-address-at-memory-reset",
        "A memory reset leaves the default SM-DP+ address.",
        with_rule("default-address-reset", _address_stays),
    ),
)
