"""Command and response APDUs (ISO 7816-4, TS 102 221 §10), short form only: this card does not offer extended length."""

from __future__ import annotations

from dataclasses import dataclass

OK = 0x9000
MORE_DATA = 0x6100
PROACTIVE = 0x9100
WRONG_LENGTH = 0x6700
CHANNEL_NOT_SUPPORTED = 0x6881
SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
CONDITIONS_NOT_SATISFIED = 0x6985
NO_EF_SELECTED = 0x6986
WRONG_DATA = 0x6A80
FUNCTION_NOT_SUPPORTED = 0x6A81
FILE_NOT_FOUND = 0x6A82
RECORD_NOT_FOUND = 0x6A83
NOT_ENOUGH_MEMORY = 0x6A84
WRONG_P1_P2 = 0x6A86
DATA_NOT_FOUND = 0x6A88
WRONG_OFFSET = 0x6B00
WRONG_LE = 0x6C00
UNKNOWN_INS = 0x6D00
UNKNOWN_CLA = 0x6E00


@dataclass(frozen=True, slots=True)
class Command:
    """One command APDU taken apart."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    le: int | None
    """How many octets may come back, 1 to 256; None where the command asks for none."""

    @property
    def channel(self) -> int:
        """The logical channel its class octet names (TS 102 221 §10.1.1): 0 to 19."""
        return 4 + (self.cla & 0x0F) if self.cla & 0x40 else self.cla & 0x03

    @property
    def is_proprietary(self) -> bool:
        """Whether the class is 8X or CX (GlobalPlatform and TS 102 221) instead of 0X or 4X (ISO 7816)."""
        return bool(self.cla & 0x80)


@dataclass(frozen=True, slots=True)
class Reply:
    """Response data and status word."""

    data: bytes = b""
    sw: int = OK

    def to_bytes(self) -> bytes:
        """The response APDU."""
        return self.data + self.sw.to_bytes(2, "big")


class Refused(Exception):
    """A command that ends with a status word and changes nothing. Never leaves the card."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


def parse(octets: bytes) -> Command:
    """A command APDU of any of the four cases.

    Raises Refused: 6700 for a wrong length, 6E00 for a class that nobody uses, 6882 for secure messaging.
    """
    if len(octets) < 4:
        raise Refused(WRONG_LENGTH)
    cla, ins, p1, p2 = octets[:4]
    if cla == 0xFF or (cla & 0x20 and not cla & 0x40):
        raise Refused(UNKNOWN_CLA)
    if not cla & 0x40 and cla & 0x0C:
        raise Refused(SECURE_MESSAGING_NOT_SUPPORTED)
    body = octets[4:]
    if not body:
        return Command(cla, ins, p1, p2, b"", None)
    if len(body) == 1:
        return Command(cla, ins, p1, p2, b"", body[0] or 256)
    size = body[0]
    if size and len(body) == 1 + size:
        return Command(cla, ins, p1, p2, body[1:], None)
    if size and len(body) == 2 + size:
        return Command(cla, ins, p1, p2, body[1:-1], body[-1] or 256)
    raise Refused(WRONG_LENGTH)
