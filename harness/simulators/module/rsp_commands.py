"""Commands about the eUICC (27.007 §20, from Release 19 on).

Rules of this room:
- What the commands are for is public, their exact syntax is not known here: the forms below are those that the rest of
  27.007 suggests, and a host must not take them for the standard's.
- Profiles of an IoT eUICC are managed by eIMs alone: what an LPA would do at a host's word is refused.
"""

from __future__ import annotations

from harness.codec.digits import unswapped
from harness.roles.es10 import Es10
from harness.simulators.module.grammar import (
    EXECUTE,
    INCORRECT_PARAMETERS,
    OPERATION_NOT_ALLOWED,
    OPERATION_NOT_SUPPORTED,
    READ,
    SET,
    TEST,
    AtCommand,
    AtError,
)
from harness.simulators.module.modem import Modem

_LONGEST_ADDRESS = 128
_OK = 0


def euicc_identifier(modem: Modem, command: AtCommand) -> list[str]:
    """+CGEUICCID: the 32 digits."""
    if command.form == TEST:
        return []
    if command.form not in (EXECUTE, READ):
        raise AtError(INCORRECT_PARAMETERS)
    es10 = Es10(modem.sim)
    eid = es10.get_eid()
    es10.close()
    return [eid.hex()]


def default_smdp_address(modem: Modem, command: AtCommand) -> list[str]:
    """+CEUICCSMDPA: reads or sets the default SM-DP+ address of the card."""
    if command.form == TEST:
        return []
    es10 = Es10(modem.sim)
    if command.form == SET:
        address = command.parameters[0]
        if len(address) > _LONGEST_ADDRESS:
            raise AtError(INCORRECT_PARAMETERS)
        if es10.set_default_dp_address(address) != _OK:
            raise AtError(OPERATION_NOT_ALLOWED)
    address = es10.get_configured_addresses().default_dp_address or ""
    es10.close()
    return [] if command.form == SET else [f'+CEUICCSMDPA: "{address}"']


def profile_metadata(modem: Modem, command: AtCommand) -> list[str]:
    """+CEUICCPMETAI: the profiles, each with its ICCID, its state and its names. Nicknames are an LPA's affair."""
    if command.form == TEST:
        return []
    if command.form == SET:
        raise AtError(OPERATION_NOT_SUPPORTED)
    es10 = Es10(modem.sim)
    profiles = es10.get_profiles_info()
    es10.close()
    return [
        f'+CEUICCPMETAI: "{unswapped(profile.iccid or b"")}",{int(profile.is_enabled)},'
        f'"{profile.service_provider_name or ""}","{profile.name or ""}"'
        for profile in profiles
    ]


def pending_notifications(modem: Modem, command: AtCommand) -> list[str]:
    """+CEUICCPNM: the notifications that wait; sending and removing them is the IPA's affair."""
    if command.form == TEST:
        return []
    if command.form == SET:
        raise AtError(OPERATION_NOT_SUPPORTED)
    es10 = Es10(modem.sim)
    waiting = es10.list_notifications()
    es10.close()
    return [f'+CEUICCPNM: {one.sequence_number},"{one.address}"' for one in waiting]


def left_to_the_eim(modem: Modem, command: AtCommand) -> list[str]:
    """+CEUICCPD, +CEUICCPM, +CEUICCMEMRESET: a host's word is not enough for them."""
    if command.form == TEST:
        return []
    raise AtError(OPERATION_NOT_SUPPORTED)
