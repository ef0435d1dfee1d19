"""Defects of an eIM in what it keeps of devices, counters and keys, and in how it carries ESipa over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from harness.codec import tlv
from harness.roles.eim.http_rules import ASN1_PATH
from harness.roles.eim.state import DONE, Association, Device, EimState, Operation
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import all_of, answering, around, with_rule


def _wrapped(tag: int, commands: tuple[bytes, ...]) -> tuple[int, tuple[bytes, ...]]:
    return tag, tuple(tlv.build(0x30, command) for command in commands)


def _all_psmos(_tag: int, commands: tuple[bytes, ...]) -> tuple[int, tuple[bytes, ...]]:
    return 0xA0, commands


def _token_alone(association: Association) -> Association:
    return replace(association, counter=0)


def _taken_for_done(state: EimState, _device: Device, operation: Operation) -> EimState:
    return state.with_operation(replace(operation, state=DONE))


def _error_forgotten(_before: Operation, after: Operation) -> Operation:
    return after if after.error_code is None else replace(after, state=DONE, error_code=None)


def _open_ones_only(inner: Callable[..., Any], state: EimState, device: Device, result: Any) -> Any:
    found = inner(state, device, result)
    return found if found is None or found.is_open else None


def _own_number(result: Any) -> tuple[int, ...]:
    return () if result.sequence_number is None else (result.sequence_number,)


def _others_left_enabled(inner: Callable[..., Any], device: Device, *rest: Any) -> Any:
    after, events = inner(device, *rest)
    return replace(
        after, profiles={**after.profiles, **{iccid: True for iccid, on in device.profiles.items() if on}}
    ), events


def _key_kept(inner: Callable[..., Any], device: Device, *rest: Any) -> Any:
    after, events = inner(device, *rest)
    return replace(after, association=replace(after.association, key=device.association.key)), events


def _still_queued(state: EimState, _cancelled: Operation) -> EimState:
    return state


def _first(eims: Sequence[Any], _host: str) -> Any:
    return eims[0]


def _served(path: str, _method: str, _media_type: str, length: int) -> int | None:
    return None if path == ASN1_PATH and length < 1000 else 200


def _failing(inner: Callable[..., int | None], *request: Any) -> int | None:
    return 500 if inner(*request) is not None else None


def _without_acknowledgements(inner: Callable[[str, bytes], bytes], function: str, reply: bytes) -> bytes:
    answer = inner(function, reply)
    if function != "provideEimPackageResult":
        return answer
    fields = json.loads(answer)
    fields.pop("eimAcknowledgements", None)
    return json.dumps(fields).encode()


DEFECTS = (
    Defect(
        "wraps-commands-in-a-sequence",
        "eim",
        "Each PSMO or eCO of a package stands in a SEQUENCE of its own.",
        with_rule("package-commands", _wrapped),
    ),
    Defect(
        "puts-ecos-into-the-psmo-list",
        "eim",
        "eCOs stand under A0, where PSMOs belong.",
        with_rule("package-commands", _all_psmos),
    ),
    Defect(
        "forgets-counters",
        "eim",
        "The counter is not kept: after a restart it begins at 1 again.",
        with_rule("kept-association", _token_alone),
    ),
    Defect(
        "wraps-counter",
        "eim",
        "The counter begins again at 1 after 7FFFFF, without a new key.",
        all_of(
            answering("counter-may-be-used", True),
            with_rule("next-counter", lambda last: last % 0x7FFFFF + 1),
        ),
    ),
    Defect(
        "trusts-any-euicc-certificate",
        "eim",
        "An eUICC certificate is taken as it comes: neither chain nor EID is looked at.",
        answering("why-certificate-is-untrustworthy", ""),
    ),
    Defect(
        "never-learns-certificates",
        "eim",
        "The certificates in IpaEuiccData are refused, whatever their chain.",
        answering("why-certificate-is-untrustworthy", "refused"),
    ),
    Defect(
        "believes-results-for-other-eims",
        "eim",
        "The eimId of a result is not looked at.",
        answering("result-names-this-eim", True),
    ),
    Defect(
        "takes-signed-errors-for-results",
        "eim",
        "A signed error closes its package as done.",
        with_rule("closed-operation", _error_forgotten),
    ),
    Defect(
        "ignores-replay-error",
        "eim",
        "After a replayError the counter goes on by one, so that every package is refused.",
        with_rule("after-replay-error", lambda state, *_: (state, ())),
    ),
    Defect(
        "takes-unsigned-errors-for-results",
        "eim",
        "An unsigned error closes its package as done.",
        with_rule("after-unsigned-error", _taken_for_done),
    ),
    Defect(
        "forgets-closed-operations",
        "eim",
        "A result that comes a second time is not known any more, so it is never acknowledged.",
        around("result-operation", _open_ones_only),
    ),
    Defect(
        "acknowledges-unknown-results",
        "eim",
        "A result of no known package is acknowledged, so the card forgets it before its eIM has seen it.",
        with_rule("unmatched-numbers", _own_number),
    ),
    Defect(
        "drops-notifications-beside-results",
        "eim",
        "Notifications that come with a result go nowhere.",
        answering("notifications-beside-result", ()),
    ),
    Defect(
        "refuses-results-as-notifications",
        "eim",
        "A ProvideEimPackageResult inside HandleNotification is refused.",
        answering("result-may-come-as-notification", False),
    ),
    Defect(
        "ignores-state-changes",
        "eim",
        "notifyStateChange is heard and nothing follows.",
        with_rule("after-state-change", lambda state, *_: state),
    ),
    Defect(
        "refuses-unknown-causes",
        "eim",
        "A stateChangeCause above 6 is an undefinedError.",
        with_rule("cause-is-understood", lambda cause: cause <= 6),
    ),
    Defect(
        "forgets-device-data",
        "eim",
        "What IpaEuiccData tells is not kept.",
        with_rule("known-data", lambda before, _: before),
    ),
    Defect(
        "misses-implicit-disable",
        "eim",
        "When a profile is enabled, the one that was enabled before stays enabled in the eIM's picture of the device.",
        around("device-after-package", _others_left_enabled),
    ),
    Defect(
        "signs-with-newest-key",
        "eim",
        "After a rotation every package is signed with the new key, also for eUICCs that do not know it.",
        with_rule("key-for-device", lambda identity, _: identity.signing_key),
    ),
    Defect(
        "keeps-old-key-after-update",
        "eim",
        "Packages are signed with the old key although the eUICC has taken the new one.",
        around("device-after-package", _key_kept),
    ),
    Defect(
        "delivers-cancelled-packages",
        "eim",
        "A package that its operator took back goes out all the same.",
        with_rule("after-cancelling", _still_queued),
    ),
    Defect(
        "delivers-expired-packages",
        "eim",
        "A package goes out after its time was over.",
        answering("is-expired", False),
    ),
    Defect(
        "answers-for-every-tenant",
        "eim",
        "The name that a device asks for is not looked at: the first eIM of the server answers for all.",
        with_rule("eim-for-host", _first),
    ),
    Defect(
        "answers-json-without-acknowledgements",
        "eim",
        "The JSON binding never carries eimAcknowledgements.",
        around("json-answer", _without_acknowledgements),
    ),
    Defect(
        "serves-any-request",
        "eim",
        "What is no request of ESipa gets a 200.",
        with_rule("why-not", _served),
    ),
    Defect(
        "fails-at-strange-requests",
        "eim",
        "What is no request of ESipa, or too large for one, gets a 500.",
        around("why-not", _failing),
    ),
)
