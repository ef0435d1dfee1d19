"""Defects of an eUICC in how it falls back, returns from a fallback, and rolls back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import encode, tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import (
    Change,
    all_of,
    answering,
    around,
    calling,
    doing_nothing,
    in_an_emergency_too,
    with_rule,
)
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.es10 import fallback, psmo, rollback
from harness.simulators.euicc.es10.packages import Run
from harness.simulators.euicc.state import CardState, Profile, RollbackGrant, StoredResult

_OK = 0
Coded = tuple[int, CardState | None]


def _silent_fallback(inner: Any, device: Device) -> Coded:
    code, state = inner(device)
    return code, None if state is None else replace(state, notifications=device.state.notifications)


def _from_nothing(inner: Any, device: Device) -> Coded:
    wanted = next((profile for profile in device.state.profiles if profile.fallback), None)
    if device.state.enabled is None and wanted is not None:
        return _OK, device.rules["enabled"](device.state, wanted)
    return inner(device)  # type: ignore[no-any-return]


def _to_no_profile(inner: Any, device: Device) -> Coded:
    code, state = inner(device)
    return code, None if state is None else _none_enabled(state)


def _none_enabled(state: CardState) -> CardState:
    return replace(state, profiles=tuple(replace(profile, enabled=False) for profile in state.profiles))


def _return_kept(inner: Any, state: CardState, profile: Profile) -> CardState:
    enabled: CardState = inner(state, profile)
    return replace(enabled, return_iccid=state.return_iccid)


def _policy_for_return(inner: Any, run: Run, iccid: bytes) -> int:
    code: int = inner(run, iccid)
    return psmo.DISALLOWED_BY_POLICY if code == psmo.RETURN_FALLBACK_PROFILE else code


def _kept(state: CardState) -> CardState:
    return state


def _rolled_back_in_words(inner: Any, device: Device, request: tlv.Tlv) -> Answer:
    answer: Answer = inner(device, request)
    if answer.state is None:
        return answer
    return replace(answer, state=replace(answer.state, profiles=device.state.profiles))


def _both_results(state: CardState, _grant: RollbackGrant, result: StoredResult) -> CardState:
    return replace(state, results=(*state.results, result))


def _command_error(inner: Any, device: Device, request: tlv.Tlv) -> Answer:
    answer: Answer = inner(device, request)
    if tlv.parse(answer.response).get(0x02).value != bytes([rollback.NOT_ALLOWED]):
        return answer
    return replace(answer, response=encode("ProfileRollbackResponse", {"cmdResult": rollback.COMMAND_ERROR}))


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


_FALLBACK: tuple[Defect, ...] = (
    _define(
        "says-fallen-back-but-does-not",
        "ExecuteFallbackMechanism answers ok and changes nothing.",
        doing_nothing("fallback-executed"),
    ),
    _define(
        "tells-nobody-of-fallback",
        "A fallback makes no notifications.",
        around("fallback-executed", _silent_fallback),
    ),
    _define(
        "falls-back-from-nothing",
        "A fallback enables the fallback profile although no profile was enabled.",
        around("fallback-executed", _from_nothing),
    ),
    _define(
        "calls-missing-fallback-profile-command-error",
        "ExecuteFallbackMechanism without a fallback profile is commandError.",
        calling("fallback-executed", fallback.NOT_AVAILABLE, fallback.COMMAND_ERROR),
    ),
    _define(
        "falls-back-to-where-it-is",
        "ExecuteFallbackMechanism is ok while the fallback profile is enabled.",
        calling("fallback-executed", fallback.NOT_IN_DISABLED_STATE, _OK),
    ),
    _define(
        "falls-back-during-emergency-call",
        "A fallback replaces the emergency profile.",
        in_an_emergency_too("ExecuteFallbackMechanism"),
    ),
    _define(
        "says-returned-but-does-not",
        "ReturnFromFallback answers ok and changes nothing.",
        doing_nothing("fallback-left"),
    ),
    _define(
        "returns-to-no-profile",
        "ReturnFromFallback disables the fallback profile and enables no other.",
        around("fallback-left", _to_no_profile),
    ),
    _define(
        "returns-without-fallback",
        "ReturnFromFallback is ok where there was no fallback.",
        calling("fallback-left", fallback.NOT_AVAILABLE, _OK),
    ),
    _define(
        "returns-behind-the-eims-back",
        "After an eIM enabled a profile during a fallback, the IPA can still return from it.",
        around("enabled", _return_kept),
    ),
    _define(
        "names-policy-where-a-return-is-due",
        "Delete of the profile to return to is disallowedByPolicy.",
        around("delete-result", _policy_for_return),
    ),
    _define(
        "rolls-back-behind-a-fallback",
        "A rollback that was granted before a fallback is still allowed after it.",
        with_rule("fallback-remembered", _kept),
    ),
)

_ROLLBACK: tuple[Defect, ...] = (
    _define(
        "says-rolled-back-but-does-not",
        "ProfileRollback answers ok and leaves the profiles as they are.",
        around("ProfileRollback", _rolled_back_in_words),
    ),
    _define(
        "keeps-result-of-what-was-rolled-back",
        "After a rollback the result of the package that granted it is delivered too.",
        with_rule("rolled-back-result", _both_results),
    ),
    _define(
        "calls-rollback-without-leave-a-command-error",
        "ProfileRollback without a grant is commandError.",
        around("ProfileRollback", _command_error),
    ),
    _define(
        "keeps-leave-to-roll-back-over-packages",
        "A granted rollback is still allowed after the next package.",
        with_rule("package-begun", _kept),
    ),
    _define(
        "rolls-back-again-and-again",
        "A granted rollback can be used more than once.",
        all_of(with_rule("rollback-used", _kept), answering("rollback-allowed", True)),
    ),
)

DEFECTS = _FALLBACK + _ROLLBACK
