"""Command and response APDUs in words (ISO/IEC 7816-4, ETSI TS 102 221)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ISD_R = bytes.fromhex("A0000005591010FFFFFFFF8900000100")

INSTRUCTIONS: Mapping[int, str] = {
    0x10: "TERMINAL PROFILE",
    0x12: "FETCH",
    0x14: "TERMINAL RESPONSE",
    0x70: "MANAGE CHANNEL",
    0x84: "GET CHALLENGE",
    0x88: "AUTHENTICATE",
    0x20: "VERIFY PIN",
    0xA4: "SELECT",
    0xAA: "TERMINAL CAPABILITY",
    0xB0: "READ BINARY",
    0xB2: "READ RECORD",
    0xC0: "GET RESPONSE",
    0xC2: "ENVELOPE",
    0xCA: "GET DATA",
    0xCB: "GET DATA",
    0xD6: "UPDATE BINARY",
    0xDC: "UPDATE RECORD",
    0xE2: "STORE DATA",
    0xF2: "STATUS",
}

STATUS_WORDS: Mapping[int, str] = {
    0x9000: "done",
    0x6283: "selected file deactivated",
    0x6400: "no information given, state unchanged",
    0x6581: "memory problem",
    0x6600: "security-related issue",
    0x6601: "security-related issue (interface)",
    0x6700: "wrong length",
    0x6881: "logical channel not supported",
    0x6882: "secure messaging not supported",
    0x6982: "security status not satisfied",
    0x6983: "authentication method blocked",
    0x6984: "referenced data invalidated",
    0x6985: "conditions of use not satisfied",
    0x6986: "command not allowed",
    0x6999: "applet selection failed",
    0x6A80: "incorrect parameters in the data field",
    0x6A81: "function not supported",
    0x6A82: "file or application not found",
    0x6A83: "record not found",
    0x6A84: "not enough memory",
    0x6A86: "incorrect P1 or P2",
    0x6A88: "referenced data not found",
    0x6B00: "wrong P1 or P2",
    0x6D00: "instruction not supported",
    0x6E00: "class not supported",
    0x6F00: "technical problem, no diagnosis",
    0x9300: "card application toolkit busy",
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command APDU, short or extended form, taken apart."""

    octets: bytes
    data: bytes
    le: int | None
    data_offset: int = 5
    """Where the data begins in the octets."""

    @property
    def ins(self) -> int:
        return self.octets[1]

    @property
    def p1(self) -> int:
        return self.octets[2]

    @property
    def p2(self) -> int:
        return self.octets[3]

    @property
    def channel(self) -> int:
        """The logical channel of the class byte (ETSI TS 102 221 §10.1.1)."""
        cla = self.octets[0]
        return 4 + (cla & 0x0F) if cla & 0x40 else cla & 0x03

    @property
    def name(self) -> str:
        return INSTRUCTIONS.get(self.ins, f"INS {self.ins:02X}")

    @property
    def is_store_data(self) -> bool:
        return self.ins == 0xE2 and bool(self.octets[0] & 0x80)

    @property
    def is_last_block(self) -> bool:
        return bool(self.p1 & 0x80)


def command(octets: bytes) -> Command | None:
    """The command taken apart, or None for what is too short to be one. A wrong Lc takes what is there."""
    if len(octets) < 4:
        return None
    body = octets[4:]
    if not body:
        return Command(octets, b"", None)
    if len(body) == 1:
        return Command(octets, b"", body[0] or 256)
    if body[0] == 0 and len(body) >= 3:
        size = int.from_bytes(body[1:3], "big")
        if len(body) == 3:
            return Command(octets, b"", size or 65536)
        rest = body[3 + size :]
        return Command(octets, body[3 : 3 + size], int.from_bytes(rest, "big") if rest else None, data_offset=7)
    size = body[0]
    rest = body[1 + size :]
    return Command(octets, body[1 : 1 + size], rest[0] or 256 if rest else None)


def command_in_words(cmd: Command) -> str:
    """The command's name with what its parameters say."""
    channel = f" on channel {cmd.channel}" if cmd.channel else ""
    match cmd.ins:
        case 0x70:
            return "MANAGE CHANNEL: open" if cmd.p1 == 0 else f"MANAGE CHANNEL: close channel {cmd.p2}"
        case 0xA4 if cmd.p1 == 0x04:
            target = "the ISD-R" if cmd.data == ISD_R else f"AID {cmd.data.hex().upper()}"
            return f"SELECT {target}{channel}"
        case 0xA4:
            return f"SELECT file {cmd.data.hex().upper()}{channel}"
        case 0xE2 if cmd.is_store_data:
            return f"STORE DATA block {cmd.p2}{', last' if cmd.is_last_block else ''}{channel}"
        case 0xC0:
            return f"GET RESPONSE, {cmd.le or 0} octets{channel}"
        case _:
            return f"{cmd.name}{channel}"


def status_in_words(sw: int) -> str:
    """What a status word means."""
    high, low = sw >> 8, sw & 0xFF
    if high == 0x61:
        return f"{low or 256} more octets to get"
    if high == 0x6C:
        return f"wrong Le, {low or 256} octets there"
    if high == 0x91:
        return f"done, a proactive command of {low or 256} octets is pending"
    if high == 0x63 and low & 0xF0 == 0xC0:
        return f"{low & 0x0F} tries left"
    known = STATUS_WORDS.get(sw) or STATUS_WORDS.get(sw & 0xFF00)
    return known or "status word without a common meaning"
