"""The keys that an operator shares with the security domain of its profile."""

from __future__ import annotations

from dataclasses import dataclass

from harness.crypto.scp80 import Algorithm


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
