"""Who the SM-DP+ is: its address and, for each CI that it belongs to, its certificates for authentication and binding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.crypto.ecdsa import Curve, PrivateKey
from harness.crypto.pki import CiSet, Role, TestPki

DEFAULT_ADDRESS = "smdp.harness.test"
HOST_ID = b"sgp32-harness"
"""What names us in the control reference template of a key agreement; 1 to 16 octets of our choice."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What one CI certified for us, and its own certificate, against which eUICCs are checked."""

    curve: Curve
    ci_certificate: bytes
    ci_key_id: bytes
    """Subject key identifier, 20 octets."""
    auth_certificate: bytes
    auth_key: PrivateKey
    pb_certificate: bytes
    pb_key: PrivateKey
    oid: str
    """Our registered ID in these certificates."""

    @classmethod
    def of(cls, trust: CiSet) -> Credentials:
        """Those of a test PKI. Raises PkiError where it has none for an SM-DP+."""
        return cls(
            trust.curve,
            trust.ci.certificate,
            trust.ci_key_id,
            trust.dp_auth.certificate,
            trust.dp_auth.private_key,
            trust.dp_pb.certificate,
            trust.dp_pb.private_key,
            trust.dp_pb.view.rid_oid or "",
        )


@dataclass(frozen=True, slots=True)
class SmdpIdentity:
    """One SM-DP+."""

    address: str
    """Its FQDN, with a port where that is not 443; what activation codes and requests name."""
    credentials: tuple[Credentials, ...]
    """One for each CI, the preferred first."""

    @classmethod
    def of(
        cls, pki: TestPki, address: str = DEFAULT_ADDRESS, *, curves: Iterable[Curve | str] | None = None
    ) -> SmdpIdentity:
        """The SM-DP+ of a test PKI, on those of its curves that have certificates for one, or on the given ones."""
        wanted = pki.curves if curves is None else tuple(Curve(curve) for curve in curves)
        sets = [pki.trust(curve) for curve in wanted]
        able = [trust for trust in sets if trust.has(Role.DP_AUTH) and trust.has(Role.DP_PB)]
        return cls(address, tuple(Credentials.of(trust) for trust in able))

    @property
    def oid(self) -> str:
        """The registered ID in our certificates."""
        return self.credentials[0].oid
