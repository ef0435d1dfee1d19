"""Raw APDUs for cases that look below ES10: channels, chains and status words as the card shows them.

Rules of this room:
- Nothing is retried and nothing is hidden: a case sees every status word, and how many parts an answer came in.
- Where a modem opens channels by itself (+CCHO), MANAGE CHANNEL and SELECT are not to be seen; what follows them is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.conformance.devices.euicc import EuiccUnderTest
from harness.errors import MalformedAnswer
from harness.links.apdu import NO_LOGICAL_CHANNELS, class_byte
from harness.roles.es10.ports import ISD_R, ChannelPort
from harness.roles.es10.status import is_success, split

MOST_PARTS = 1024
"""A card that offers more parts than this of one answer never ends."""
_MORE_DATA, _WRONG_LE = 0x61, 0x6C
_PROPRIETARY = 0x80
_HIGHEST_CHANNEL = 19


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """Response data, joined over GET RESPONSE, and the last status word."""

    data: bytes
    sw: int
    parts: tuple[int, ...] = ()
    """How many octets each response brought, in order."""

    @property
    def is_success(self) -> bool:
        """9000, or 91xx: done, and a proactive command waits."""
        return is_success(self.sw)


class RawChannel:
    """A channel that a case drives APDU by APDU; commands are given with the class octet of the basic channel."""

    def __init__(self, send: Callable[[bytes], bytes], close: Callable[[], object]) -> None:
        self._send = send
        self._close = close

    def once(self, command: bytes) -> RawAnswer:
        """One command and the one response to it, whatever it promises."""
        data, sw = split(self._send(command))
        return RawAnswer(data, sw, (len(data),))

    def exchange(self, command: bytes) -> RawAnswer:
        """One command and the GET RESPONSEs that its 61xx asks for; again with the length that a 6Cxx names."""
        answer = self.once(command)
        if answer.sw >> 8 == _WRONG_LE:
            header_only = len(command) <= 5
            answer = self.once((command[:4] if header_only else command) + bytes([answer.sw & 0xFF]))
        while answer.sw >> 8 == _MORE_DATA:
            following = self.once(bytes([command[0] & _PROPRIETARY, 0xC0, 0x00, 0x00, answer.sw & 0xFF]))
            if not following.data and following.sw >> 8 == _MORE_DATA:
                raise MalformedAnswer("GET RESPONSE brought nothing and asked for more")
            parts = answer.parts + following.parts
            if len(parts) > MOST_PARTS:
                raise MalformedAnswer(f"an answer in more than {MOST_PARTS} parts")
            answer = RawAnswer(answer.data + following.data, following.sw, parts)
        return answer

    def select(self, aid: bytes = ISD_R) -> RawAnswer:
        """SELECT by AID."""
        return self.exchange(bytes([0x00, 0xA4, 0x04, 0x00, len(aid)]) + aid + b"\x00")

    def store_data(self, block: bytes, *, number: int = 0, last: bool = True) -> RawAnswer:
        """One STORE DATA block (SGP.22 §5.7.2): P1 91 for the last, 11 for one that is followed; P2 the block number."""
        return self.exchange(store_data_block(block, number=number, last=last))

    def close(self) -> None:
        """Gives the channel back, as far as it is one of its own."""
        self._close()


def store_data_block(block: bytes, *, number: int = 0, last: bool = True) -> bytes:
    """The STORE DATA command for one block, with the class octet of the basic channel."""
    return bytes([_PROPRIETARY, 0xE2, 0x91 if last else 0x11, number, len(block)]) + block


def open_channel(euicc: EuiccUnderTest) -> RawChannel:
    """MANAGE CHANNEL open (TS 102 221 §11.1.17); nothing is selected yet. Raises MalformedAnswer.

    A card that knows no further channels is used on the basic one. A card may know one only: ES10's own is closed first.
    """
    euicc.close()
    basic = RawChannel(euicc.transmit, lambda: None)
    answer = basic.exchange(bytes.fromhex("0070000001"))
    if answer.sw in NO_LOGICAL_CHANNELS:
        return basic
    if not answer.is_success or len(answer.data) != 1 or not 1 <= answer.data[0] <= _HIGHEST_CHANNEL:
        raise MalformedAnswer(f"MANAGE CHANNEL answered {answer.data.hex().upper()} {answer.sw:04X}")
    number = answer.data[0]
    return RawChannel(
        lambda command: euicc.transmit(bytes([class_byte(command[0], number)]) + command[1:]),
        lambda: basic.exchange(bytes([0x00, 0x70, 0x80, number])),
    )


def open_isdr(euicc: EuiccUnderTest) -> RawChannel:
    """A channel on which the ISD-R is selected, by APDUs or by the modem's own means. Raises what the card raises."""
    euicc.close()
    if isinstance(euicc.port, ChannelPort):
        lent = euicc.port.open_channel(ISD_R)
        return RawChannel(lent.transmit, lent.close)
    channel = open_channel(euicc)
    answer = channel.select()
    if not answer.is_success:
        raise MalformedAnswer(f"SELECT ISD-R answered {answer.sw:04X}")
    return channel
