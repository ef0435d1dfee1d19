"""Logical channels and the selection of applications (TS 102 221 §8.7, §11.1.1, §11.1.17; SGP.22 §5.7.1)."""

from __future__ import annotations

from harness.codec import tlv
from harness.simulators.euicc import apdu, files
from harness.simulators.euicc.apdu import Command, Refused, Reply
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.es10 import info
from harness.simulators.euicc.session import Channel
from harness.simulators.euicc.state import bit_string
from harness.simulators.euicc.transport import answer
from harness.simulators.euicc.versions import version_of

ISDR_AID = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
_BY_NAME = 0x04
_NO_DATA = 0x0C
_OPEN, _CLOSE = 0x00, 0x80


def answer_to_reset(atr: bytes) -> bytes:
    """The ATR with its check octet TCK (ISO 7816-3 §8.2.5)."""
    check = 0
    for octet in atr[1:]:
        check ^= octet
    return atr + bytes([check])


def manage_channel(device: Device, command: Command) -> Reply:
    """Opens the lowest free channel, or closes one."""
    channels = device.session.channels
    if command.is_proprietary:
        raise Refused(apdu.UNKNOWN_CLA)
    if device.config.channels == 1:
        raise Refused(apdu.CHANNEL_NOT_SUPPORTED)
    if command.p1 == _OPEN:
        if command.p2 or command.le is None:
            raise Refused(apdu.WRONG_P1_P2 if command.p2 else apdu.WRONG_LENGTH)
        number = next((n for n in range(1, device.config.channels) if n not in channels), None)
        if number is None:
            raise Refused(apdu.FUNCTION_NOT_SUPPORTED)
        channels[number] = Channel()
        return Reply(bytes([number]))
    if command.p1 != _CLOSE:
        raise Refused(apdu.WRONG_P1_P2)
    number = command.p2 or command.channel
    if number == 0:
        raise Refused(apdu.WRONG_P1_P2)
    if channels.pop(number, None) is None:
        raise Refused(apdu.CHANNEL_NOT_SUPPORTED)
    return Reply()


def select(device: Device, command: Command) -> Reply:
    """SELECT by application name or by file."""
    if command.is_proprietary:
        raise Refused(apdu.UNKNOWN_CLA)
    channel = device.session.channels[command.channel]
    if command.p1 == _BY_NAME:
        found = _select_application(device, channel, command.data)
    else:
        found = files.select(device, channel, command.p1, command.data)
    channel.drop_chain()
    if command.p2 & _NO_DATA == _NO_DATA:
        return Reply()
    return answer(device, channel, command, found)


def _select_application(device: Device, channel: Channel, aid: bytes) -> bytes:
    if device.rules["aid-names-isdr"](aid):
        channel.isdr_selected, channel.path = True, b""
        return device.rules["isdr-fci"](device)  # type: ignore[no-any-return]
    found = files.select_usim(device, channel, aid)
    channel.isdr_selected = False
    return found


def is_isdr(aid: bytes) -> bool:
    """The ISD-R is selected by its whole AID."""
    return aid == ISDR_AID


def isdr_fci(device: Device) -> bytes:
    """File control information of the ISD-R with the SGP.22 template E0 and the IoT template E1."""
    return tlv.build(
        0x6F,
        tlv.build(0x84, ISDR_AID),
        tlv.build(0xA5, tlv.build(0x9F65, b"\xff")),
        tlv.build(0xE0, tlv.build(0x82, info.SVN)),
        *iot_template(device),
    )


def iot_template(device: Device) -> list[bytes]:
    """The template E1, which came with v1.1."""
    if not version_of(device.config).has_iot_template:
        return []
    return [tlv.build(0xE1, tlv.build(0x80, device.rules["euicc-configuration"](device)))]


def euicc_configuration(device: Device) -> bytes:
    """Contents of the BIT STRING euiccConfiguration: ipaeSupported(0), enabledProfile(1)."""
    facts = (device.config.ipae_supported, device.state.enabled is not None)
    return bit_string(bit for bit, holds in enumerate(facts) if holds)
