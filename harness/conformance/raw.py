"""Raw APDUs for cases that look below ES10: channels, chains and status words as the card shows them.

Only for links that carry any APDU (memory, PC/SC, AT+CSIM). Nothing is retried and nothing is hidden here.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.conformance.euicc import EuiccUnderTest
from harness.errors import MalformedAnswer
from harness.roles.es10.channel import MOST_PARTS

ISD_R = bytes.fromhex("A0000005591010FFFFFFFF8900000100")
RAW_LINKS = ("memory", "pcsc", "at-csim")
"""The links that carry a raw APDU as it is."""


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """Response data, joined over GET RESPONSE, and the last status word."""

    data: bytes
    sw: int
    parts: tuple[int, ...] = ()
    """How many octets each response brought, in order."""


def exchange(euicc: EuiccUnderTest, command: bytes) -> RawAnswer:
    """One command and the GET RESPONSEs that its 61xx asks for, on the channel of its class octet."""
    answer = euicc.transmit(command)
    data, sw = answer[:-2], int.from_bytes(answer[-2:], "big")
    parts = [len(data)]
    while sw >> 8 == 0x61:
        answer = euicc.transmit(bytes([command[0] & 0x03, 0xC0, 0x00, 0x00, sw & 0xFF]))
        if len(answer) <= 2 and answer[:1] == b"\x61":
            raise MalformedAnswer(f"GET RESPONSE brought nothing and asked for more: {answer.hex().upper()}")
        data, sw = data + answer[:-2], int.from_bytes(answer[-2:], "big")
        parts.append(len(answer) - 2)
        if len(parts) > MOST_PARTS:
            raise MalformedAnswer(f"an answer in more than {MOST_PARTS} parts")
    return RawAnswer(data, sw, tuple(parts))


def open_channel(euicc: EuiccUnderTest) -> int:
    """MANAGE CHANNEL open (TS 102 221 §11.1.17); the number of the new channel. Raises MalformedAnswer."""
    answer = exchange(euicc, bytes.fromhex("0070000001"))
    if answer.sw != 0x9000 or len(answer.data) != 1:
        raise MalformedAnswer(f"MANAGE CHANNEL answered {answer.data.hex().upper()} {answer.sw:04X}")
    return answer.data[0]


def close_channel(euicc: EuiccUnderTest, channel: int) -> int:
    """MANAGE CHANNEL close; the status word."""
    return exchange(euicc, bytes([0x00, 0x70, 0x80, channel])).sw


def select(euicc: EuiccUnderTest, channel: int, aid: bytes = ISD_R) -> RawAnswer:
    """SELECT by AID on a logical channel."""
    return exchange(euicc, bytes([channel, 0xA4, 0x04, 0x00, len(aid)]) + aid + b"\x00")


def store_data(euicc: EuiccUnderTest, channel: int, block: bytes, *, number: int = 0, last: bool = True) -> RawAnswer:
    """One STORE DATA block (SGP.22 §5.7.2): P1 91 for the last, 11 for one that is followed; P2 the block number."""
    header = bytes([0x80 | channel, 0xE2, 0x91 if last else 0x11, number, len(block)])
    return exchange(euicc, header + block)
