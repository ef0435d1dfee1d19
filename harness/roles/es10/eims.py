"""The eIMs that an eUICC knows (SGP.32 v1.2 §2.11.1.1.1, §5.9.4, §5.9.18)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.errors import MalformedAnswer
from harness.roles.es10.reading import bits, decoded
from harness.roles.es10.versions import V1_2, Dialect


@dataclass(frozen=True, slots=True)
class TrustData:
    """A key or a certificate of an eIM configuration."""

    is_certificate: bool
    der: bytes
    """SubjectPublicKeyInfo or Certificate, whole."""


@dataclass(frozen=True, slots=True)
class EimConfiguration:
    """One EimConfigurationData as the eUICC gives it back."""

    eim_id: str
    fqdn: str | None
    """May carry a port: `eim.example:8443`."""
    id_type: int | None
    counter_value: int | None
    association_token: int | None
    public_key: TrustData | None
    tls_trust: TrustData | None
    supported_protocols: frozenset[int] | None
    """Bits: 0 retrieve HTTPS, 1 retrieve CoAPS, 2 inject HTTPS, 3 inject CoAPS, 4 proprietary."""
    ci_key_id: bytes | None
    allows_indirect_download: bool

    @classmethod
    def of(cls, value: dict[str, Any]) -> EimConfiguration:
        protocols = value.get("eimSupportedProtocol")
        return cls(
            eim_id=value["eimId"],
            fqdn=value.get("eimFqdn"),
            id_type=value.get("eimIdType"),
            counter_value=value.get("counterValue"),
            association_token=value.get("associationToken"),
            public_key=_trust(value.get("eimPublicKeyData")),
            tls_trust=_trust(value.get("trustedPublicKeyDataTls")),
            supported_protocols=None if protocols is None else bits(protocols),
            ci_key_id=value.get("euiccCiPKId"),
            allows_indirect_download="indirectProfileDownload" in value,
        )


def configurations(raw: bytes) -> tuple[EimConfiguration, ...]:
    """The answer to GetEimConfigurationData, BF55."""
    value = decoded("GetEimConfigurationDataResponse", raw)
    return tuple(EimConfiguration.of(entry) for entry in value["eimConfigurationDataList"])


@dataclass(frozen=True, slots=True)
class AddInitialEimAnswer:
    """ES10b.AddInitialEim, BF57."""

    raw: bytes
    error: int | None
    entries: tuple[int | None, ...]
    """For each configuration in order: the association token that the eUICC made, or None where none was asked for."""

    @classmethod
    def of(cls, raw: bytes) -> AddInitialEimAnswer:
        kind, value = decoded("AddInitialEimResponse", raw)
        if kind == "addInitialEimError":
            return cls(raw, value, ())
        return cls(raw, None, tuple(number for _, number in value))


@dataclass(frozen=True, slots=True)
class MemoryResetAnswer:
    """ES10b.eUICCMemoryReset, BF64 (SGP.32 v1.2 §5.9.5). A result that the request did not ask for is None."""

    raw: bytes
    reset: int
    eim: int | None
    immediate_enable: int | None

    @classmethod
    def of(cls, raw: bytes, dialect: Dialect = V1_2) -> MemoryResetAnswer:
        value = decoded("EuiccMemoryResetResponse", raw, dialect)
        return cls(
            raw, value["resetResult"], value.get("resetEimResult"), value.get("resetImmediateEnableConfigResult")
        )


def _trust(value: tuple[str, bytes] | None) -> TrustData | None:
    if value is None:
        return None
    kind, der = value
    if not der:
        raise MalformedAnswer("an eIM configuration with an empty key")
    return TrustData(kind.lower().find("certificate") >= 0, der)
