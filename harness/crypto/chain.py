"""Whether a chain of RSP certificates holds: explicit rules, each with a name (SGP.22 v2.5 §4.5.2).

Rules of this room:
- Every rule is one entry of `chain_rules.RULES` and looks at one certificate below its issuer. A refusal names the rule and
  whose certificate broke it, since RSP answers differently for an EUM's and an eUICC's.
- `…_faults` finds everything that is wrong; `verify_…` raises for the first. Chains have no clock: without `now` validity is
  not judged, as on a card.
- The root is taken as trusted because the caller gave it; its own form is checked like any other's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from harness.crypto.certificates import Certificate
from harness.crypto.chain_rules import RULES, Link
from harness.crypto.eid import digits_of
from harness.crypto.errors import CryptoError
from harness.crypto.roles import Role

SERVER_ROLES: Final = frozenset(
    {Role.DP_AUTH, Role.DP_PB, Role.DP_TLS, Role.DS_AUTH, Role.DS_TLS, Role.EIM_SIGN, Role.EIM_TLS}
)
"""Who stands directly below the CI."""


@dataclass(frozen=True, slots=True)
class ChainFault:
    """One rule that one certificate breaks."""

    rule: str
    role: Role
    """Whose certificate."""
    detail: str

    def __str__(self) -> str:
        return f"{self.role} certificate, {self.rule}: {self.detail}"


class ChainRefusal(CryptoError):
    """A chain that does not hold. `rule` is the first rule broken, in the order of RULES from the root down."""

    def __init__(self, fault: ChainFault) -> None:
        super().__init__(str(fault))
        self.fault = fault
        self.rule = fault.rule
        self.role = fault.role


def euicc_chain_faults(
    ci: Certificate, eum: Certificate, euicc: Certificate, *, eid: bytes | str = "", now: datetime | None = None
) -> tuple[ChainFault, ...]:
    """Everything wrong with the chain of an eUICC; empty where it holds. `eid` is the one it must be for, if known."""
    links = (
        Link(Role.CI, ci, ci, 1, now),
        Link(Role.EUM, eum, ci, 0, now),
        Link(Role.EUICC, euicc, eum, 0, now, digits_of(eid)),
    )
    return tuple(fault for link in links for fault in _broken(link))


def verify_euicc_chain(
    ci: Certificate, eum: Certificate, euicc: Certificate, *, eid: bytes | str = "", now: datetime | None = None
) -> None:
    """Raises ChainRefusal for the first rule that the chain CI, EUM, eUICC breaks."""
    _refuse(euicc_chain_faults(ci, eum, euicc, eid=eid, now=now))


def server_chain_faults(
    ci: Certificate, leaf: Certificate, role: Role | str, *, now: datetime | None = None
) -> tuple[ChainFault, ...]:
    """Everything wrong with a certificate directly below the CI, used in this role; empty where it holds."""
    role = Role(role)
    if role not in SERVER_ROLES:
        raise ValueError(f"{role} does not stand directly below the CI as a leaf")
    links = (Link(Role.CI, ci, ci, 0, now), Link(role, leaf, ci, 0, now))
    return tuple(fault for link in links for fault in _broken(link))


def verify_server_chain(ci: Certificate, leaf: Certificate, role: Role | str, *, now: datetime | None = None) -> None:
    """Raises ChainRefusal for the first rule that the certificate breaks in this role ("dp-auth", "dp-pb", …)."""
    _refuse(server_chain_faults(ci, leaf, role, now=now))


def _broken(link: Link) -> Iterator[ChainFault]:
    for rule, complaint in RULES.items():
        detail = complaint(link)
        if detail:
            yield ChainFault(rule, link.role, detail)


def _refuse(faults: tuple[ChainFault, ...]) -> None:
    if faults:
        raise ChainRefusal(faults[0])
