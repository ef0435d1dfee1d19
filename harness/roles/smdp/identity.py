"""Who the SM-DP+ is: its address and, for each CI that it belongs to, its certificates for authentication and binding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.crypto.ecdsa import Curve, PrivateKey
from harness.crypto.pki import CiSet, Identity, Role, TestPki

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
        return cls._of(trust, trust.dp_auth, trust.dp_pb)

    @classmethod
    def another(cls, trust: CiSet, oid: str) -> Credentials:
        """Those of a further SM-DP+ under the same CI. Raises PkiError where the CI's key is not there."""
        auth, pb = (
            trust.issue(role, replace(trust.blueprint(role), owner=oid), label=oid)
            for role in (Role.DP_AUTH, Role.DP_PB)
        )
        return cls._of(trust, auth, pb)

    @classmethod
    def _of(cls, trust: CiSet, auth: Identity, pb: Identity) -> Credentials:
        return cls(
            trust.curve,
            trust.ci.certificate,
            trust.ci_key_id,
            auth.certificate,
            auth.private_key,
            pb.certificate,
            pb.private_key,
            pb.view.rid_oid or "",
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

    @classmethod
    def another(cls, pki: TestPki, address: str, oid: str) -> SmdpIdentity:
        """A further SM-DP+ of the same test PKI, with a registered ID and certificates of its own.

        Raises PkiError where the keys of its CIs are not there.
        """
        return cls(address, tuple(Credentials.another(pki.trust(curve), oid) for curve in pki.curves))

    @property
    def oid(self) -> str:
        """The registered ID in our certificates."""
        return self.credentials[0].oid
