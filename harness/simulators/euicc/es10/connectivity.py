"""Connectivity parameters for an IPA (SGP.32 v1.2 §5.9.24)."""

from __future__ import annotations

from harness.codec import decode, encode
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Answer, Device

PARAMETERS_NOT_AVAILABLE = 1


def get_connectivity_parameters(device: Device, request: Tlv) -> Answer:
    """BF5F."""
    decode("GetConnectivityParametersRequest", request.raw)
    parameters = device.rules["connectivity-parameters"](device)
    if parameters is None:
        value = ("connectivityParametersError", PARAMETERS_NOT_AVAILABLE)
        return Answer(encode("GetConnectivityParametersResponse", value))
    return Answer(encode("GetConnectivityParametersResponse", ("connectivityParameters", {"httpParams": parameters})))


def connectivity_parameters(device: Device) -> bytes | None:
    """What the operator of the enabled profile provided; None where no profile is enabled, or nothing was provided."""
    return (device.config.http_parameters or None) if device.state.enabled is not None else None
