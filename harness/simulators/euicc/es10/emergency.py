"""The emergency profile (SGP.32 v1.2 §5.9.22, §5.9.23): enabled for an emergency call, and while it is, nothing else.

Rules of this room:
- Nobody is told of it: no notification is made when it is enabled or disabled.
- It outlives a reset, and what was enabled before is enabled again when it ends.
- What eIM and IPA want meanwhile is answered with ecallActive, as far as a function has that code.
"""

from __future__ import annotations

from dataclasses import replace

from harness.codec import decode, encode
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.state import CardState, Profile
from harness.simulators.euicc.versions import version_of

OK, NOT_IN_DISABLED_STATE, NOT_IN_ENABLED_STATE, CAT_BUSY, NOT_AVAILABLE = 0, 2, 2, 5, 8
ECALL_ACTIVE = 104
_ECALL_INDICATION = 0x9F7B


def enable(device: Device, request: Tlv) -> Answer:
    """BF5B: enables the profile whose metadata say that it is for emergency calls."""
    refresh = decode("EnableEmergencyProfileRequest", request.raw)["refreshFlag"]
    code, state = device.rules["emergency-begun"](device)
    answer = encode("EnableEmergencyProfileResponse", {"enableEmergencyProfileResult": code})
    return Answer(answer, state, device.rules["refresh-asked-for"]("EnableEmergencyProfile", refresh) and code == OK)


def begun(device: Device) -> tuple[int, CardState | None]:
    """Result code and next state."""
    wanted = emergency_profile(device)
    if wanted is None:
        return NOT_AVAILABLE, None
    if wanted.enabled:
        return NOT_IN_DISABLED_STATE, None
    if device.rules["cat-is-busy"](device):
        return CAT_BUSY, None
    current = device.state.enabled
    state = _with(device.state, current, enabled=False).with_profile(replace(wanted, enabled=True))
    interrupted = None if current is None else current.iccid
    told = device.rules["emergency-told"](device, wanted, state)
    return OK, replace(told, emergency=True, interrupted_iccid=interrupted)


def disable(device: Device, request: Tlv) -> Answer:
    """BF5C: enables again what the emergency profile replaced."""
    refresh = decode("DisableEmergencyProfileRequest", request.raw)["refreshFlag"]
    code, state = device.rules["emergency-ended"](device)
    answer = encode("DisableEmergencyProfileResponse", {"disableEmergencyProfileResult": code})
    return Answer(answer, state, device.rules["refresh-asked-for"]("DisableEmergencyProfile", refresh) and code == OK)


def ended(device: Device) -> tuple[int, CardState | None]:
    """Result code and next state."""
    state = device.state
    if emergency_profile(device) is None and version_of(device.config).disable_tells_no_emergency_profile:
        return NOT_AVAILABLE, None
    if not state.emergency:
        return NOT_IN_ENABLED_STATE, None
    if device.rules["cat-is-busy"](device):
        return CAT_BUSY, None
    before = None if state.interrupted_iccid is None else state.profile(state.interrupted_iccid)
    state = _with(_with(state, state.enabled, enabled=False), before, enabled=True)
    return OK, replace(state, emergency=False, interrupted_iccid=None)


def emergency_profile(device: Device) -> Profile | None:
    """The profile for emergency calls, on a card that knows what that is."""
    if not device.config.ecall_supported:
        return None
    return next((profile for profile in device.state.profiles if _is_for_emergencies(profile)), None)


def blocks(state: CardState, _function: str) -> bool:
    """Whether an emergency keeps a function from being carried out; the function by its name in the standard."""
    return state.emergency


def told(_device: Device, _profile: Profile, state: CardState) -> CardState:
    """The state with what is told of the beginning of an emergency: nothing."""
    return state


def _is_for_emergencies(profile: Profile) -> bool:
    indication = profile.field(_ECALL_INDICATION)
    return indication is not None and indication.value != b"\x00"


def _with(state: CardState, profile: Profile | None, *, enabled: bool) -> CardState:
    return state if profile is None else state.with_profile(replace(profile, enabled=enabled))
