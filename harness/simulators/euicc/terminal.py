"""What terminal and card agree on after a reset, and how the card asks the terminal for a REFRESH.

TERMINAL CAPABILITY (TS 102 221 §11.1.19, with tag 84 of SGP.32 for an IPAd), TERMINAL PROFILE, FETCH and TERMINAL RESPONSE
(TS 102 223 §6).
"""

from __future__ import annotations

from harness.codec import DecodeError, tlv
from harness.simulators.euicc import apdu
from harness.simulators.euicc.apdu import Command, Refused, Reply
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.session import Proactive

CAPABILITY = 0xA9
EUICC_CAPABILITY = 0x83
IOT_CAPABILITY = 0x84
IPAD = 0x01
REFRESH_QUALIFIERS = {"uicc-reset": 0x04, "profile-state-change": 0x09}


def terminal_capability(device: Device, command: Command) -> Reply:
    """Keeps what the terminal can do. Where the card latches, only the first one after a reset counts."""
    if not command.is_proprietary or command.p1 or command.p2:
        raise Refused(apdu.WRONG_P1_P2)
    try:
        template = tlv.parse(command.data)
        tags = template.children
    except DecodeError:
        raise Refused(apdu.WRONG_DATA) from None
    if template.tag != CAPABILITY or not tags:
        raise Refused(apdu.WRONG_DATA)
    if device.session.terminal_capability is None or not device.config.latches_terminal_capability:
        device.session.terminal_capability = template.raw
    return Reply()


def terminal_is_ready(device: Device) -> bool:
    """Whether ES10 may be used: a terminal that knows eUICCs (83) said so, and one of both has an IPA (84)."""
    if not device.config.needs_terminal_capability:
        return True
    has_ipa = device.config.ipae_supported or terminal_has_ipad(device)
    return has_ipa and _capability(device, EUICC_CAPABILITY) is not None


def terminal_has_ipad(device: Device) -> bool:
    """Whether the terminal declared an IPA of its own."""
    declared = _capability(device, IOT_CAPABILITY)
    return declared is not None and bool(declared[-1:]) and bool(declared[-1] & IPAD)


def _capability(device: Device, tag: int) -> bytes | None:
    kept = device.session.terminal_capability
    found = None if kept is None else tlv.parse(kept).find(tag)
    return None if found is None else found.value


def terminal_profile(device: Device, command: Command) -> Reply:
    """Keeps the terminal's profile: without one the card sends no proactive command."""
    if not command.is_proprietary or not command.data:
        raise Refused(apdu.WRONG_LENGTH)
    device.session.terminal_profile = command.data
    return Reply()


def fetch(device: Device, command: Command) -> Reply:
    """Hands out the proactive command that 91xx announced."""
    waiting = device.session.proactive
    if waiting is None or waiting.fetched or not command.is_proprietary:
        raise Refused(apdu.CONDITIONS_NOT_SATISFIED)
    if command.le is not None and command.le != 256 and command.le != len(waiting.command):
        raise Refused(apdu.WRONG_LE | len(waiting.command))
    waiting.fetched = True
    return Reply(waiting.command)


def terminal_response(device: Device, command: Command) -> Reply:
    """Ends the proactive session, whatever the terminal says: a REFRESH it could not do is done by its next reset."""
    waiting = device.session.proactive
    if waiting is None or not waiting.fetched or not command.is_proprietary:
        raise Refused(apdu.CONDITIONS_NOT_SATISFIED)
    if not command.data:
        raise Refused(apdu.WRONG_LENGTH)
    device.session.proactive = None
    device.session.terminal_answer = command.data
    return Reply()


def after_switch(device: Device) -> None:
    """The enabled profile changed: offer a REFRESH, or keep silent until a reset, as this card's habit is."""
    if device.config.after_enable == "reset":
        device.session.refuses_es10 = True
    elif device.session.terminal_profile is not None:
        device.session.proactive = Proactive(refresh_command(REFRESH_QUALIFIERS[device.config.refresh]))


def refresh_asked_for(_function: str, flag: bool) -> bool:
    """Whether an ES10 function that changes profiles is followed by a REFRESH: as its refreshFlag says."""
    return flag


def refresh_command(qualifier: int) -> bytes:
    """A REFRESH proactive command (TS 102 223 §6.6.13), number 1, from the UICC to the terminal."""
    return tlv.build(0xD0, tlv.build(0x81, bytes([0x01, 0x01, qualifier])), tlv.build(0x82, b"\x81\x82"))


def cat_is_busy(device: Device) -> bool:
    """Whether a proactive session is open, so that no profile may change its state."""
    return device.session.proactive is not None


def proactive_status(device: Device, sw: int) -> int:
    """91xx in place of 9000 while a proactive command waits to be fetched."""
    waiting = device.session.proactive
    if sw != apdu.OK or waiting is None or waiting.fetched:
        return sw
    return apdu.PROACTIVE | len(waiting.command)
