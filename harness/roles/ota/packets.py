"""Secured packets: command packets that are sent and response packets that come back (ETSI TS 102 225 §5, TS 31.115 §4)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from harness.codec import DecodeError
from harness.crypto import scp80
from harness.crypto.errors import CryptoError
from harness.roles.ota.keys import Keyset

CHECKED_ENCIPHERED_COUNTED = 0x16
"""SPI1: a cryptographic checksum, enciphered, the counter above the one before."""
UNPROTECTED = 0x00
"""SPI1: nothing of all that."""
CHECKED_RECEIPT = 0x09
"""SPI2: a proof of receipt in any case, with a cryptographic checksum, not enciphered."""
RESPONSE_HEADER = bytes.fromhex("027100")
"""The user data header before a response packet; its checksum covers it too."""

_INTEGRITY, _CHECKSUM = 0x03, 0x02
_ENCIPHERED = 0x04
_HEAD = 8
"""CHL, SPI, KIc, KID and TAR: what is never enciphered behind the length."""
_COUNTER = 5
_RESPONSE_HEAD = 13
"""RPL, RHL, TAR, CNTR, PCNTR and the status."""


class Status(IntEnum):
    """Response status codes (TS 102 225 §5.2)."""

    OK = 0
    CHECKSUM_FAILED = 1
    COUNTER_LOW = 2
    COUNTER_HIGH = 3
    COUNTER_BLOCKED = 4
    CIPHERING_ERROR = 5
    SECURITY_ERROR = 6
    INSUFFICIENT_MEMORY = 7
    MORE_TIME = 8
    TAR_UNKNOWN = 9
    INSUFFICIENT_SECURITY = 10


def command_packet(
    keys: Keyset,
    tar: bytes,
    counter: int,
    script: bytes,
    *,
    spi: tuple[int, int] = (CHECKED_ENCIPHERED_COUNTED, CHECKED_RECEIPT),
) -> bytes:
    """The command packet for a script, from CPL on, with checksum and encipherment as the SPI says."""
    size = scp80.block_size(keys.algorithm)
    is_checked = spi[0] & _INTEGRITY == _CHECKSUM
    inner = _COUNTER + 1 + (scp80.CHECKSUM_SIZE if is_checked else 0)
    padding = -(inner + len(script)) % size if spi[0] & _ENCIPHERED else 0
    script += bytes(padding)
    head = bytes([_HEAD - 1 + inner, *spi, keys.indication, keys.indication]) + tar
    length = (len(head) + inner + len(script)).to_bytes(2, "big")
    counters = counter.to_bytes(_COUNTER, "big") + bytes([padding])
    covered = length + head + counters + script
    checksum = scp80.checksum(keys.algorithm, keys.authentication, covered) if is_checked else b""
    body = counters + checksum + script
    if spi[0] & _ENCIPHERED:
        body = scp80.encipher(keys.algorithm, keys.encryption, body)
    return length + head + body


@dataclass(frozen=True, slots=True)
class OpenedPacket:
    """What a command packet carries."""

    tar: bytes
    counter: int
    script: bytes
    keys: Keyset
    """What it was opened with."""
    is_authentic: bool
    """Whether it has a checksum, and that is the one of these keys."""


def open_packet(packet: bytes, keysets: Iterable[Keyset]) -> OpenedPacket | None:
    """A command packet as one of these keysets opens it.

    One that is enciphered opens only under keys whose checksum holds: others bring out noise. One that is plain can be read
    by anybody. None for what does not open, or is cut short.
    """
    found = [opened for keys in keysets if (opened := _opened(packet, keys)) is not None]
    return next((opened for opened in found if opened.is_authentic), found[0] if found else None)


def _opened(packet: bytes, keys: Keyset) -> OpenedPacket | None:
    length, head, body = packet[:2], packet[2 : 2 + _HEAD], packet[2 + _HEAD :]
    if len(head) < _HEAD:
        return None
    is_enciphered, is_checked = bool(head[1] & _ENCIPHERED), head[1] & _INTEGRITY == _CHECKSUM
    if head[3:5] != bytes([keys.indication]) * 2:
        return None
    try:
        plain = scp80.decipher(keys.algorithm, keys.encryption, body) if is_enciphered else body
    except CryptoError:
        return None
    inner = _COUNTER + 1
    size = scp80.CHECKSUM_SIZE if is_checked else 0
    counters, checksum, script = plain[:inner], plain[inner : inner + size], plain[inner + size :]
    if len(plain) < inner + size:
        return None
    expected = scp80.checksum(keys.algorithm, keys.authentication, length + head + counters + script)
    kept = script[: len(script) - counters[-1]]
    counter = int.from_bytes(counters[:_COUNTER], "big")
    is_authentic = hmac.compare_digest(checksum, expected)
    if is_enciphered and not is_authentic:
        return None
    return OpenedPacket(head[5:8], counter, kept, keys, is_authentic)


@dataclass(frozen=True, slots=True)
class ResponsePacket:
    """A proof of receipt."""

    raw: bytes
    tar: bytes
    counter: int
    status: int
    """One of Status, or a value that nobody assigned."""
    data: bytes
    """What the application answered to the script."""
    is_authentic: bool
    """Whether it has a checksum, and that is right."""

    @classmethod
    def of(cls, raw: bytes, keys: Keyset | None) -> ResponsePacket:
        """Reads one that is not enciphered, from its user data header on; without keys none is authentic.

        Raises DecodeError for anything else.
        """
        packet = raw[len(RESPONSE_HEADER) :]
        if not raw.startswith(RESPONSE_HEADER) or len(packet) < _RESPONSE_HEAD:
            raise DecodeError("no response packet", offset=0)
        length, header = int.from_bytes(packet[:2], "big"), packet[2]
        end = 3 + header
        if length != len(packet) - 2 or not _RESPONSE_HEAD <= end <= len(packet):
            raise DecodeError("the lengths of a response packet do not fit", offset=len(RESPONSE_HEADER))
        head, checksum, data = packet[:_RESPONSE_HEAD], packet[_RESPONSE_HEAD:end], packet[end:]
        covered = RESPONSE_HEADER + head + data
        expected = scp80.checksum(keys.algorithm, keys.authentication, covered) if keys else b""
        shown = data[: len(data) - head[11]]
        counter = int.from_bytes(head[6:11], "big")
        is_authentic = bool(expected) and hmac.compare_digest(checksum, expected)
        return cls(raw, head[3:6], counter, head[12], shown, is_authentic)
