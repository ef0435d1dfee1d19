"""Immediate enabling of a freshly installed profile (SGP.32 v1.2 §3.4.4, §3.4.5, §5.9.15, §5.9.17)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import decode, encode
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.download import Installed
from harness.simulators.euicc.es10.switching import switched_and_told
from harness.simulators.euicc.state import CardState, ImmediateEnable

OK = 0
NOT_AVAILABLE = 1
ASSOCIATED_EIM_ALREADY_EXISTS = 2
NO_SESSION_CONTEXT = 4
CAT_BUSY = 5
UNDEFINED_ERROR = 127


def configure(device: Device, request: Tlv) -> Answer:
    """BF59: the IPA's way to configure it, open only while no eIM is associated."""
    wanted = decode("ConfigureImmediateProfileEnablingRequest", request.raw)
    if not device.config.immediate_enable_supported:
        return _configured(UNDEFINED_ERROR)
    if not device.rules["immediate-enable-is-open"](device.state):
        return _configured(ASSOCIATED_EIM_ALREADY_EXISTS)
    return _configured(OK, replace(device.state, immediate=configured(wanted)))


def is_open(state: CardState) -> bool:
    """The IPA decides only as long as no eIM does."""
    return not state.eims


def configured(wanted: dict[str, Any]) -> ImmediateEnable:
    """The configuration that a command's fields stand for: what is absent is cleared."""
    return ImmediateEnable(
        allowed="immediateEnableFlag" in wanted,
        smdp_oid=wanted.get("defaultSmdpOid"),
        smdp_address=wanted.get("defaultSmdpAddress"),
    )


def enable(device: Device, request: Tlv) -> Answer:
    """BF5A: enables the profile that was just installed from the configured SM-DP+."""
    refresh = decode("ImmediateEnableRequest", request.raw)["refreshFlag"]
    code, installed = _obstacle(device)
    if code != OK or installed is None:
        return Answer(encode("ImmediateEnableResponse", {"immediateEnableResult": code}))
    state = switched_and_told(device, installed.iccid)
    switches = device.rules["refresh-asked-for"]("ImmediateEnable", refresh)
    return Answer(encode("ImmediateEnableResponse", {"immediateEnableResult": OK}), state, switches)


def _obstacle(device: Device) -> tuple[int, Installed | None]:
    if device.rules["ecall-blocks"](device.state, "ImmediateEnable"):
        return UNDEFINED_ERROR, None
    allowed, installed = device.state.immediate, device.rules["immediate-enable-session"](device)
    if not device.rules["immediate-enable-allowed"](allowed):
        return NOT_AVAILABLE, None
    if installed is None:
        return NO_SESSION_CONTEXT, None
    if not device.rules["immediate-enable-server"](allowed, installed):
        return NOT_AVAILABLE, None
    current, profile = device.state.enabled, device.state.profile(installed.iccid)
    if profile is None or profile.enabled or (current is not None and not device.rules["may-be-disabled"](current)):
        return NOT_AVAILABLE, None
    if device.rules["cat-is-busy"](device):
        return CAT_BUSY, None
    return OK, installed


def session(device: Device) -> Installed | None:
    """The installation that may be followed by an immediate enable: the last one since the reset."""
    return device.session.installed


def is_allowed(configuration: ImmediateEnable) -> bool:
    """Nothing is enabled at once unless somebody allowed it."""
    return configuration.allowed


def server_is_named(configuration: ImmediateEnable, installed: Installed) -> bool:
    """The profile came from the SM-DP+ that the configuration names, as far as it names one."""
    return configuration.smdp_oid in (None, installed.server_oid) and (
        configuration.smdp_address in (None, installed.server_address)
    )


def _configured(code: int, state: CardState | None = None) -> Answer:
    return Answer(encode("ConfigureImmediateProfileEnablingResponse", {"configImmediateEnableResult": code}), state)
