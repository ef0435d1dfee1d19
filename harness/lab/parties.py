"""The harness's own parties around a device: who our eIMs and our SM-DP+ are in this lab.

Rules of this room:
- Parties are made anew for every case, from the same identities, so that no case sees another one's leftovers. What a real
  card never forgets (counters, association tokens) is in the lab's state instead.
- Their chance is a child of the lab's, named for the case: a case sends the same messages whatever ran before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.crypto.entropy import Entropy
from harness.lab.file.device import defects_of
from harness.lab.file.reach import OUR_NAMES, Names
from harness.lab.servers import OTHER_SMDP_OID
from harness.roles.eim import CONFORMING, Eim, EimIdentity, JsonStore, MemoryStore
from harness.roles.eim.results import PackageResult
from harness.roles.smdp import CONFORMING as SMDP_CONFORMING
from harness.roles.smdp import DEFAULT_ADDRESS, Smdp, SmdpIdentity
from harness.roles.smds import CONFORMING as SMDS_CONFORMING
from harness.roles.smds import Smds, SmdsIdentity
from harness.simulators.defects import broken

if TYPE_CHECKING:
    from harness.crypto.pki import TestPki
    from harness.lab.rack import Rack
    from harness.roles.eim.ports import AssociationStore, HttpPort
    from harness.roles.smdp.ports import HttpPort as SmdsPort

EIM_IDS = OUR_NAMES.eims
"""The first is the `eim` of a case, the second its `other_eim`."""


def eim_identity(
    rack: Rack, number: int = 0, *, offers_indirect_download: bool = True, names: Names = OUR_NAMES
) -> EimIdentity:
    """Our eIM of this number. Its name carries no port: whoever talks to it is told where the name leads.

    Where devices have no name for it, its configuration has no eimFqdn.
    """
    trust = rack.pki.trust("nist")
    eim_id = EIM_IDS[number]
    signing = trust.eim_sign if number == 0 else trust.eim(eim_id)
    return EimIdentity(
        eim_id,
        signing.private_key,
        fqdn=names.eims[number] if number < len(names.eims) else None,
        certificate=signing.certificate,
        tls_trust=("trustedCertificateTls", trust.ci.certificate),
        ci_key_id=trust.ci_key_id,
        offers_indirect_download=offers_indirect_download,
    )


def new_eim(
    rack: Rack,
    entropy: Entropy,
    number: int = 0,
    *,
    device: str = "",
    offers_indirect_download: bool = True,
    http: HttpPort | None = None,
    defects: Iterable[str] = (),
    names: Names = OUR_NAMES,
    store: AssociationStore | None = None,
    remembers: int | None = None,
    acknowledges_strays: bool = False,
) -> Eim:
    """A reference eIM. `device` names the EID whose counters a lab with a memory keeps; `store` stands in for that memory.

    `remembers` is how many events it holds on to at least; None: all of them. With `acknowledges_strays` a card may forget
    results that belong to no operation of this eIM, as those which a case left behind.
    """
    identity = eim_identity(rack, number, offers_indirect_download=offers_indirect_download, names=names)
    trusted = [rack.pki.trust(curve).ci.certificate for curve in rack.pki.curves]
    rules = broken(CONFORMING, "eim", defects_of("eim", defects))
    if acknowledges_strays:
        rules = rules.replacing("unmatched-numbers", _stray_numbers)
    return Eim(
        identity,
        entropy.child(identity.eim_id),
        rules,
        store or association_store(rack, device),
        http=http,
        trusted_ci=trusted,
        remembers=remembers,
    )


def _stray_numbers(result: PackageResult) -> tuple[int, ...]:
    return () if result.sequence_number is None else (result.sequence_number,)


def association_store(rack: Rack, device: str) -> AssociationStore:
    """Where counters and tokens of a device are kept: with the lab's state, or for the run where it has none."""
    if rack.lab.state is None or not device:
        return MemoryStore()
    return JsonStore(rack.lab.state / "eims" / f"{device}.json")


def new_smdp(
    rack: Rack,
    entropy: Entropy,
    *,
    defects: Iterable[str] = (),
    pki: TestPki | None = None,
    address: str = DEFAULT_ADDRESS,
    http: SmdsPort | None = None,
) -> Smdp:
    """The reference SM-DP+ on every curve that the PKI has certificates for: the lab's, where no other is given.

    `http` is its way to SM-DSs.
    """
    rules = broken(SMDP_CONFORMING, "smdp", defects_of("smdp", defects))
    return Smdp(SmdpIdentity.of(pki or rack.pki, address), entropy.child("smdp"), rules, http=http)


def new_other_smdp(rack: Rack, entropy: Entropy, address: str, *, pki: TestPki | None = None) -> Smdp:
    """The SM-DP+ of another operator: another address, registered ID and certificates, under the same CI.

    Raises PkiError where the CI's key is not there to certify it.
    """
    known = ("other-smdp", address, pki)
    identity = rack.kept.get(known)
    if not isinstance(identity, SmdpIdentity):
        identity = rack.kept[known] = SmdpIdentity.another(pki or rack.pki, address, OTHER_SMDP_OID)
    return Smdp(identity, entropy.child("other-smdp"))


def new_smds(
    rack: Rack,
    entropy: Entropy,
    *,
    defects: Iterable[str] = (),
    pki: TestPki | None = None,
    address: str = OUR_NAMES.smds,
) -> Smds:
    """The reference SM-DS on every curve that the PKI has certificates for: the lab's, where no other is given."""
    rules = broken(SMDS_CONFORMING, "smds", defects_of("smds", defects))
    return Smds(SmdsIdentity.of(pki or rack.pki, address), entropy.child("smds"), rules)
