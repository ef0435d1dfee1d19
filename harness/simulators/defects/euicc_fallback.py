"""Defects of an eUICC in how it leaves the enabled profile without a package: fallback, rollback, emergency, refreshFlag."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.codec import encode, tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, all_of, answering, around, blind_to_sessions, with_rule
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.es10 import emergency, fallback, notifications, psmo, rollback
from harness.simulators.euicc.es10.packages import Outcome, Run
from harness.simulators.euicc.state import CardState, Event, Profile, RollbackGrant, StoredResult

_OK = 0
Coded = tuple[int, CardState | None]


def _code(outcome: Outcome) -> int:
    return tlv.parse(outcome.result).value[-1]


def _marked(state: CardState, iccid: bytes) -> CardState:
    return replace(state, profiles=tuple(replace(p, fallback=p.iccid == iccid) for p in state.profiles))


def _with_state(outcome: Outcome, state: CardState) -> Outcome:
    return replace(outcome, run=replace(outcome.run, state=state))


def _not_marked(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    return _with_state(inner(device, run, command), run.state)


def _all_marked(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    outcome: Outcome = inner(device, run, command)
    marked = tuple(replace(profile, fallback=True) for profile in outcome.run.state.profiles)
    return _with_state(outcome, replace(outcome.run.state, profiles=marked)) if _code(outcome) == _OK else outcome


def _marked_in_spite_of(code: int) -> Any:
    """Wraps setFallbackAttribute: this refusal is not made."""

    def wrapper(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
        outcome: Outcome = inner(device, run, command)
        if _code(outcome) != code:
            return outcome
        state = _marked(run.state, command.get(0x5A).value)
        return Outcome(replace(run, state=state), tlv.integer(psmo.SET_FALLBACK, _OK))

    return wrapper


def _unset_in_spite_of(code: int) -> Any:
    """Wraps unsetFallbackAttribute: this refusal is not made."""

    def wrapper(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
        outcome: Outcome = inner(device, run, command)
        if _code(outcome) != code:
            return outcome
        return Outcome(replace(run, state=_marked(run.state, b"")), tlv.integer(psmo.UNSET_FALLBACK, _OK))

    return wrapper


def _called_not_allowed(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    outcome: Outcome = inner(device, run, command)
    if _code(outcome) != psmo.ICCID_NOT_FOUND:
        return outcome
    return replace(outcome, result=tlv.integer(psmo.SET_FALLBACK, psmo.FALLBACK_NOT_ALLOWED))


def _former_kept(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    outcome: Outcome = inner(device, run, command)
    had = {profile.iccid for profile in run.state.profiles if profile.fallback}
    marked = tuple(replace(p, fallback=p.fallback or p.iccid in had) for p in outcome.run.state.profiles)
    return _with_state(outcome, replace(outcome.run.state, profiles=marked))


def _refused_where_it_is(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    profile = run.state.profile(command.get(0x5A).value)
    if profile is not None and profile.fallback:
        return Outcome(run, tlv.integer(psmo.SET_FALLBACK, psmo.FALLBACK_NOT_ALLOWED), False)
    return inner(device, run, command)  # type: ignore[no-any-return]


def _nothing_done(inner: Any, device: Device) -> Coded:
    code, _ = inner(device)
    return code, None


def _with_code(of: int, becomes: int) -> Any:
    """Wraps a function that comes to a code and a state: one code stands in place of another."""

    def wrapper(inner: Any, device: Device) -> Coded:
        code, state = inner(device)
        return (becomes if code == of else code), state

    return wrapper


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


def _unless(function: str) -> Any:
    """Wraps what an emergency keeps from being done: not this function."""

    def wrapper(inner: Any, state: CardState, asked: str) -> bool:
        return asked != function and inner(state, asked)

    return wrapper


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


def _always(function: str) -> Callable[[str, bool], bool]:
    """A rule by which this function is followed by a REFRESH whatever its refreshFlag says."""
    return lambda asked, flag: flag or asked == function


def _never(function: str) -> Callable[[str, bool], bool]:
    """A rule by which this function is followed by no REFRESH whatever its refreshFlag says."""
    return lambda asked, flag: flag and asked != function


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


_ATTRIBUTE: tuple[Defect, ...] = (
    _define(
        "forgets-fallback-attribute",
        "setFallbackAttribute answers ok and sets nothing.",
        around("psmo-setFallbackAttribute", _not_marked),
    ),
    _define(
        "shows-fallback-attribute-on-every-profile",
        "setFallbackAttribute gives the attribute to all profiles.",
        around("psmo-setFallbackAttribute", _all_marked),
    ),
    _define(
        "gives-fallback-attribute-unasked",
        "A profile gets the fallback attribute although its metadata do not allow it.",
        around("psmo-setFallbackAttribute", _marked_in_spite_of(psmo.FALLBACK_NOT_ALLOWED)),
    ),
    _define(
        "calls-unknown-iccid-fallback-not-allowed",
        "setFallbackAttribute for an unknown ICCID is fallbackNotAllowed.",
        around("psmo-setFallbackAttribute", _called_not_allowed),
    ),
    _define(
        "keeps-former-fallback-attribute",
        "After the attribute moved, two profiles have it.",
        around("psmo-setFallbackAttribute", _former_kept),
    ),
    _define(
        "refuses-fallback-attribute-twice",
        "setFallbackAttribute on the profile that has it is an error.",
        around("psmo-setFallbackAttribute", _refused_where_it_is),
    ),
    _define(
        "unsets-fallback-attribute-that-is-not-there",
        "unsetFallbackAttribute is ok where no profile has the attribute.",
        around("psmo-unsetFallbackAttribute", _unset_in_spite_of(psmo.NO_FALLBACK_ATTRIBUTE)),
    ),
    _define(
        "keeps-unset-fallback-attribute",
        "unsetFallbackAttribute answers ok and takes nothing away.",
        around("psmo-unsetFallbackAttribute", _not_marked),
    ),
    _define(
        "moves-fallback-attribute-in-use",
        "The attribute is given to another profile while the fallback profile is enabled.",
        around("psmo-setFallbackAttribute", _marked_in_spite_of(psmo.FALLBACK_PROFILE_ENABLED)),
    ),
    _define(
        "takes-away-fallback-attribute-in-use",
        "The attribute is taken away while the fallback profile is enabled.",
        around("psmo-unsetFallbackAttribute", _unset_in_spite_of(psmo.FALLBACK_PROFILE_ENABLED)),
    ),
)

_FALLBACK: tuple[Defect, ...] = (
    _define(
        "says-fallen-back-but-does-not",
        "ExecuteFallbackMechanism answers ok and changes nothing.",
        around("fallback-executed", _nothing_done),
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
        around("fallback-executed", _with_code(fallback.NOT_AVAILABLE, fallback.COMMAND_ERROR)),
    ),
    _define(
        "falls-back-to-where-it-is",
        "ExecuteFallbackMechanism is ok while the fallback profile is enabled.",
        around("fallback-executed", _with_code(fallback.NOT_IN_DISABLED_STATE, _OK)),
    ),
    _define(
        "falls-back-during-emergency-call",
        "A fallback replaces the emergency profile.",
        around("ecall-blocks", _unless("ExecuteFallbackMechanism")),
    ),
    _define(
        "says-returned-but-does-not",
        "ReturnFromFallback answers ok and changes nothing.",
        around("fallback-left", _nothing_done),
    ),
    _define(
        "returns-to-no-profile",
        "ReturnFromFallback disables the fallback profile and enables no other.",
        around("fallback-left", _to_no_profile),
    ),
    _define(
        "returns-without-fallback",
        "ReturnFromFallback is ok where there was no fallback.",
        around("fallback-left", _with_code(fallback.NOT_AVAILABLE, _OK)),
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

_EMERGENCY: tuple[Defect, ...] = (
    _define(
        "says-emergency-but-does-not",
        "EnableEmergencyProfile answers ok and changes nothing.",
        around("emergency-begun", _nothing_done),
    ),
    _define(
        "notifies-of-emergency",
        "Enabling the emergency profile makes notifications.",
        with_rule("emergency-told", _told),
    ),
    _define(
        "calls-missing-emergency-profile-undefined-error",
        "EnableEmergencyProfile without an emergency profile is undefinedError.",
        around("emergency-begun", _with_code(emergency.NOT_AVAILABLE, 127)),
    ),
    _define(
        "enables-emergency-profile-twice",
        "EnableEmergencyProfile is ok while the emergency profile is enabled.",
        around("emergency-begun", _with_code(emergency.NOT_IN_DISABLED_STATE, _OK)),
    ),
    _define(
        "takes-packages-during-emergency-call",
        "A package is carried out while the emergency profile is enabled.",
        around("ecall-blocks", _unless("LoadEuiccPackage")),
    ),
    _define(
        "resets-memory-during-emergency-call",
        "A memory reset deletes profiles while the emergency profile is enabled.",
        around("ecall-blocks", _unless("EuiccMemoryReset")),
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
        around("emergency-ended", _nothing_done),
    ),
    _define(
        "ends-emergency-that-is-none",
        "DisableEmergencyProfile is ok where there is no emergency.",
        around("emergency-ended", _with_code(emergency.NOT_IN_ENABLED_STATE, _OK)),
    ),
)

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

DEFECTS = _ATTRIBUTE + _FALLBACK + _ROLLBACK + _EMERGENCY + _REFRESH + _BUSY
