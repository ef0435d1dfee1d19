"""The certificate roles of RSP and what SGP.22 v2.5 §4.5.2 asks of each: policy, key usage, place in the chain.

One table for minting and for checking. It is pinned in tests by the SGP.26 certificates, which come from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_POLICIES = "2.23.146.1.2.1"


class Role(StrEnum):
    """Whose certificate it is."""

    CI = "ci"
    EUM = "eum"
    EUICC = "euicc"
    DP_AUTH = "dp-auth"
    DP_PB = "dp-pb"
    DP_TLS = "dp-tls"
    DS_AUTH = "ds-auth"
    DS_TLS = "ds-tls"
    EIM_SIGN = "eim-sign"
    EIM_TLS = "eim-tls"


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """What a certificate of one role must say of itself."""

    policy: str | None
    """The policy OID; None where the role has none (an eIM's need not belong to the RSP certificate policy)."""
    critical_policy: bool = True
    is_authority: bool = False
    path_length: int | None = None
    signs_crls: bool = False
    is_tls: bool = False
    names_owner: bool = False
    """Whether the subject alternative name carries the owner's registered ID, by which DPauth and DPpb are matched."""


FACTS: dict[Role, RoleFacts] = {
    Role.CI: RoleFacts(f"{_POLICIES}.0", is_authority=True, signs_crls=True, names_owner=True),
    Role.EUM: RoleFacts(f"{_POLICIES}.2", is_authority=True, path_length=0, names_owner=True),
    Role.EUICC: RoleFacts(f"{_POLICIES}.1"),
    Role.DP_AUTH: RoleFacts(f"{_POLICIES}.4", names_owner=True),
    Role.DP_PB: RoleFacts(f"{_POLICIES}.5", names_owner=True),
    Role.DP_TLS: RoleFacts(f"{_POLICIES}.3", critical_policy=False, is_tls=True, names_owner=True),
    Role.DS_AUTH: RoleFacts(f"{_POLICIES}.7", names_owner=True),
    Role.DS_TLS: RoleFacts(f"{_POLICIES}.6", critical_policy=False, is_tls=True, names_owner=True),
    Role.EIM_SIGN: RoleFacts(None),
    Role.EIM_TLS: RoleFacts(None, is_tls=True),
}
