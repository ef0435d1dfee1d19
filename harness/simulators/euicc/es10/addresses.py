"""Server addresses: GetEuiccConfiguredAddresses (SGP.22 §5.7.3), SetDefaultDpAddress (SGP.32 v1.2 §5.9.25)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.codec import DecodeError, decode, encode
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.state import CardState

OK = 0
UNDEFINED_ERROR = 127
_LONGEST_ADDRESS = 255


def get_configured_addresses(device: Device, request: Tlv) -> Answer:
    """BF3C: the default SM-DP+, absent where none is set, and the root SM-DS."""
    decode("EuiccConfiguredAddressesRequest", request.raw)
    return Answer(encode("EuiccConfiguredAddressesResponse", device.rules["configured-addresses"](device)))


def configured_addresses(device: Device) -> dict[str, Any]:
    """The value of EuiccConfiguredAddressesResponse."""
    value = {"rootDsAddress": device.config.root_smds_address}
    if device.state.default_smdp_address:
        value["defaultDpAddress"] = device.state.default_smdp_address
    return value


def set_default_dp_address(device: Device, request: Tlv) -> Answer:
    """BF65: keeps the address; an empty one clears it."""
    result, state = device.rules["default-address-set"](device.state, request)
    return Answer(encode("SetDefaultDpAddressResponse", {"setDefaultDpAddressResult": result}), state)


def default_address_set(state: CardState, request: Tlv) -> tuple[int, CardState]:
    """Result code and next state. What is no UTF-8 text, or too long to be a host name, is undefinedError."""
    try:
        address = decode("SetDefaultDpAddressRequest", request.raw)["defaultDpAddress"]
    except DecodeError:
        return UNDEFINED_ERROR, state
    if len(address.encode()) > _LONGEST_ADDRESS:
        return UNDEFINED_ERROR, state
    return OK, replace(state, default_smdp_address=address)
