"""Ciphers and checksums of secured packets (ETSI TS 102 225 §5.1.2, §5.1.3), by the algorithm that KIc and KID name.

Rules of this room:
- Encipherment is CBC from a zero IV over whole blocks: padding, and counting it, is the packet's business.
- A checksum has eight octets. That of DES takes zeros up to a whole block; the CMAC of AES pads by itself.
"""

from __future__ import annotations

from enum import IntEnum

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from harness.crypto.errors import CryptoError

CHECKSUM_SIZE = 8


class Algorithm(IntEnum):
    """The low half of KIc and KID."""

    AES = 0x2
    TRIPLE_DES_2 = 0x5
    TRIPLE_DES_3 = 0x9


_KEY_SIZES = {Algorithm.AES: (16, 24, 32), Algorithm.TRIPLE_DES_2: (16,), Algorithm.TRIPLE_DES_3: (24,)}


def block_size(algorithm: Algorithm) -> int:
    """Octets of one block."""
    return 16 if algorithm is Algorithm.AES else 8


def encipher(algorithm: Algorithm, key: bytes, octets: bytes) -> bytes:
    """Whole blocks, enciphered. Raises CryptoError for a key of another size, or a part of a block."""
    encryptor = _cbc(algorithm, key, octets).encryptor()
    return encryptor.update(octets) + encryptor.finalize()


def decipher(algorithm: Algorithm, key: bytes, octets: bytes) -> bytes:
    """Whole blocks, deciphered. Raises CryptoError for a key of another size, or a part of a block."""
    decryptor = _cbc(algorithm, key, octets).decryptor()
    return decryptor.update(octets) + decryptor.finalize()


def checksum(algorithm: Algorithm, key: bytes, octets: bytes) -> bytes:
    """The cryptographic checksum, CHECKSUM_SIZE octets. Raises CryptoError for a key of another size."""
    if algorithm is Algorithm.AES:
        mac = CMAC(_cipher(algorithm, key))
        mac.update(octets)
        return mac.finalize()[:CHECKSUM_SIZE]
    return encipher(algorithm, key, octets + bytes(-len(octets) % block_size(algorithm)))[-CHECKSUM_SIZE:]


def _cbc(algorithm: Algorithm, key: bytes, octets: bytes) -> Cipher[modes.CBC]:
    size = block_size(algorithm)
    if not octets or len(octets) % size:
        raise CryptoError(f"{len(octets)} octets are not whole blocks of {size}")
    return Cipher(_cipher(algorithm, key), modes.CBC(bytes(size)))


def _cipher(algorithm: Algorithm, key: bytes) -> AES | TripleDES:
    if len(key) not in _KEY_SIZES[algorithm]:
        raise CryptoError(f"a key of {len(key)} octets is none of {algorithm.name}")
    if algorithm is Algorithm.AES:
        return AES(key)
    return TripleDES(key + key[:8] if len(key) == 16 else key)
