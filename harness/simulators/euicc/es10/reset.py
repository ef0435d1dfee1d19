"""eUICCMemoryReset (SGP.32 v1.2 §5.9.5): each bit removes one group, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from harness.codec import decode, encode
from harness.codec.asn1 import has_bit
from harness.codec.tlv import Tlv
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.es10 import notifications
from harness.simulators.euicc.state import CardState, Event, ImmediateEnable, Profile, ProfileClass

OK, NOTHING_TO_DELETE, EIM_RESET_NOT_SUPPORTED, CAT_BUSY, ECALL_ACTIVE = 0, 1, 2, 5, 104
IMMEDIATE_RESET_NOT_SUPPORTED = 1
DEFAULT_ADDRESS, EIM_CONFIGURATION, IMMEDIATE_CONFIGURATION = 2, 5, 6

GROUPS: Mapping[int, Callable[[Profile], bool]] = {
    0: lambda profile: profile.profile_class == ProfileClass.OPERATIONAL,
    1: lambda profile: profile.profile_class == ProfileClass.TEST and not profile.preloaded,
    3: lambda profile: profile.profile_class == ProfileClass.TEST and profile.preloaded,
    4: lambda profile: profile.profile_class == ProfileClass.PROVISIONING,
}
"""Which profiles a bit of resetOptions means."""


def euicc_memory_reset(device: Device, request: Tlv) -> Answer:
    """BF64. The result fields of eIM and immediate enable configuration stand only where their bits were set."""
    options = decode("EuiccMemoryResetRequest", request.raw)["resetOptions"]
    asked = {bit for bit in range(7) if has_bit(options, bit)}
    if device.rules["ecall-blocks"](device.state, "EuiccMemoryReset"):
        return _answer({"resetResult": ECALL_ACTIVE})
    doomed = tuple(p for p in device.state.profiles if device.rules["reset-deletes"](asked, p))
    switched = any(profile.enabled for profile in doomed)
    if switched and device.rules["cat-is-busy"](device):
        return _answer({"resetResult": CAT_BUSY})
    state, deleted = _without(device, device.state, doomed), bool(doomed)
    if DEFAULT_ADDRESS in asked and state.default_smdp_address != device.config.default_smdp_address:
        state, deleted = device.rules["default-address-reset"](device.config, state), True
    results: dict[str, Any] = {"resetResult": device.rules["reset-result"](deleted)}
    if EIM_CONFIGURATION in asked:
        state, results["resetEimResult"] = device.rules["eims-reset"](device, state)
    if IMMEDIATE_CONFIGURATION in asked:
        state, code = device.rules["immediate-enable-reset"](device.config, state)
        results["resetImmediateEnableConfigResult"] = code
    return _answer(device.rules["reset-told"](results), state, switched)


def deletes(asked: set[int], profile: Profile) -> bool:
    """Whether one of the bits means this profile."""
    return any(bit in asked and means(profile) for bit, means in GROUPS.items())


def result_of(deleted: bool) -> int:
    """resetResult: a reset that found nothing says so."""
    return OK if deleted else NOTHING_TO_DELETE


def default_address_reset(config: CardConfig, state: CardState) -> CardState:
    """The state with the default SM-DP+ address that the card was made with."""
    return replace(state, default_smdp_address=config.default_smdp_address)


def eims_reset(device: Device, state: CardState) -> tuple[CardState, int]:
    """The state without any eIM, and the result code."""
    if not device.config.eim_reset_supported:
        return state, EIM_RESET_NOT_SUPPORTED
    if not state.eims:
        return state, NOTHING_TO_DELETE
    return replace(state, eims=(), rollback=None), OK


def immediate_enable_reset(config: CardConfig, state: CardState) -> tuple[CardState, int]:
    """The state in which immediate enabling is as the card was made, and the result code."""
    if not config.immediate_enable_supported:
        return state, IMMEDIATE_RESET_NOT_SUPPORTED
    return replace(state, immediate=ImmediateEnable()), OK


def told(results: dict[str, Any]) -> dict[str, Any]:
    """The result fields of the answer: those that were come to, and no others."""
    return results


def _without(device: Device, state: CardState, doomed: tuple[Profile, ...]) -> CardState:
    for profile in doomed:
        state = device.rules["deleted"](state, profile)
        if state.return_iccid == profile.iccid:
            state = replace(state, return_iccid=None)
        state = notifications.with_notifications(device, state, profile, Event.DELETE)
    return replace(state, rollback=None) if doomed else state


def _answer(results: dict[str, Any], state: CardState | None = None, switched: bool = False) -> Answer:
    return Answer(encode("EuiccMemoryResetResponse", results), state, switched)
