"""The three kinds of trust that a card may put in a lab, each its own, and which of them one card can have.

- verify: the lab has the CI certificate that the card's own leads to, so that what it signs is believed;
- smdp: the lab has the keys of an SM-DP+ under a CI that the card believes, so that it installs our profiles;
- eim: a key of the lab's is that of an eIM on the card, so that it executes our packages.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.crypto.roles import Role
from harness.lab.inspection import SGP22, Inspection

if TYPE_CHECKING:
    from harness.crypto.pki import TestPki

VERIFY, SMDP, EIM = "verify", "smdp", "eim"
IN_WORDS = {
    VERIFY: "verify what the card signs",
    SMDP: "act as its SM-DP+",
    EIM: "act as its eIM",
}


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether one kind of trust can be had, and why (not)."""

    name: str
    can: bool
    why: str


def possible_trusts(found: Inspection, pki: TestPki, own_eim_ids: Collection[str]) -> tuple[Trust, ...]:
    """What this card can be tested with. `own_eim_ids` are the names of eIMs that the lab has the keys of."""
    return _verify(found), _smdp(found, pki), _eim(found, own_eim_ids)


def _verify(found: Inspection) -> Trust:
    if found.curve:
        return Trust(VERIFY, True, f"its certificate leads to the lab's CI on {found.curve}")
    return Trust(VERIFY, False, found.chain or "it gave no certificate")


def _smdp(found: Inspection, pki: TestPki) -> Trust:
    believed = [key.ours for key in found.ci_keys if key.ours and key.verifies]
    curves = [curve for curve in believed if pki.trust(curve).has(Role.DP_AUTH) and pki.trust(curve).has(Role.DP_PB)]
    if curves:
        return Trust(SMDP, True, f"the lab has SM-DP+ keys under its CI on {', '.join(curves)}")
    if believed:
        return Trust(SMDP, False, f"the lab has no SM-DP+ keys under the CI on {', '.join(believed)}")
    known = ", ".join(key.key_id for key in found.ci_keys if key.verifies) or "none"
    return Trust(SMDP, False, f"it believes none of the lab's CIs (it names {known}): a production card, most likely")


def _eim(found: Inspection, own_eim_ids: Collection[str]) -> Trust:
    if found.kind == SGP22:
        return Trust(EIM, False, "it is an SGP.22 eUICC and knows no eIM")
    if found.eims is None:
        return Trust(EIM, False, f"its eIMs are not known: {found.refused.get('GetEimConfigurationData', 'not asked')}")
    ours = [eim.eim_id for eim in found.eims if eim.eim_id in own_eim_ids]
    if ours:
        return Trust(EIM, True, f"{', '.join(ours)} of the lab is already on it")
    if not found.eims:
        return Trust(
            EIM, True, "it has no eIM yet: AddInitialEim takes the lab's (`join: initial` keeps what else is on it)"
        )
    names = ", ".join(eim.eim_id for eim in found.eims)
    ways = "import that eIM's key, have its owner send `sgp32 lab export-eim`, or reset the card's eIMs where allowed"
    return Trust(EIM, False, f"it has {names}, whose key the lab does not have; {ways} (`trust: eim: join:`)")
