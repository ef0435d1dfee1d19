"""How ES10 travels: STORE DATA chains in, GET RESPONSE out (SGP.22 §5.7.2, GlobalPlatform STORE DATA).

Rules of this room:
- Each logical channel has its own chain and its own answer to fetch.
- A block that is not the next one ends its chain with an error; the channel is then ready for a new chain.
"""

from __future__ import annotations

from harness.simulators.euicc import apdu, es10
from harness.simulators.euicc.apdu import Command, Refused, Reply
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.session import Channel

MORE_BLOCKS = 0x11
LAST_BLOCK = 0x91


def store_data(device: Device, command: Command) -> Reply:
    """One block of an ES10 command; the last one executes it."""
    channel = device.session.channels[command.channel]
    if not channel.isdr_selected or not command.is_proprietary:
        raise Refused(apdu.UNKNOWN_INS)
    if device.session.refuses_es10 or not device.rules["terminal-is-ready"](device):
        raise Refused(apdu.CONDITIONS_NOT_SATISFIED)
    whole = device.rules["store-data-chain"](device.config, channel, command)
    if whole is None:
        return Reply()
    return answer(device, channel, command, es10.execute(device, whole))


def chained(config: CardConfig, channel: Channel, command: Command) -> bytes | None:
    """Takes one block in; the whole command once the last block is there. Raises Refused, the chain being dropped."""
    try:
        if command.p1 not in (MORE_BLOCKS, LAST_BLOCK):
            raise Refused(apdu.WRONG_P1_P2)
        if command.p2 != channel.next_block & 0xFF:
            raise Refused(apdu.WRONG_P1_P2)
        if len(channel.chain) + len(command.data) > config.max_command_size:
            raise Refused(apdu.NOT_ENOUGH_MEMORY)
    except Refused:
        channel.drop_chain()
        raise
    channel.chain += command.data
    channel.next_block += 1
    if command.p1 == MORE_BLOCKS:
        return None
    whole = bytes(channel.chain)
    channel.drop_chain()
    return whole


def answer(device: Device, channel: Channel, command: Command, data: bytes) -> Reply:
    """Sends data as far as the command asks for it, and keeps the rest for GET RESPONSE."""
    channel.response = device.rules["long-response"](data)
    if command.le is None:
        return Reply(b"", _status(channel))
    return _next_part(channel, command.le)


def get_response(device: Device, command: Command) -> Reply:
    """The next part of an answer (TS 102 221 §12.1.1). 6Cxx where more is asked for than there is."""
    channel = device.session.channels[command.channel]
    if not channel.response:
        raise Refused(apdu.CONDITIONS_NOT_SATISFIED)
    wanted = command.le or 256
    if len(channel.response) < wanted < 256:
        raise Refused(apdu.WRONG_LE | len(channel.response))
    return _next_part(channel, wanted)


def unshortened(data: bytes) -> bytes:
    """All of an answer is sent, however long it is."""
    return data


def _next_part(channel: Channel, count: int) -> Reply:
    part, channel.response = channel.response[:count], channel.response[count:]
    return Reply(part, _status(channel))


def _status(channel: Channel) -> int:
    left = len(channel.response)
    return apdu.MORE_DATA | min(left, 256) & 0xFF if left else apdu.OK
