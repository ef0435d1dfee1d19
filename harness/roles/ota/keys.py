"""The keys that an operator shares with the security domain of its profile."""

from __future__ import annotations

from dataclasses import dataclass

from harness.crypto.scp80 import Algorithm
from harness.profiles.security_domain import AES, AUTHENTICATION, ENCRYPTION, DomainKeys

_SECURED_PACKETS = range(1, 16)
_TRIPLE_DES = {16: Algorithm.TRIPLE_DES_2, 24: Algorithm.TRIPLE_DES_3}


@dataclass(frozen=True, slots=True)
class Keyset:
    """The keys of one version: KIc enciphers, KID makes checksums."""

    version: int
    """1 to 15: the high half of KIc and KID."""
    algorithm: Algorithm
    encryption: bytes
    authentication: bytes

    @property
    def indication(self) -> int:
        """KIc and KID, which are the same octet where one algorithm does both."""
        return self.version << 4 | self.algorithm


def keysets_of(known: DomainKeys | None) -> list[Keyset]:
    """The keysets that have what a secured packet takes, in the order of the package."""
    found = []
    keys = {(key.version, key.identifier): key for key in known.keys} if known else {}
    for (version, identifier), key in keys.items():
        checks = keys.get((version, AUTHENTICATION))
        if version not in _SECURED_PACKETS or identifier != ENCRYPTION or checks is None or checks.kind != key.kind:
            continue
        algorithm = Algorithm.AES if key.kind == AES else _TRIPLE_DES.get(len(key.octets))
        if algorithm is not None:
            found.append(Keyset(version, algorithm, key.octets, checks.octets))
    return found
