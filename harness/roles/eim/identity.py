"""Who an eIM is, and how a card is told (EimConfigurationData, SGP.32 v1.2 §2.11.1.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from harness.codec import named_bits
from harness.crypto import ecdsa
from harness.errors import LabFault

ID_TYPE_OID, ID_TYPE_FQDN, ID_TYPE_PROPRIETARY = 1, 2, 3
RETRIEVE_HTTPS = 0

TOKEN_REQUESTED = -1
"""The associationToken that asks the eUICC to make one."""

OMITTED = object()
"""An override that leaves a field out."""


@dataclass(frozen=True, slots=True)
class EimIdentity:
    """One eIM: its name and the key it signs packages with."""

    eim_id: str
    signing_key: EllipticCurvePrivateKey
    fqdn: str | None = None
    """Where an IPA finds it, perhaps with a port ("eim.example:8443")."""
    id_type: int = ID_TYPE_FQDN
    certificate: bytes | None = None
    """DER of the certificate over the signing key, for eUICCs that are given certificates."""
    tls_trust: tuple[str, bytes] | None = None
    """What an IPA shall trust: ("trustedEimPkTls", SubjectPublicKeyInfo) or ("trustedCertificateTls", Certificate)."""
    ci_key_id: bytes | None = None
    """euiccCiPKId: which of its CI keys the eUICC shall use towards this eIM."""
    protocols: tuple[int, ...] = (RETRIEVE_HTTPS,)
    offers_indirect_download: bool = True
    earlier_keys: tuple[EllipticCurvePrivateKey, ...] = ()
    """Signing keys that some eUICCs still know this eIM by."""

    @property
    def public_key_info(self) -> bytes:
        """The SubjectPublicKeyInfo of the signing key, DER."""
        return ecdsa.public_key_info(self.signing_key)

    def key_named(self, name: str) -> EllipticCurvePrivateKey:
        """The signing key that an eUICC knows (`Association.key`). Raises LabFault for one that is not here any more."""
        keys = {key_name(key): key for key in (*self.earlier_keys, self.signing_key)}
        if name and name not in keys:
            raise LabFault(
                f"{self.eim_id} has no signing key {name}, which an eUICC knows it by",
                hint="give the eIM that key as one of its earlier keys",
            )
        return keys.get(name, self.signing_key)

    def with_new_key(self, key: EllipticCurvePrivateKey, certificate: bytes | None) -> EimIdentity:
        """The same eIM with another signing key; the present one becomes an earlier one."""
        earlier = (*self.earlier_keys, self.signing_key)
        return replace(self, signing_key=key, certificate=certificate, earlier_keys=earlier)


def key_name(key: EllipticCurvePrivateKey) -> str:
    """A short name of a signing key: the first eight octets of the SHA-256 of its public half, in hexadecimal."""
    return key_name_of(ecdsa.public_key_info(key))


def key_name_of(public_key_info: bytes) -> str:
    """The name of the key in a SubjectPublicKeyInfo."""
    return sha256(public_key_info).hexdigest()[:16]


def configuration(
    identity: EimIdentity,
    *,
    certificate: bool = False,
    association_token: int | None = None,
    counter: int | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The EimConfigurationData value. `overrides` replace fields by their ASN.1 names; OMITTED leaves one out.

    Raises ValueError where the certificate form is asked for and the eIM has no certificate.
    """
    if certificate and identity.certificate is None:
        raise ValueError(f"{identity.eim_id} has no certificate over its signing key")
    key = ("eimCertificate", identity.certificate) if certificate else ("eimPublicKey", identity.public_key_info)
    value: dict[str, Any] = {
        "eimId": identity.eim_id,
        "eimFqdn": OMITTED if identity.fqdn is None else identity.fqdn,
        "eimIdType": identity.id_type,
        "counterValue": 0 if counter is None else counter,
        "associationToken": OMITTED if association_token is None else association_token,
        "eimPublicKeyData": key,
        "trustedPublicKeyDataTls": OMITTED if identity.tls_trust is None else identity.tls_trust,
        "eimSupportedProtocol": named_bits(identity.protocols),
        "euiccCiPKId": OMITTED if identity.ci_key_id is None else identity.ci_key_id,
        "indirectProfileDownload": None if identity.offers_indirect_download else OMITTED,
        **(overrides or {}),
    }
    return {name: field for name, field in value.items() if field is not OMITTED}
