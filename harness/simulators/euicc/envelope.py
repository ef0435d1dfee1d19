"""ENVELOPE: what the terminal passes on from the network (TS 102 223 §7.1, TS 31.111 §7.1.1)."""

from __future__ import annotations

from harness.simulators.euicc import apdu
from harness.simulators.euicc.apdu import Command, Refused, Reply
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.secured_packets import taken
from harness.simulators.euicc.short_messages import part_of
from harness.simulators.euicc.transport import answer


def envelope(device: Device, command: Command) -> Reply:
    """Takes a short message for the card; the proof of receipt of the packet that it completes is the answer."""
    if not command.is_proprietary:
        raise Refused(apdu.UNKNOWN_CLA)
    if command.p1 or command.p2:
        raise Refused(apdu.WRONG_P1_P2)
    packet = device.rules["packet-joined"](device.session.short_messages, part_of(command.data))
    if packet is None:
        return Reply()
    receipt = taken(device, packet)
    return answer(device, device.session.channels[command.channel], command, receipt) if receipt else Reply()
