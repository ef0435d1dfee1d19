"""Fallback (SGP.32 v1.2 §3.4.6, §5.9.20, §5.9.21): the IPA turns to the fallback profile and back."""

from __future__ import annotations

from dataclasses import replace

from harness.codec import decode, encode
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.es10.switching import switched_and_told
from harness.simulators.euicc.state import CardState

OK, NOT_IN_DISABLED_STATE, CAT_BUSY, NOT_AVAILABLE, COMMAND_ERROR, ECALL_ACTIVE = 0, 2, 5, 6, 7, 104


def execute_fallback(device: Device, request: Tlv) -> Answer:
    """BF5D: enables the profile that has the fallback attribute; any rollback grant ends."""
    refresh = decode("ExecuteFallbackMechanismRequest", request.raw)["refreshFlag"]
    code, state = device.rules["fallback-executed"](device)
    answer = encode("ExecuteFallbackMechanismResponse", {"executeFallbackMechanismResult": code})
    return Answer(answer, state, device.rules["refresh-asked-for"]("ExecuteFallbackMechanism", refresh) and code == OK)


def fallback_executed(device: Device) -> tuple[int, CardState | None]:
    """Result code and next state; the obstacles in the order in which they are told."""
    state = device.state
    current = state.enabled
    fallback = next((profile for profile in state.profiles if profile.fallback), None)
    if current is None:
        return COMMAND_ERROR, None
    if fallback is None or not device.config.fallback_supported:
        return NOT_AVAILABLE, None
    if device.rules["ecall-blocks"](state, "ExecuteFallbackMechanism"):
        return ECALL_ACTIVE, None
    if fallback.enabled:
        return NOT_IN_DISABLED_STATE, None
    if device.rules["cat-is-busy"](device):
        return CAT_BUSY, None
    changed = switched_and_told(device, fallback.iccid)
    return OK, device.rules["fallback-remembered"](replace(changed, return_iccid=current.iccid))


def remembered(state: CardState) -> CardState:
    """The state behind a fallback: a rollback that was allowed before is so no more."""
    return replace(state, rollback=None)


def return_from_fallback(device: Device, request: Tlv) -> Answer:
    """BF5E: enables again what the fallback disabled."""
    refresh = decode("ReturnFromFallbackRequest", request.raw)["refreshFlag"]
    code, state = device.rules["fallback-left"](device)
    answer = encode("ReturnFromFallbackResponse", {"returnFromFallbackResult": code})
    return Answer(answer, state, device.rules["refresh-asked-for"]("ReturnFromFallback", refresh) and code == OK)


def fallback_left(device: Device) -> tuple[int, CardState | None]:
    """Result code and next state."""
    state = device.state
    if state.return_iccid is None or not device.config.fallback_supported:
        return NOT_AVAILABLE, None
    if state.profile(state.return_iccid) is None or device.rules["ecall-blocks"](state, "ReturnFromFallback"):
        return COMMAND_ERROR, None
    if device.rules["cat-is-busy"](device):
        return CAT_BUSY, None
    return OK, switched_and_told(device, state.return_iccid)
