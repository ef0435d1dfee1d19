"""Defects of an eUICC in what keeps it from changing or deleting a profile, and in which profiles it lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import encode, named_bits, tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, answering, around, blind_to_sessions, with_rule
from harness.simulators.euicc.apdu import Refused
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.es10 import profiles, psmo
from harness.simulators.euicc.es10.packages import Outcome, Run
from harness.simulators.euicc.state import CardState

_DEAD = 0x6F00
_TAG_LIST, _CRITERION = 0x5C, 0xA0
_NO_RULE = 6


def _ok_in_place_of(refusal: int) -> Any:
    """Wraps a rule that comes to a result code: this one refusal is not made."""

    def wrapper(inner: Any, *arguments: Any) -> int:
        code: int = inner(*arguments)
        return psmo.OK if code == refusal else code

    return wrapper


def _without(tag: int) -> Any:
    """Wraps the listing of profiles: one field of the request is not looked at."""

    def wrapper(inner: Any, device: Device, state: CardState, request: tlv.Tlv) -> bytes:
        kept = tlv.build(request.tag, *(field.raw for field in request.children if field.tag != tag))
        return inner(device, state, tlv.parse(kept))  # type: ignore[no-any-return]

    return wrapper


def _dead_for_unknown_tag(inner: Any, device: Device, state: CardState, request: tlv.Tlv) -> bytes:
    listed: bytes = inner(device, state, request)
    if listed == profiles.list_error(profiles.INCORRECT_INPUT_VALUES):
        raise Refused(_DEAD)
    return listed


def _error_for_empty(inner: Any, device: Device, state: CardState, request: tlv.Tlv) -> bytes:
    listed: bytes = inner(device, state, request)
    found = tlv.parse(listed).find(0xA0)
    if found is None or found.children or request.find(_CRITERION) is None:
        return listed
    return profiles.list_error(profiles.INCORRECT_INPUT_VALUES)


def _as_if_nothing_changed(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    outcome: Outcome = inner(device, replace(run, enabled=None, disabled=None, deleted=False), command)
    return replace(outcome, run=run)


def _with_rule_nobody_knows(inner: Any, config: CardConfig) -> list[dict[str, Any]]:
    return [{**row, "pprIds": named_bits([1, _NO_RULE])} for row in inner(config)]


def _empty_table(_device: Device, run: Run, _command: tlv.Tlv) -> Outcome:
    return Outcome(run, encode("EuiccResultData", ("getRATResult", [])))


def _no_consent_for_eims(inner: Any, device: Device, run: Run, command: tlv.Tlv) -> Outcome:
    table = [{**row, "pprFlags": named_bits([])} for row in device.rules["authorisation-table"](device.config)]
    outcome: Outcome = inner(device, run, command)
    return replace(outcome, result=encode("EuiccResultData", ("getRATResult", table)))


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "ignores-ppr1-of-profile-to-be-replaced",
        "A profile is enabled although the enabled one may not be disabled.",
        around("enable-result", _ok_in_place_of(psmo.DISALLOWED_BY_POLICY)),
    ),
    _define(
        "ignores-ppr2",
        "A profile is deleted although its policy rules forbid it.",
        around("delete-result", _ok_in_place_of(psmo.DISALLOWED_BY_POLICY)),
    ),
    _define(
        "changes-profiles-during-a-proactive-session",
        "An enable does not wait for the end of a proactive session.",
        answering("cat-is-busy", False),
    ),
    _define(
        "disables-during-a-proactive-session",
        "A disable does not wait for the end of a proactive session.",
        blind_to_sessions("disable-result"),
    ),
    _define(
        "enables-at-once-during-a-proactive-session",
        "ImmediateEnable does not wait for the end of a proactive session.",
        blind_to_sessions("ImmediateEnable"),
    ),
    _define(
        "resets-memory-during-a-proactive-session",
        "The enabled profile is deleted by a memory reset during a proactive session.",
        blind_to_sessions("EuiccMemoryReset"),
    ),
    _define(
        "deletes-profile-to-return-to",
        "The profile that the card returns to from its fallback profile can be deleted.",
        around("delete-result", _ok_in_place_of(psmo.RETURN_FALLBACK_PROFILE)),
    ),
    _define(
        "deletes-rollback-target",
        "A package deletes the profile that it lets the IPA roll back to.",
        around("delete-result", _ok_in_place_of(psmo.ROLLBACK_NOT_AVAILABLE)),
    ),
    _define(
        "ignores-tag-list",
        "Profiles are listed with the default fields, whatever tags were asked for.",
        around("profile-list", _without(_TAG_LIST)),
    ),
    _define(
        "dies-of-unknown-tag-in-list",
        "A tag list with an unknown tag ends in 6F00.",
        around("profile-list", _dead_for_unknown_tag),
    ),
    _define(
        "ignores-profile-search",
        "A search for profiles finds all of them.",
        around("profile-list", _without(_CRITERION)),
    ),
    _define(
        "errs-where-no-profile-matches",
        "A search that finds no profile is incorrectInputValues.",
        around("profile-list", _error_for_empty),
    ),
    _define(
        "lists-profiles-behind-a-change",
        "A package lists profiles behind an enable, a disable or a delete.",
        around("psmo-listProfileInfo", _as_if_nothing_changed),
    ),
    _define(
        "lists-unknown-policy-rule",
        "The Rules Authorisation Table names a policy rule that there is not.",
        around("authorisation-table", _with_rule_nobody_knows),
    ),
    _define(
        "answers-rat-otherwise-than-getrat",
        "getRAT in a package gives an empty table.",
        with_rule("psmo-getRAT", _empty_table),
    ),
    _define(
        "hides-from-eims-that-consent-is-required",
        "getRAT in a package leaves out which rules need the end user's consent.",
        around("psmo-getRAT", _no_consent_for_eims),
    ),
)
