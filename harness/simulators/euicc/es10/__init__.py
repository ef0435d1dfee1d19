"""The ES10 functions: which tag calls which, and what happens before and after each.

Rules of this room:
- One function per file or family of small ones, reached through FUNCTIONS and the card's rule table; a defect replaces the
  entry of one function or of one rule inside it.
- A function returns an Answer. It commits nothing; the card does, here, in one step, before the answer leaves.
- A command that cannot be decoded is refused with 6A80, one that is not known with 6A88 (SGP.22 §5.7.2); where a function
  has its own error code for bad input, it answers with that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from harness.codec import DecodeError, tlv
from harness.simulators.euicc import apdu
from harness.simulators.euicc.apdu import Refused
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.es10 import installation
from harness.simulators.euicc.versions import version_of

FUNCTIONS: Mapping[int, str] = {
    0xBF20: "GetEuiccInfo1",
    0xBF21: "PrepareDownload",
    0xBF22: "GetEuiccInfo2",
    0xBF28: "ListNotification",
    0xBF2B: "RetrieveNotificationsList",
    0xBF2D: "GetProfilesInfo",
    0xBF2E: "GetEuiccChallenge",
    0xBF30: "RemoveNotificationFromList",
    0xBF38: "AuthenticateServer",
    0xBF3C: "GetEuiccConfiguredAddresses",
    0xBF3E: "GetEID",
    0xBF41: "CancelSession",
    0xBF42: "IpaeActivation",
    0xBF43: "GetRAT",
    0xBF51: "LoadEuiccPackage",
    0xBF55: "GetEimConfigurationData",
    0xBF56: "GetCerts",
    0xBF57: "AddInitialEim",
    0xBF58: "ProfileRollback",
    0xBF59: "ConfigureImmediateProfileEnabling",
    0xBF5A: "ImmediateEnable",
    0xBF5B: "EnableEmergencyProfile",
    0xBF5C: "DisableEmergencyProfile",
    0xBF5D: "ExecuteFallbackMechanism",
    0xBF5E: "ReturnFromFallback",
    0xBF5F: "GetConnectivityParameters",
    0xBF64: "EuiccMemoryReset",
    0xBF65: "SetDefaultDpAddress",
}


def execute(device: Device, octets: bytes) -> bytes:
    """Executes one whole command and commits what it came to; its answer. Raises Refused."""
    try:
        answer = _answer(device, octets)
    except DecodeError:
        raise Refused(apdu.WRONG_DATA) from None
    if answer.state is not None and answer.state != device.state:
        device.commit(answer.state)
    if answer.switched:
        device.rules["after-switch"](device)
    return answer.response


def _answer(device: Device, octets: bytes) -> Answer:
    if installation.is_part(octets):
        return device.rules["LoadBoundProfilePackage"](device, octets)  # type: ignore[no-any-return]
    asked, version = tlv.parse(octets), version_of(device.config)
    request = version.request(asked)
    name = None if request is None else FUNCTIONS.get(request.tag)
    if name is None:
        return device.rules["unknown-function"](device, asked)  # type: ignore[no-any-return]
    answer: Answer = device.rules[name](device, request)
    return replace(answer, response=version.answer(asked.tag, answer.response))


def unknown(_device: Device, _request: tlv.Tlv) -> Answer:
    """What is no function of ES10b for an IPA. Raises Refused."""
    raise Refused(apdu.DATA_NOT_FOUND)
