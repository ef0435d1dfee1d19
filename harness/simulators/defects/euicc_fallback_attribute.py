"""Defects of an eUICC in how it gives and takes away the fallback attribute."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, around
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.es10 import psmo
from harness.simulators.euicc.es10.packages import Outcome, Run
from harness.simulators.euicc.state import CardState

_OK = 0


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


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
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
