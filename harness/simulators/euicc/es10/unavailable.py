"""Functions that this card knows and does not offer: each answers with the code that says so.

Emergency profile (SGP.32 v1.2 §5.9.22, §5.9.23).
"""

from __future__ import annotations

from harness.codec import decode, encode
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Answer, Device

ECALL_NOT_AVAILABLE = 8
NOT_IN_ENABLED_STATE = 2


def enable_emergency_profile(_device: Device, request: Tlv) -> Answer:
    """BF5B."""
    decode("EnableEmergencyProfileRequest", request.raw)
    return Answer(encode("EnableEmergencyProfileResponse", {"enableEmergencyProfileResult": ECALL_NOT_AVAILABLE}))


def disable_emergency_profile(_device: Device, request: Tlv) -> Answer:
    """BF5C."""
    decode("DisableEmergencyProfileRequest", request.raw)
    return Answer(encode("DisableEmergencyProfileResponse", {"disableEmergencyProfileResult": NOT_IN_ENABLED_STATE}))
