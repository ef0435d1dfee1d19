"""Defects of an eUICC in what eIMs do to eIMs: addEim, updateEim, deleteEim."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, around, with_rule
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.es10.eims import COUNTER, KEY_DATA, TOKEN, EimError, EimRefused
from harness.simulators.euicc.es10.packages import UNDEFINED_ERROR, Outcome, Run
from harness.simulators.euicc.state import CardState, EimAssociation, fields_of

_EIM_ID, _CI = 0x80, 0x88
_ADDED, _DELETED, _UPDATED = 0xA8, 0x89, 0x8A


def _named(command: Tlv) -> str:
    return command.get(_EIM_ID).value.decode(errors="replace")


def _of(fields: Iterable[Tlv], *more: bytes) -> bytes:
    """Fields of a configuration in the order of their tags."""
    ordered = sorted([*(field.raw for field in fields), *more], key=_position)
    return b"".join(ordered)


def _position(field: bytes) -> int:
    return field[0] & 0x1F


def _command(tag: int, fields: Iterable[Tlv], *more: bytes) -> Tlv:
    return tlv.parse(tlv.build(tag, _of(fields, *more)))


def _without(command: Tlv, tag: int) -> Tlv:
    return _command(command.tag, (field for field in command.children if field.tag != tag))


# addEim


def _in_words(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    outcome: Outcome = inner(device, run, command)
    return replace(outcome, run=run)


def _from_zero(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    outcome: Outcome = inner(device, run, command)
    eim = outcome.run.state.eim(_named(command))
    if not outcome.succeeded or eim is None:
        return outcome
    return replace(outcome, run=replace(outcome.run, state=outcome.run.state.with_eim(replace(eim, counter=0))))


def _replacing(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    others = tuple(eim for eim in run.state.eims if eim.eim_id != _named(command))
    return inner(device, replace(run, state=replace(run.state, eims=others)), command)  # type: ignore[no-any-return]


def _whatever_ci(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    ci = command.find(_CI)
    unknown = ci is not None and device.identity(ci.value) is None
    return inner(device, run, _without(command, _CI) if unknown else command)  # type: ignore[no-any-return]


def _given_token(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    token = command.find(TOKEN)
    if token is None or token.value == b"\xff":
        return inner(device, run, command)  # type: ignore[no-any-return]
    outcome: Outcome = inner(device, run, _without(command, TOKEN))
    return replace(outcome, result=tlv.build(_ADDED, token.raw)) if outcome.succeeded else outcome


def _with_some_key(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    key = run.state.eims[0].key_data
    if command.find(KEY_DATA) is not None or key is None:
        return inner(device, run, command)  # type: ignore[no-any-return]
    return inner(device, run, _command(command.tag, command.children, key.raw))  # type: ignore[no-any-return]


def _oldest_goes(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    others = run.state.eims[1:] if len(run.state.eims) >= device.config.max_eims else run.state.eims
    return inner(device, replace(run, state=replace(run.state, eims=others)), command)  # type: ignore[no-any-return]


def _undefined_when_full(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    outcome: Outcome = inner(device, run, command)
    full = tlv.build(_ADDED, tlv.integer(0x02, EimError.INSUFFICIENT_MEMORY))
    if outcome.result != full:
        return outcome
    return replace(outcome, result=tlv.build(_ADDED, tlv.integer(0x02, UNDEFINED_ERROR)))


# updateEim


def _whatever_ci_later(inner: Any, device: Device, eim: EimAssociation, data: Tlv) -> EimAssociation:
    ci = data.find(_CI)
    if ci is None or device.identity(ci.value) is not None:
        return inner(device, eim, data)  # type: ignore[no-any-return]
    others = _without(data, _CI)
    return inner(device, eim, others) if len(others.children) > 1 else eim


def _old_key(inner: Any, device: Device, eim: EimAssociation, data: Tlv) -> EimAssociation:
    changed: EimAssociation = inner(device, eim, data)
    others = (field for tag, field in fields_of(changed.fields).items() if tag != KEY_DATA)
    return replace(changed, fields=_of(others, *([eim.key_data.raw] if eim.key_data else [])))


def _any_counter(inner: Any, device: Device, eim: EimAssociation, data: Tlv) -> EimAssociation:
    if data.find(COUNTER) is None:
        return inner(device, eim, data)  # type: ignore[no-any-return]
    return inner(device, replace(eim, counter=0), data)  # type: ignore[no-any-return]


def _never_down(inner: Any, device: Device, eim: EimAssociation, data: Tlv) -> EimAssociation:
    changed: EimAssociation = inner(device, eim, data)
    return replace(changed, counter=max(eim.counter, changed.counter))


def _token_too(inner: Any, device: Device, eim: EimAssociation, data: Tlv) -> EimAssociation:
    token = data.find(TOKEN)
    if token is None:
        return inner(device, eim, data)  # type: ignore[no-any-return]
    others = _without(data, TOKEN)
    changed = inner(device, eim, others) if len(others.children) > 1 else eim
    return replace(changed, token=int.from_bytes(token.value, "big"))


def _empty_too(inner: Any, device: Device, eim: EimAssociation, data: Tlv) -> EimAssociation:
    return eim if len(data.children) == 1 else inner(device, eim, data)


def _update_adds(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    if run.state.eim(_named(command)) is not None:
        return inner(device, run, command)  # type: ignore[no-any-return]
    try:
        state, _ = device.rules["eim-added"](device, run.state, command)
    except EimRefused as refusal:
        return Outcome(run, tlv.integer(_UPDATED, refusal.code), False)
    return Outcome(replace(run, state=state), tlv.integer(_UPDATED, EimError.OK))


# deleteEim


def _first_instead(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    if run.state.eim(_named(command)) is None:
        return inner(device, run, command)  # type: ignore[no-any-return]
    first = tlv.build(_EIM_ID, run.state.eims[0].eim_id.encode())
    return inner(device, run, tlv.parse(tlv.build(command.tag, first)))  # type: ignore[no-any-return]


def _unknown_too(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    if run.state.eim(_named(command)) is None:
        return Outcome(run, tlv.integer(_DELETED, EimError.OK))
    return inner(device, run, command)  # type: ignore[no-any-return]


def _last_like_any(inner: Any, device: Device, run: Run, command: Tlv) -> Outcome:
    outcome: Outcome = inner(device, run, command)
    return replace(outcome, result=tlv.integer(_DELETED, EimError.OK)) if outcome.succeeded else outcome


def _once_in_a_life(state: CardState) -> bool:
    return not state.eims and not state.tokens_given


def _no_token_at_last(inner: Any, data: bytes, token: int, eim_signature: bytes) -> bytes:
    listed = tlv.parse(data).find(0x30)
    last = listed is not None and any(result.raw == tlv.integer(_DELETED, 2) for result in listed.children)
    return inner(data, 0 if last else token, eim_signature)  # type: ignore[no-any-return]


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "adds-eim-in-words-only",
        "addEim answers as if the eIM were there, and nothing is stored.",
        around("eco-addEim", _in_words),
    ),
    _define(
        "starts-added-eim-at-zero",
        "The counterValue in an addEim is not looked at.",
        around("eco-addEim", _from_zero),
    ),
    _define(
        "replaces-eim-at-add-eim",
        "addEim with an eimId that is there takes that eIM's place.",
        around("eco-addEim", _replacing),
    ),
    _define(
        "ignores-unknown-ci-at-add-eim",
        "addEim with a CI that the card does not have is taken, without it.",
        around("eco-addEim", _whatever_ci),
    ),
    _define(
        "takes-given-token-at-add-eim",
        "addEim with a token of the eIM's own choice is taken.",
        around("eco-addEim", _given_token),
    ),
    _define(
        "adds-eim-without-key",
        "An eIM that is added without a key gets that of another one.",
        around("eco-addEim", _with_some_key),
    ),
    _define(
        "drops-oldest-eim-at-add-eim",
        "Where memory for eIMs is full, addEim has the oldest make room.",
        around("eco-addEim", _oldest_goes),
    ),
    _define(
        "calls-full-memory-undefined-error-at-add-eim",
        "Full memory is undefinedError in addEim.",
        around("eco-addEim", _undefined_when_full),
    ),
    _define(
        "ignores-unknown-ci-at-update-eim",
        "updateEim with a CI that the card does not have is taken, without it.",
        around("eim-updated", _whatever_ci_later),
    ),
    _define(
        "keeps-old-key-at-update-eim",
        "updateEim with a new key changes everything but the key.",
        around("eim-updated", _old_key),
    ),
    _define(
        "lowers-counter-without-new-key",
        "updateEim sets the counter back under the same key.",
        around("eim-updated", _any_counter),
    ),
    _define(
        "never-lowers-counter",
        "updateEim leaves the counter where it is, also with a new key.",
        around("eim-updated", _never_down),
    ),
    _define(
        "lets-token-be-updated",
        "updateEim replaces the association token.",
        around("eim-updated", _token_too),
    ),
    _define(
        "says-ok-to-an-empty-update",
        "updateEim with nothing but an eimId is ok.",
        around("eim-updated", _empty_too),
    ),
    _define(
        "adds-unknown-eim-at-update-eim",
        "updateEim of an eIM that is not there adds it.",
        around("eco-updateEim", _update_adds),
    ),
    _define(
        "deletes-sender-for-another-eim",
        "deleteEim removes the first eIM, whichever is named.",
        around("eco-deleteEim", _first_instead),
    ),
    _define(
        "says-ok-for-unknown-eim",
        "deleteEim of an eIM that is not there is ok.",
        around("eco-deleteEim", _unknown_too),
    ),
    _define(
        "says-ok-for-last-eim",
        "deleteEim of the last eIM does not say that it was the last.",
        around("eco-deleteEim", _last_like_any),
    ),
    _define(
        "stays-closed-after-last-eim",
        "AddInitialEim works once in a card's life.",
        with_rule("initial-eim-allowed", _once_in_a_life),
    ),
    _define(
        "signs-last-result-without-token",
        "The result that tells of the last eIM's deletion is signed as if there had been no token.",
        around("result-signing-input", _no_token_at_last),
    ),
)
