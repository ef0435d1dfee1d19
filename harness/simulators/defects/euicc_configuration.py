"""Defects of an eUICC in what it takes of its first eIMs, and in what it says of its features and its CIs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import decode, encode, tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, all_of, answering, around, with_rule
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.es10.eims import EimError
from harness.simulators.euicc.es10.fallback import NOT_AVAILABLE
from harness.simulators.euicc.es10.immediate import UNDEFINED_ERROR
from harness.simulators.euicc.state import CardState, EimAssociation, ImmediateEnable

_ANY_CI = tlv.parse(bytes.fromhex("BF5600"))
_ROOM = 8
_UNDEFINED = 127


def _first_only(_device: Device, state: CardState) -> CardState:
    return replace(state, eims=state.eims[:1])


def _as_far_as_read(state: CardState) -> CardState:
    return state


def _newest_only(_device: Device, state: CardState) -> CardState:
    return replace(state, eims=state.eims[-_ROOM:])


def _undefined_when_full(inner: Any, device: Device, request: tlv.Tlv) -> Answer:
    answer: Answer = inner(device, request)
    full = encode("AddInitialEimResponse", ("addInitialEimError", int(EimError.INSUFFICIENT_MEMORY)))
    if answer.response != full:
        return answer
    return replace(answer, response=encode("AddInitialEimResponse", ("addInitialEimError", _UNDEFINED)))


def _all_of_them(eims: tuple[EimAssociation, ...], _eim_id: str | None) -> list[EimAssociation]:
    return list(eims)


def _never_configured(inner: Any, device: Device, request: tlv.Tlv) -> Answer:
    inner(device, request)
    answer = {"configImmediateEnableResult": UNDEFINED_ERROR}
    return Answer(encode("ConfigureImmediateProfileEnablingResponse", answer))


def _configured_for_any_server(inner: Any, device: Device, request: tlv.Tlv) -> Answer:
    answer: Answer = inner(device, request)
    if answer.state is None:
        return answer
    anybody = ImmediateEnable(allowed=answer.state.immediate.allowed)
    return replace(answer, state=replace(answer.state, immediate=anybody))


def _preferred_for_unknown(inner: Any, device: Device, request: tlv.Tlv) -> Answer:
    wanted = decode("GetCertsRequest", request.raw).get("euiccCiPKId")
    return inner(device, request if device.identity(wanted) else _ANY_CI)  # type: ignore[no-any-return]


def _preferred_for_known(inner: Any, device: Device, request: tlv.Tlv) -> Answer:
    wanted = decode("GetCertsRequest", request.raw).get("euiccCiPKId")
    return inner(device, _ANY_CI if device.identity(wanted) else request)  # type: ignore[no-any-return]


def _without_flag(inner: Any, device: Device, flag: str) -> dict[str, Any]:
    fields: dict[str, Any] = inner(device)
    iot = {name: value for name, value in fields["iotSpecificInfo"].items() if name != flag}
    return {**fields, "iotSpecificInfo": iot}


def _no_fallback_flag(inner: Any, device: Device) -> dict[str, Any]:
    return _without_flag(inner, device, "fallbackSupported")


def _no_ecall_flag(inner: Any, device: Device) -> dict[str, Any]:
    return _without_flag(inner, device, "ecallSupported")


def _any_profile_for_emergencies(_device: Device, _request: tlv.Tlv) -> Answer:
    return Answer(encode("EnableEmergencyProfileResponse", {"enableEmergencyProfileResult": 0}))


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "takes-token-that-eim-chose",
        "An association token is taken as the eIM gives it.",
        answering("eim-token-is-open", True),
    ),
    _define(
        "keeps-first-initial-eim-only",
        "AddInitialEim answers ok for a list and stores its first eIM.",
        with_rule("initial-eims-kept", _first_only),
    ),
    _define(
        "keeps-part-of-refused-eims",
        "AddInitialEim stores the eIMs of a refused list up to the one that it refuses.",
        with_rule("initial-eims-refused", _as_far_as_read),
    ),
    _define(
        "takes-eim-twice-in-one-list",
        "An eIM that stands twice in a list is taken.",
        answering("eim-is-new", True),
    ),
    _define(
        "takes-unknown-ci-of-eim",
        "An eIM is taken whatever CI it names.",
        answering("eim-ci-is-known", True),
    ),
    _define(
        "takes-any-counter-of-eim",
        "An eIM is taken with a counter of any size.",
        answering("eim-counter-in-range", True),
    ),
    _define(
        "takes-eim-without-key",
        "An eIM is taken that has no key to verify its packages with.",
        answering("eim-has-key", True),
    ),
    _define(
        "drops-oldest-eim-when-full",
        "Where memory for eIMs is full, the oldest makes room for the newest.",
        all_of(answering("eim-has-room", True), with_rule("initial-eims-kept", _newest_only)),
    ),
    _define(
        "calls-full-memory-undefined-error",
        "Full memory is undefinedError in AddInitialEim.",
        around("AddInitialEim", _undefined_when_full),
    ),
    _define(
        "ignores-eim-search",
        "A search for one eIM finds all of them.",
        with_rule("eims-found", _all_of_them),
    ),
    _define(
        "refuses-ipa-to-allow-immediate-enable",
        "The IPA cannot configure immediate enabling, although no eIM is associated.",
        around("ConfigureImmediateProfileEnabling", _never_configured),
    ),
    _define(
        "lets-ipa-overrule-eim-on-immediate-enable",
        "The IPA configures immediate enabling although an eIM is associated.",
        answering("immediate-enable-is-open", True),
    ),
    _define(
        "forgets-server-that-ipa-named",
        "Of how the IPA configures immediate enabling, the SM-DP+ is not kept.",
        around("ConfigureImmediateProfileEnabling", _configured_for_any_server),
    ),
    _define(
        "gives-preferred-certificates-for-unknown-ci",
        "GetCerts under an unknown CI gives the preferred certificates.",
        around("GetCerts", _preferred_for_unknown),
    ),
    _define(
        "gives-one-chain-for-every-ci",
        "GetCerts gives the preferred certificates, whichever of its CIs is asked for.",
        around("GetCerts", _preferred_for_known),
    ),
    _define(
        "hides-that-fallback-works",
        "EUICCInfo2 does not tell that there is a fallback.",
        around("euicc-info2-fields", _no_fallback_flag),
    ),
    _define(
        "declares-fallback-that-fails",
        "EUICCInfo2 tells of a fallback that is never available.",
        answering("fallback-executed", (NOT_AVAILABLE, None)),
    ),
    _define(
        "knows-ecall-without-declaring-it",
        "EUICCInfo2 does not tell that an emergency profile can be enabled.",
        all_of(
            around("euicc-info2-fields", _no_ecall_flag),
            with_rule("EnableEmergencyProfile", _any_profile_for_emergencies),
        ),
    ),
)
