"""The keys of an operator's security domain, read off a profile package: what its OTA platform needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.codec import decode_pe, split_profile_package

AES, DES = 0x88, 0x80
ENCRYPTION, AUTHENTICATION = 1, 2
ISSUER_TAR = bytes(3)
"""Of an issuer security domain (TS 101 220 annex D)."""


@dataclass(frozen=True, slots=True)
class DomainKey:
    """One key for secured packets."""

    version: int
    identifier: int
    """1 KIc, 2 KID, 3 the key that enciphers keys."""
    kind: int
    """Key type of GlobalPlatform: 88 AES, 80 and 82 DES."""
    octets: bytes


@dataclass(frozen=True, slots=True)
class DomainKeys:
    """What an operator knows of the security domain in its profile."""

    tar: bytes
    keys: tuple[DomainKey, ...]


def domain_keys(package: bytes) -> DomainKeys | None:
    """Of the first security domain of an unprotected package; None where it has none. Raises DecodeError."""
    for part in split_profile_package(package):
        kind, value = decode_pe(part)
        if kind == "securityDomain":
            parameters = value["instance"].get("applicationParameters", {})
            tar = _tar(parameters.get("uiccToolkitApplicationSpecificParametersField", b""))
            return DomainKeys(tar, tuple(_key(key) for key in value.get("keyList", ())))
    return None


def toolkit_parameters(tars: tuple[bytes, ...], minimum_spi1: int) -> bytes:
    """UICC toolkit parameters of an application without menu, timer and channel (TS 102 226 §8.2.1.3.2.2.2).

    Priority, timers, length of menu texts, menu entries, channels, minimum security level, TARs, services.
    """
    listed = b"".join(tars)
    return bytes([1, 0, 0, 0, 0, 2, 1, minimum_spi1, len(listed)]) + listed + b"\x00"


def _tar(octets: bytes) -> bytes:
    """The first TAR of toolkit parameters; that of an issuer security domain where they name none."""
    if len(octets) < 6:
        return ISSUER_TAR
    level_at = 5 + 2 * octets[3]
    tars_at = level_at + 1 + octets[level_at] if level_at < len(octets) else len(octets)
    found = octets[tars_at + 1 : tars_at + 4]
    return found if len(found) == 3 and octets[tars_at] >= 3 else ISSUER_TAR


def _key(value: Mapping[str, Any]) -> DomainKey:
    first = value["keyComponents"][0]
    return DomainKey(value["keyVersionNumber"][0], value["keyIdentifier"][0], first["keyType"][0], first["keyData"])
