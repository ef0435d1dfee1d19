"""Secured packets to the operator's security domain, and the proof of receipt (ETSI TS 102 225, TS 31.115 §4).

Rules of this room:
- The checks run from the outside in, and the first that fails is named in the response: application, keys, checksum, level
  of security, counter. Which order a real card keeps is its own affair.
- A packet that fails a check changes nothing, the counter neither.
- The counter of a packet that passed and what its script did are committed in one step.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

from harness.crypto import scp80
from harness.crypto.errors import CryptoError
from harness.simulators.euicc import apdu, es6
from harness.simulators.euicc.apdu import Refused
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.domain import AUTHENTICATION, ENCIPHERMENT, KeySet, SecuredKey, SecurityDomain
from harness.simulators.euicc.state import Profile

OK, CHECKSUM_FAILED, COUNTER_LOW, COUNTER_HIGH, CIPHERING_ERROR, SECURITY_ERROR = 0, 1, 2, 3, 5, 6
TAR_UNKNOWN, INSUFFICIENT_SECURITY = 9, 10
RESPONSE_HEADER = bytes.fromhex("027100")

_ENCIPHERED = 0x04
_INTEGRITY, _NONE, _CHECKSUM = 0x03, 0x00, 0x02
"""This card knows cryptographic checksums; redundancy checks and digital signatures it does not."""
_COUNTER_FIELD, _COUNTER_ABOVE, _COUNTER_NEXT = 0x18, 0x10, 0x18
_RECEIPT, _NEVER, _ON_ERROR = 0x03, 0x00, 0x02
_RECEIPT_CHECKSUM, _RECEIPT_ENCIPHERED = 0x0C, 0x10
_FIELDS = (_INTEGRITY, _ENCIPHERED, _COUNTER_FIELD)
_HEAD = 8
_COUNTER = 5


@dataclass(frozen=True, slots=True)
class Packet:
    """A command packet from the outside."""

    length: bytes
    head: bytes
    body: bytes

    @property
    def spi(self) -> tuple[int, int]:
        return self.head[1], self.head[2]

    @property
    def tar(self) -> bytes:
        return self.head[5:8]

    @property
    def version(self) -> int:
        """Of the keyset; 0 where KIc and KID name different ones."""
        return self.head[3] >> 4 if self.head[3] >> 4 == self.head[4] >> 4 else 0


@dataclass(frozen=True, slots=True)
class Opened:
    """What is inside one."""

    counter: int
    counters: bytes
    checksum: bytes
    script: bytes
    """With its padding."""


class Rejected(Exception):
    """A packet that fails a check. Never leaves the card."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def taken(device: Device, octets: bytes) -> bytes:
    """Takes a command packet; the response packet, empty where none is asked for. Raises Refused for what is no packet."""
    packet, profile = _packet(octets), device.state.enabled
    domain = None if profile is None else profile.domain
    if profile is None or domain is None or packet.tar not in domain.tars:
        return _response(packet, bytes(_COUNTER), TAR_UNKNOWN)
    keyset = domain.keyset(packet.version)
    counters = bytes(_COUNTER)
    try:
        if keyset is None:
            raise Rejected(SECURITY_ERROR)
        opened = _opened(packet, keyset)
        counters = opened.counters[:_COUNTER]
        _check(device, packet, opened, keyset, domain)
    except Rejected as fault:
        return _response(packet, counters, fault.status, keyset=keyset)
    return _execute(device, packet, opened, profile, keyset)


def _execute(device: Device, packet: Packet, opened: Opened, profile: Profile, keyset: KeySet) -> bytes:
    script = opened.script[: len(opened.script) - opened.counters[-1]]
    changed, told = es6.executed(device, profile, script)
    if packet.spi[0] & _COUNTER_ABOVE:
        changed = device.rules["packet-counter-taken"](changed, keyset.version, opened.counter)
    if changed != profile:
        device.commit(device.state.with_profile(changed))
    return _response(packet, opened.counters[:_COUNTER], OK, told, keyset)


def _packet(octets: bytes) -> Packet:
    length, head, body = octets[:2], octets[2 : 2 + _HEAD], octets[2 + _HEAD :]
    if len(octets) < 2 + _HEAD or int.from_bytes(length, "big") != len(octets) - 2 or not body:
        raise Refused(apdu.WRONG_DATA)
    return Packet(length, head, body)


def _opened(packet: Packet, keyset: KeySet) -> Opened:
    plain = packet.body
    if packet.spi[0] & _ENCIPHERED:
        key = _key(keyset, ENCIPHERMENT, packet.head[3])
        try:
            plain = scp80.decipher(scp80.Algorithm(packet.head[3] & 0x0F), key.octets, plain)
        except CryptoError:
            raise Rejected(CIPHERING_ERROR) from None
    counters, rest = plain[: _COUNTER + 1], plain[_COUNTER + 1 :]
    size = packet.head[0] - (_HEAD - 1) - len(counters)
    if len(counters) <= _COUNTER or not 0 <= size <= len(rest):
        raise Rejected(CHECKSUM_FAILED)
    return Opened(int.from_bytes(counters[:_COUNTER], "big"), counters, rest[:size], rest[size:])


def _key(keyset: KeySet, identifier: int, indication: int) -> SecuredKey:
    found = keyset.key(identifier, indication & 0x0F)
    if found is None:
        raise Rejected(SECURITY_ERROR)
    return found


def _check(device: Device, packet: Packet, opened: Opened, keyset: KeySet, domain: SecurityDomain) -> None:
    integrity = packet.spi[0] & _INTEGRITY
    if integrity not in (_NONE, _CHECKSUM):
        raise Rejected(SECURITY_ERROR)
    if integrity == _CHECKSUM:
        key = _key(keyset, AUTHENTICATION, packet.head[4])
        covered = packet.length + packet.head + opened.counters + opened.script
        if not device.rules["packet-checksum-holds"](key, covered, opened.checksum):
            raise Rejected(CHECKSUM_FAILED)
    if not device.rules["packet-security-suffices"](packet.spi[0], domain.minimum_security):
        raise Rejected(INSUFFICIENT_SECURITY)
    if not device.rules["packet-counter-advances"](packet.spi[0], keyset.counter, opened.counter):
        raise Rejected(COUNTER_LOW if opened.counter <= keyset.counter else COUNTER_HIGH)


def checksum_holds(key: SecuredKey, covered: bytes, given: bytes) -> bool:
    """The checksum is that of the key over everything but itself."""
    assert key.algorithm is not None
    return hmac.compare_digest(scp80.checksum(key.algorithm, key.octets, covered), given)


def security_suffices(spi1: int, minimum: int) -> bool:
    """No field of SPI1 asks for less than the security domain does."""
    return all(spi1 & field >= minimum & field for field in _FIELDS)


def counter_advances(spi1: int, stored: int, given: int) -> bool:
    """The counter does what SPI1 says of it: nothing, go up, or go up by one."""
    how = spi1 & _COUNTER_FIELD
    if how == _COUNTER_NEXT:
        return given == stored + 1
    return given > stored if how == _COUNTER_ABOVE else True


def counter_taken(profile: Profile, version: int, counter: int) -> Profile:
    """The profile with the counter of one keyset at that of a packet that was checked for it."""
    return profile if profile.domain is None else replace(profile, domain=profile.domain.with_counter(version, counter))


def _response(packet: Packet, counter: bytes, status: int, told: bytes = b"", keyset: KeySet | None = None) -> bytes:
    """The response packet with its header, secured as SPI2 asks and the keys allow."""
    spi2 = packet.spi[1]
    if spi2 & _RECEIPT == _NEVER or (spi2 & _RECEIPT == _ON_ERROR and status == OK):
        return b""
    signs = keyset.key(AUTHENTICATION, packet.head[4] & 0x0F) if keyset and spi2 & _RECEIPT_CHECKSUM else None
    hides = keyset.key(ENCIPHERMENT, packet.head[3] & 0x0F) if keyset and spi2 & _RECEIPT_ENCIPHERED else None
    size = scp80.CHECKSUM_SIZE if signs else 0
    inner = _COUNTER + 2 + size + len(told)
    padding = -inner % scp80.block_size(hides.algorithm) if hides and hides.algorithm else 0
    header = bytes([len(packet.tar) + _COUNTER + 2 + size])
    length = (len(header) + len(packet.tar) + inner + padding).to_bytes(2, "big")
    head, body = length + header + packet.tar, counter + bytes([padding, status])
    data = told + bytes(padding)
    if signs and signs.algorithm:
        body += scp80.checksum(signs.algorithm, signs.octets, RESPONSE_HEADER + head + body + data)
    body += data
    if hides and hides.algorithm:
        body = scp80.encipher(hides.algorithm, hides.octets, body)
    return RESPONSE_HEADER + head + body
