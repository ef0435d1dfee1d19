"""The bearer independent protocol: channels that a module opens for its card (TS 102 223 §6.4.27 to §6.4.31).

Rules of this room:
- Channels lead where the module's own sockets do, and over the network met.
- What a channel received waits in it until the card asks; no event tells the card of it, and none is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from harness.codec import tlv
from harness.simulators.module.modem import Modem
from harness.simulators.module.peers import TCP, UDP, NoPeer, PeerSocket

OPEN_CHANNEL, CLOSE_CHANNEL, RECEIVE_DATA, SEND_DATA, GET_CHANNEL_STATUS = 0x40, 0x41, 0x42, 0x43, 0x44
COMMANDS = frozenset({OPEN_CHANNEL, CLOSE_CHANNEL, RECEIVE_DATA, SEND_DATA, GET_CHANNEL_STATUS})
CHANNELS, LARGEST_BUFFER = 2, 1400
_PERFORMED, _WITH_MODIFICATION, _UNABLE = b"\x00", b"\x07", b"\x20\x00"
_NO_CHANNEL, _CLOSED, _NO_SUCH_CHANNEL, _NO_TRANSPORT = b"\x3a\x01", b"\x3a\x02", b"\x3a\x03", b"\x3a\x06"
_UNREACHABLE = b"\x3a\x07"
_TRANSPORTS = {0x01: UDP, 0x02: TCP}
"""UICC in client mode, remote connection (§8.59)."""
_IPV4 = 0x21
_DEVICES, _BEARER, _DATA, _LENGTH, _STATUS, _BUFFER, _LEVEL, _ADDRESS = 0x02, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3C, 0x3E
_FIRST_CHANNEL, _MORE_THAN_TOLD = 0x21, 0xFF
_ESTABLISHED = 0x80
_WAITS = 0.2
"""Seconds that RECEIVE DATA gives data to come."""

Answer = tuple[bytes, bytes]
"""The value of the result, and what else the TERMINAL RESPONSE has."""


def profile(claims: Mapping[int, int]) -> bytes:
    """A TERMINAL PROFILE command of 17 octets (TS 102 223 §5.2); `claims` are octets by their number, from 1."""
    return bytes.fromhex("8010000011") + bytes(claims.get(number, 0) for number in range(1, 18))


CLAIMS: Mapping[int, int] = {
    1: 0x03,
    3: 0xE8,
    5: 0x01,
    12: 0x1F,
    13: CHANNELS << 5 | 0x02,
    17: 0x43,
}
"""As a terminal without channels claims, and: the five commands for channels; two channels, over GPRS; TCP and UDP with the
UICC as client, over E-UTRAN."""


@dataclass(slots=True)
class Channel:
    """An open channel."""

    peer: PeerSocket
    buffer: int


class Channels:
    """The channels of one module, by their number from 1."""

    def __init__(self, modem: Modem) -> None:
        self.modem = modem
        self.open: dict[int, Channel] = {}

    def close_all(self) -> None:
        """The card was reset, or the module lost its power."""
        for channel in self.open.values():
            channel.peer.close()
        self.open.clear()

    def perform(self, kind: int, command: tlv.Tlv) -> Answer:
        """Does one of COMMANDS."""
        fields = {child.tag & 0x7F: child.value for child in command.children}
        if kind == OPEN_CHANNEL:
            return self.modem.rules["bip-open"](self, fields)  # type: ignore[no-any-return]
        if kind == GET_CHANNEL_STATUS:
            return _PERFORMED, b"".join(_status(number) for number in self.open) or _status(0)
        number = fields.get(_DEVICES, b"\0\0")[-1] - _FIRST_CHANNEL + 1
        if number not in self.open:
            return _NO_SUCH_CHANNEL, b""
        if kind == CLOSE_CHANNEL:
            return self.modem.rules["bip-close"](self, number)  # type: ignore[no-any-return]
        try:
            if kind == SEND_DATA:
                return self.modem.rules["bip-send"](self, number, fields.get(_DATA, b""))  # type: ignore[no-any-return]
            return self._received(self.open[number], fields.get(_LENGTH, b"\0")[0])
        except NoPeer:
            return _CLOSED, b""

    def _received(self, channel: Channel, most: int) -> Answer:
        octets = channel.peer.receive(most, _WAITS)
        left = min(channel.peer.waiting, _MORE_THAN_TOLD)
        return _PERFORMED, tlv.build(0x80 | _DATA, octets) + tlv.build(0x80 | _LENGTH, bytes([left]))


def opened(channels: Channels, fields: Mapping[int, bytes]) -> Answer:
    """OPEN CHANNEL over a packet service: the bearer comes up, and the channel is connected (§6.4.27)."""
    told = b"".join(tlv.build(0x80 | tag, fields[tag]) for tag in (_BEARER,) if tag in fields)
    wanted = int.from_bytes(fields.get(_BUFFER, b""), "big")
    buffer = min(wanted, LARGEST_BUFFER)
    told += tlv.build(0x80 | _BUFFER, buffer.to_bytes(2, "big"))
    level, address = fields.get(_LEVEL, b""), fields.get(_ADDRESS, b"")
    transport = _TRANSPORTS.get(level[0]) if len(level) == 3 else None
    if transport is None or address[:1] != bytes([_IPV4]) or len(address) != 5:
        return _NO_TRANSPORT, told
    number = next((one for one in range(1, CHANNELS + 1) if one not in channels.open), None)
    if number is None:
        return _NO_CHANNEL, told
    if not channels.modem.has_data_path():
        return _UNABLE, told
    try:
        peer = channels.modem.peer_at(str(IPv4Address(address[1:])), int.from_bytes(level[1:], "big"), transport)
    except NoPeer:
        return _UNREACHABLE, told
    channels.open[number] = Channel(peer, buffer)
    return _PERFORMED if buffer == wanted else _WITH_MODIFICATION, _status(number) + told


def closed(channels: Channels, number: int) -> Answer:
    """CLOSE CHANNEL (§6.4.28)."""
    channels.open.pop(number).peer.close()
    return _PERFORMED, b""


def sent(channels: Channels, number: int, octets: bytes) -> Answer:
    """SEND DATA, immediately (§6.4.30); how much room there is after it. Raises NoPeer."""
    channel = channels.open[number]
    channel.peer.send(octets)
    return _PERFORMED, tlv.build(0x80 | _LENGTH, bytes([min(channel.buffer, _MORE_THAN_TOLD)]))


def _status(number: int) -> bytes:
    return tlv.build(0x80 | _STATUS, bytes([_ESTABLISHED | number if number else 0, 0]))
