"""The operator's security domain inside a profile, as its package describes it (TCA profile package §8.7).

The first PE-SecurityDomain is the MNO-SD. Where its toolkit parameters name no TAR, it listens under that of an issuer
security domain (TS 101 220 annex D).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.crypto.scp80 import Algorithm

ISSUER_TAR = b"\x00\x00\x00"
ENCIPHERMENT, AUTHENTICATION = 1, 2
_AES = 0x88
_DES = frozenset({0x80, 0x82})
_SECURED_PACKETS = range(0x01, 0x10)
"""Versions of keys for secured packets."""
_MINIMUM_SPI1 = 0x01


@dataclass(frozen=True, slots=True)
class SecuredKey:
    """One key of a set."""

    identifier: int
    """1 for KIc, 2 for KID."""
    kind: int
    """Key type of GlobalPlatform: 88 AES, 80 and 82 DES."""
    octets: bytes

    @property
    def algorithm(self) -> Algorithm | None:
        """How KIc and KID call what it is for; None for a type that no secured packet uses."""
        if self.kind == _AES:
            return Algorithm.AES
        if self.kind not in _DES:
            return None
        return {16: Algorithm.TRIPLE_DES_2, 24: Algorithm.TRIPLE_DES_3}.get(len(self.octets))


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one version, with the counter of the last packet that was taken under them."""

    version: int
    keys: tuple[SecuredKey, ...]
    counter: int = 0

    def key(self, identifier: int, algorithm: int) -> SecuredKey | None:
        """The key of this number, if it is one of this algorithm."""
        return next((key for key in self.keys if key.identifier == identifier and key.algorithm == algorithm), None)


@dataclass(frozen=True, slots=True)
class SecurityDomain:
    """An MNO-SD."""

    tars: tuple[bytes, ...]
    minimum_security: int
    """SPI1 that a packet has to come up to, field by field."""
    keysets: tuple[KeySet, ...]

    def keyset(self, version: int) -> KeySet | None:
        return next((keyset for keyset in self.keysets if keyset.version == version), None)

    def with_counter(self, version: int, counter: int) -> SecurityDomain:
        """The same with the counter of one keyset moved."""
        moved = (replace(one, counter=counter) if one.version == version else one for one in self.keysets)
        return replace(self, keysets=tuple(moved))


def security_domain_of(elements: Iterable[tuple[str, Any]]) -> SecurityDomain | None:
    """The MNO-SD of decoded profile elements; None where the profile has none."""
    value = next((value for kind, value in elements if kind == "securityDomain"), None)
    if value is None:
        return None
    tars, minimum = _toolkit_parameters(value["instance"])
    return SecurityDomain(tars or (ISSUER_TAR,), minimum, _keysets(value.get("keyList", ())))


def _keysets(key_list: Iterable[Mapping[str, Any]]) -> tuple[KeySet, ...]:
    found: dict[int, tuple[SecuredKey, ...]] = {}
    for key in key_list:
        version, component = key["keyVersionNumber"][0], key["keyComponents"][0]
        if version in _SECURED_PACKETS:
            made = SecuredKey(key["keyIdentifier"][0], component["keyType"][0], component["keyData"])
            found[version] = (*found.get(version, ()), made)
    return tuple(KeySet(version, keys) for version, keys in found.items())


def _toolkit_parameters(instance: Mapping[str, Any]) -> tuple[tuple[bytes, ...], int]:
    """TARs and minimum security of the toolkit parameters (TS 102 226 §8.2.1.3.2.2.2).

    Priority, timers, length of menu texts, menu entries of two octets each, channels, minimum security, TARs.
    """
    octets = instance.get("applicationParameters", {}).get("uiccToolkitApplicationSpecificParametersField", b"")
    if len(octets) < 4:
        return (), 0
    security = octets[4 + 2 * octets[3] + 1 :]
    level = security[1 : 1 + security[0]] if security else b""
    tars = security[1 + len(level) :]
    listed = tars[1 : 1 + tars[0]] if tars else b""
    minimum = level[1] if len(level) > 1 and level[0] == _MINIMUM_SPI1 else 0
    return tuple(listed[at : at + 3] for at in range(0, len(listed) - 2, 3)), minimum
