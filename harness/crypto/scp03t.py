"""SCP03t: how the segments of a bound profile package are encrypted and chained (SGP.22 v2.5 §2.5.4, §5.5).

Rules of this room:
- Tags 86 and 87 are encrypted and carry a MAC; 88 carries a MAC only. The MAC is the first 8 octets of an AES-CMAC over
  the previous full MAC, the tag, the length and the data; the full 16 octets chain on.
- Data is always padded with 80 and zeros. The initial vector is the encrypted segment counter; the counter begins at 1,
  advances for every segment, an 88 too, and begins again when the session keys are replaced.
- A segment that is refused moves nothing: chain and counter stay where they were.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from harness.codec import DerError, tlv
from harness.crypto.agreement import SessionKeys
from harness.crypto.errors import CryptoError

ENCRYPTED_TAGS: Final = frozenset({0x86, 0x87})
MAC_ONLY_TAG: Final = 0x88

MAX_SEGMENT: Final = 1020
"""Octets of one segment, with tag, length and MAC."""

_BLOCK = 16
_MAC = 8
_HEADER = 4
_ROOM = MAX_SEGMENT - _HEADER - _MAC

FORM = "form"
SIZE = "size"
MAC = "mac"
PADDING = "padding"


class Scp03tError(CryptoError):
    """A segment that is refused. `reason` is one of FORM, SIZE, MAC, PADDING."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class _Session:
    """What both directions share: the keys, the chain and the counter."""

    def __init__(self, keys: SessionKeys) -> None:
        self.replace_keys(keys)

    def replace_keys(self, keys: SessionKeys) -> None:
        """Go on under other keys (BF26, ReplaceSessionKeys): the chain and the counter begin anew."""
        self._keys = keys
        self._chain = keys.initial_mac_chaining
        self._counter = 1

    def _full_mac(self, tag: int, data: bytes) -> bytes:
        mac = CMAC(algorithms.AES(self._keys.s_mac))
        mac.update(self._chain + tlv.tag_octets(tag) + tlv.length_of(len(data) + _MAC) + data)
        return mac.finalize()

    def _cipher(self) -> Cipher[modes.CBC]:
        key = algorithms.AES(self._keys.s_enc)
        counter = Cipher(key, modes.CBC(bytes(_BLOCK))).encryptor()
        return Cipher(key, modes.CBC(counter.update(self._counter.to_bytes(_BLOCK, "big"))))

    def _move_on(self, full_mac: bytes) -> None:
        self._chain = full_mac
        self._counter += 1


class Scp03tSender(_Session):
    """The SM-DP+'s end: each call protects the next segment."""

    def protect(self, tag: int, plaintext: bytes) -> bytes:
        """The whole TLV of one segment, with its MAC. Makes no demand on its size; `segments` does."""
        data = plaintext
        if _is_encrypted(tag):
            cipher = self._cipher().encryptor()
            data = cipher.update(_pad(plaintext)) + cipher.finalize()
        full_mac = self._full_mac(tag, data)
        self._move_on(full_mac)
        return tlv.build(tag, data, full_mac[:_MAC])

    def segments(self, tag: int, data: bytes) -> list[bytes]:
        """As many TLVs as the data needs, none above MAX_SEGMENT octets. Empty data is one segment."""
        room = _ROOM - 1 if _is_encrypted(tag) else _ROOM
        return [self.protect(tag, data[at : at + room]) for at in range(0, max(1, len(data)), room)]


class Scp03tReceiver(_Session):
    """The eUICC's end. `max_segment` None takes segments of any size."""

    def __init__(self, keys: SessionKeys, *, max_segment: int | None = MAX_SEGMENT) -> None:
        super().__init__(keys)
        self._max_segment = max_segment

    def unprotect(self, segment: bytes) -> bytes:
        """What one TLV carries, once its size and MAC are seen to be right. Raises Scp03tError."""
        if self._max_segment is not None and len(segment) > self._max_segment:
            raise Scp03tError(SIZE, f"a segment of {len(segment)} octets; the limit is {self._max_segment}")
        if not self.mac_is_valid(segment):
            raise Scp03tError(MAC, "a segment whose MAC does not continue the chain")
        return self.open(segment)

    def mac_is_valid(self, segment: bytes) -> bool:
        """Whether this TLV is the next one of the chain. Moves nothing. Raises Scp03tError (FORM)."""
        tag, data, mac = _parts(segment)
        return self._full_mac(tag, data)[:_MAC] == mac

    def open(self, segment: bytes) -> bytes:
        """What one TLV carries, with no regard to its MAC; chain and counter move on. Raises Scp03tError."""
        tag, data, _ = _parts(segment)
        plaintext = data
        if _is_encrypted(tag):
            cipher = self._cipher().decryptor()
            plaintext = _unpad(cipher.update(data) + cipher.finalize())
        self._move_on(self._full_mac(tag, data))
        return plaintext


def _parts(segment: bytes) -> tuple[int, bytes, bytes]:
    """Tag, data and MAC of a segment's TLV."""
    try:
        cut = tlv.parse(segment)
    except DerError as fault:
        raise Scp03tError(FORM, f"a segment that is no TLV: {fault}") from fault
    data, mac = cut.value[:-_MAC], cut.value[-_MAC:]
    if cut.tag != MAC_ONLY_TAG and cut.tag not in ENCRYPTED_TAGS:
        raise Scp03tError(FORM, f"a segment with tag {cut.tag:X}; SCP03t has 86, 87 and 88")
    if len(mac) < _MAC:
        raise Scp03tError(FORM, "a segment too short for its MAC")
    if cut.tag in ENCRYPTED_TAGS and (not data or len(data) % _BLOCK):
        raise Scp03tError(FORM, f"{len(data)} encrypted octets; a whole number of {_BLOCK} is needed")
    return cut.tag, data, mac


def _is_encrypted(tag: int) -> bool:
    if tag in ENCRYPTED_TAGS:
        return True
    if tag == MAC_ONLY_TAG:
        return False
    raise ValueError(f"SCP03t has no tag {tag:X}")


def _pad(plaintext: bytes) -> bytes:
    return plaintext + b"\x80" + bytes(-(len(plaintext) + 1) % _BLOCK)


def _unpad(padded: bytes) -> bytes:
    plaintext, marker, rest = padded.rpartition(b"\x80")
    if not marker or rest.strip(b"\x00") or len(rest) >= _BLOCK:
        raise Scp03tError(PADDING, "a segment that does not end in 80 and zeros")
    return plaintext
