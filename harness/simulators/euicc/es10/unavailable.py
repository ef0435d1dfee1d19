"""Functions that this card knows and does not offer: each answers with the code that says so.

Emergency profile (SGP.32 v1.2 §5.9.22, §5.9.23), connectivity parameters (§5.9.24), an IPA in the eUICC.
"""

from __future__ import annotations

from harness.codec import decode, encode
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Answer, Device

ECALL_NOT_AVAILABLE = 8
NOT_IN_ENABLED_STATE = 2
PARAMETERS_NOT_AVAILABLE = 1
IPAE_OK, IPAE_NOT_SUPPORTED = 0, 1


def enable_emergency_profile(_device: Device, request: Tlv) -> Answer:
    """BF5B."""
    decode("EnableEmergencyProfileRequest", request.raw)
    return Answer(encode("EnableEmergencyProfileResponse", {"enableEmergencyProfileResult": ECALL_NOT_AVAILABLE}))


def disable_emergency_profile(_device: Device, request: Tlv) -> Answer:
    """BF5C."""
    decode("DisableEmergencyProfileRequest", request.raw)
    return Answer(encode("DisableEmergencyProfileResponse", {"disableEmergencyProfileResult": NOT_IN_ENABLED_STATE}))


def get_connectivity_parameters(_device: Device, request: Tlv) -> Answer:
    """BF5F."""
    decode("GetConnectivityParametersRequest", request.raw)
    value = ("connectivityParametersError", PARAMETERS_NOT_AVAILABLE)
    return Answer(encode("GetConnectivityParametersResponse", value))


def ipae_activation(device: Device, request: Tlv) -> Answer:
    """BF42."""
    decode("IpaeActivationRequest", request.raw)
    code = IPAE_OK if device.config.ipae_supported else IPAE_NOT_SUPPORTED
    return Answer(encode("IpaeActivationResponse", {"ipaeActivationResult": code}))
