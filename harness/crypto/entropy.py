"""Where randomness comes from: a seed on simulated labs, the operating system on real hardware.

A seeded source is an AES-256-CTR keystream whose key is derived from the seed, so that the same seed gives the same keys,
challenges and identifiers on every machine. `child` gives independent streams by name: what one party draws never shifts
what another one gets.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_KEY_SIZE = 32
_ZERO_NONCE = bytes(16)


class Entropy:
    """A deterministic stream of octets. Not to be shared between threads: give each its own `child`."""

    def __init__(self, seed: int | str | bytes) -> None:
        self._key = hashlib.sha256(_seed_octets(seed)).digest()
        self._stream = Cipher(algorithms.AES(self._key), modes.CTR(_ZERO_NONCE)).encryptor()

    def bytes(self, count: int) -> bytes:
        """The next `count` octets."""
        return self._stream.update(b"\x00" * count)

    def child(self, label: str) -> Entropy:
        """The stream of that name under this one. The same label always gives the same stream, from its beginning."""
        return Entropy(hmac.new(self._key, label.encode(), hashlib.sha256).digest())

    def integer(self, below: int) -> int:
        """A number from 0 to `below` - 1, all equally likely."""
        if below < 1:
            raise ValueError("there is no number below 1")
        bits = (below - 1).bit_length()
        excess = -bits % 8
        while True:
            number = int.from_bytes(self.bytes((bits + 7) // 8), "big") >> excess
            if number < below:
                return number


class _SystemEntropy(Entropy):
    """The operating system's generator. Its children are as unpredictable as it is; their labels mean nothing."""

    def __init__(self) -> None:
        super().__init__(os.urandom(_KEY_SIZE))

    def bytes(self, count: int) -> bytes:
        return os.urandom(count)

    def child(self, label: str) -> Entropy:
        return self


def system_entropy() -> Entropy:
    """Randomness for real hardware, which must never see the same challenge twice."""
    return _SystemEntropy()


def _seed_octets(seed: int | str | bytes) -> bytes:
    if isinstance(seed, bytes):
        return b"octets:" + seed
    return f"{'number' if isinstance(seed, int) else 'text'}:{seed}".encode()
