"""Waking an IPA in the eUICC (SGP.32 v1.2, IpaeActivation)."""

from __future__ import annotations

from harness.codec import decode, encode
from harness.codec.tlv import Tlv
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Answer, Device

OK, NOT_SUPPORTED = 0, 1


def ipae_activation(device: Device, request: Tlv) -> Answer:
    """BF42: whether it acts at all is decided at the next TERMINAL CAPABILITY, by what the terminal has."""
    decode("IpaeActivationRequest", request.raw)
    code = device.rules["ipae-activation-result"](device.config)
    return Answer(encode("IpaeActivationResponse", {"ipaeActivationResult": code}))


def activation_result(config: CardConfig) -> int:
    """Only a card that has an IPA can wake it."""
    return OK if config.ipae_supported else NOT_SUPPORTED
