"""Who the SM-DS is: its address and, for each CI that it belongs to, its certificate."""

from __future__ import annotations

from dataclasses import dataclass

from harness.crypto.ecdsa import Curve, PrivateKey
from harness.crypto.pki import CiSet, Role, TestPki

DEFAULT_ADDRESS = "smds.harness.test"


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What one CI certified for us, and its own certificate, against which eUICCs are checked."""

    curve: Curve
    ci_certificate: bytes
    ci_key_id: bytes
    """Subject key identifier, 20 octets."""
    auth_certificate: bytes
    auth_key: PrivateKey

    @classmethod
    def of(cls, trust: CiSet) -> Credentials:
        """Those of a test PKI. Raises PkiError where it has none for an SM-DS."""
        own = trust.ds_auth
        return cls(trust.curve, trust.ci.certificate, trust.ci_key_id, own.certificate, own.private_key)


@dataclass(frozen=True, slots=True)
class SmdsIdentity:
    """One SM-DS."""

    address: str
    """Its FQDN, with a port where that is not 443."""
    credentials: tuple[Credentials, ...]
    """One for each CI, the preferred first."""

    @classmethod
    def of(cls, pki: TestPki, address: str = DEFAULT_ADDRESS) -> SmdsIdentity:
        """The SM-DS of a test PKI, on those of its curves that have a certificate for one."""
        sets = [pki.trust(curve) for curve in pki.curves]
        return cls(address, tuple(Credentials.of(trust) for trust in sets if trust.has(Role.DS_AUTH)))
