"""An applet on the module's card that asks for channels: the terminal's side of the bearer independent protocol, judged.

An IPA in the eUICC reaches its eIM by nothing else (ETSI TS 102 223 §6.4.27 to §6.4.31). Here the case is the applet's head,
and the simulated card its hand; a real card would need such an applet.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from harness.codec import DecodeError, tlv
from harness.errors import MalformedAnswer, Withheld
from harness.lab.benches.module_bench import ModuleBench
from harness.links.at_sockets import TCP, UDP
from harness.links.events import Direction, Interface, Observers

CHANNEL_TROUBLE = 0x3A
NO_CHANNEL_AVAILABLE, CHANNEL_CLOSED, NO_SUCH_CHANNEL = 0x01, 0x02, 0x03
_LAST_OF_PERFORMED = 0x0F
"""All results up to it say that the command was performed: 02 to a RECEIVE DATA that asks for more than there is."""
OPEN_CHANNEL, CLOSE_CHANNEL, RECEIVE_DATA, SEND_DATA = 0x40, 0x41, 0x42, 0x43
_FETCH, _RESPONSE, _OK = bytes.fromhex("80120000"), bytes.fromhex("80140000"), b"\x90\x00"
_IMMEDIATELY = 0x01
_CARD, _TERMINAL, _FIRST_CHANNEL = 0x81, 0x82, 0x20
_LEVELS = {UDP: 0x01, TCP: 0x02}
_IPV4, _IPV6 = 0x21, 0x57
_DEFAULT_BEARER = b"\x03"
_DETAILS, _DEVICES, _RESULT, _BEARER = 0x81, 0x82, 0x83, 0xB5
_DATA, _LENGTH, _STATUS, _BUFFER, _LEVEL, _ADDRESS = 0xB6, 0xB7, 0xB8, 0xB9, 0xBC, 0xBE
_ESTABLISHED, _CHANNEL_NUMBER = 0x80, 0x07
MOST_AT_ONCE = 200
"""Octets of data in one command: it must fit into one FETCH."""


@dataclass(frozen=True, slots=True)
class TerminalAnswer:
    """A TERMINAL RESPONSE."""

    raw: bytes
    result: int
    additional: int | None
    """The first octet of additional information; None where there is none."""
    data: bytes
    left: int | None
    """The channel data length told."""
    channel: int
    """The number of the channel whose link is established; 0 for none."""
    buffer: int | None

    @property
    def is_done(self) -> bool:
        """Whether the command was performed, as a whole or in part."""
        return self.result <= _LAST_OF_PERFORMED

    @property
    def finds_channel_closed(self) -> bool:
        """Whether the channel is no more, as where the other end closed the connection first."""
        return self.result == CHANNEL_TROUBLE and self.additional in (CHANNEL_CLOSED, NO_SUCH_CHANNEL)

    def __str__(self) -> str:
        further = "" if self.additional is None else f"{self.additional:02X}"
        return f"result {self.result:02X}{further}, {self.raw.hex().upper()}"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a TERMINAL PROFILE says of channels (TS 102 223 §5.2)."""

    raw: bytes
    commands: bool
    """OPEN CHANNEL, CLOSE CHANNEL, RECEIVE DATA and SEND DATA: all of octet 12, bits 1 to 4."""
    channels: int
    """Octet 13, bits 6 to 8."""
    tcp: bool
    """Octet 17, bit 1: the UICC as client, a remote connection."""
    udp: bool
    """Octet 17, bit 2."""

    @classmethod
    def of(cls, profile: bytes) -> Claims:
        """Those of a profile, which is as long as the terminal likes."""
        commands, bearers, levels = (profile[place : place + 1] or b"\0" for place in (11, 12, 16))
        levels_told = levels[0]
        return cls(profile, commands[0] & 0x0F == 0x0F, bearers[0] >> 5, bool(levels_told & 1), bool(levels_told & 2))


class Applet:
    """The applet of one module. Raises Withheld where its card holds none."""

    def __init__(self, bench: ModuleBench) -> None:
        if bench.simulated is None:
            raise Withheld(
                "the card of this module has no applet of ours that asks for channels",
                hint="behind a module only the card sees what its terminal does",
            )
        self._module = bench.simulated
        self._profile = b""
        self._observers = Observers([bench.observer_of("card")])

    def open(self, transport: str, address: str, port: int, *, buffer: int = 1024) -> TerminalAnswer:
        """OPEN CHANNEL over a packet service, with the default bearer."""
        place = ip_address(address)
        kind = {IPv4Address: _IPV4, IPv6Address: _IPV6}[type(place)]
        return self._ask(
            OPEN_CHANNEL,
            _IMMEDIATELY,
            _TERMINAL,
            tlv.build(_BEARER, _DEFAULT_BEARER),
            tlv.build(_BUFFER, buffer.to_bytes(2, "big")),
            tlv.build(_LEVEL, bytes([_LEVELS[transport]]) + port.to_bytes(2, "big")),
            tlv.build(_ADDRESS, bytes([kind]) + place.packed),
        )

    def send(self, channel: int, octets: bytes) -> TerminalAnswer:
        """SEND DATA, immediately; at most MOST_AT_ONCE octets."""
        return self._ask(SEND_DATA, _IMMEDIATELY, _FIRST_CHANNEL | channel, tlv.build(_DATA, octets))

    def receive(self, channel: int) -> TerminalAnswer:
        """RECEIVE DATA."""
        return self._ask(RECEIVE_DATA, 0, _FIRST_CHANNEL | channel, tlv.build(_LENGTH, bytes([MOST_AT_ONCE])))

    def received(self, channel: int, count: int, *, within: float) -> bytes:
        """So many octets, as far as they come within so many seconds and the terminal hands them out."""
        until = time.monotonic() + within
        got = b""
        while len(got) < count:
            answer = self.receive(channel)
            got += answer.data
            if not answer.is_done or time.monotonic() >= until:
                break
        return got

    def close(self, channel: int) -> TerminalAnswer:
        """CLOSE CHANNEL."""
        return self._ask(CLOSE_CHANNEL, 0, _FIRST_CHANNEL | channel)

    @property
    def claims(self) -> Claims:
        """What the terminal claimed; it is known once something was asked."""
        return Claims.of(self._profile)

    def _ask(self, kind: int, qualifier: int, to: int, *fields: bytes) -> TerminalAnswer:
        details = tlv.build(_DETAILS, bytes([0x01, kind, qualifier]))
        command = tlv.build(0xD0, details, tlv.build(_DEVICES, bytes([_CARD, to])), *fields)
        self._tell(_FETCH + bytes([len(command)]), command)
        answer, self._profile = self._module.ask(command)
        self._tell(_RESPONSE + bytes([len(answer)]) + answer, b"")
        return _read(answer, details)

    def _tell(self, apdu: bytes, data: bytes) -> None:
        """Records what passes between the terminal and the card as it passes there."""
        self._observers.tell(Interface.APDU, Direction.TO_DEVICE, apdu)
        self._observers.tell(Interface.APDU, Direction.FROM_DEVICE, data + _OK)


def _read(answer: bytes, details: bytes) -> TerminalAnswer:
    """Raises MalformedAnswer for what is no TERMINAL RESPONSE to this command."""
    try:
        found = {child.tag | 0x80: child for child in tlv.parse(tlv.build(0xD0, answer)).children}
    except DecodeError as fault:
        raise MalformedAnswer(f"TERMINAL RESPONSE {answer.hex().upper()}: {fault}") from fault
    values = {tag: child.value for tag, child in found.items()}
    if values.get(_DETAILS) != tlv.parse(details).value or not values.get(_RESULT):
        raise MalformedAnswer(f"{answer.hex().upper() or 'nothing'} is no TERMINAL RESPONSE to {details.hex().upper()}")
    result, status, length = values[_RESULT], values.get(_STATUS, b""), values.get(_LENGTH, b"")
    return TerminalAnswer(
        answer,
        result[0],
        result[1] if len(result) > 1 else None,
        values.get(_DATA, b""),
        length[0] if length else None,
        status[0] & _CHANNEL_NUMBER if status and status[0] & _ESTABLISHED else 0,
        int.from_bytes(values[_BUFFER], "big") if _BUFFER in values else None,
    )
