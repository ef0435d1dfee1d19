"""Being an eIM of a card that belongs to somebody else: whose key, which counter, and what to do when it is lost.

The joined eIM is used for one thing: to add the eIMs that cases use, and to delete them again. So no case spends its
counter beyond that, and none is its last eIM.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.codec import encode, tlv
from harness.errors import LabFault
from harness.lab.parties import association_store
from harness.lab.trust import EXPORT, Joining, signing_key
from harness.roles.eim import Eim, EimIdentity
from harness.roles.eim.commands import add_eim, list_profile_info
from harness.roles.eim.identity import configuration

if TYPE_CHECKING:
    from harness.lab.rack import Rack
    from harness.roles.es10 import Es10

EXPORTED_EIM_ID = "joined.eim.harness.test"
"""Our eIM on cards whose owner adds it: none that a case uses, so that a case cannot spend or delete it."""
_REPLAY = 4
_ADVICE = "have the card's owner send an updateEim with a new counter, or join under an eimId that it never had"


def joined_identity(rack: Rack, joining: Joining) -> EimIdentity:
    """Who the lab is to the card. Raises LabFault where the key that the lab file names is gone."""
    trust = rack.pki.trust("nist")
    if joining.way == EXPORT:
        own = trust.eim(EXPORTED_EIM_ID)
        return EimIdentity(
            EXPORTED_EIM_ID,
            own.private_key,
            fqdn=EXPORTED_EIM_ID,
            certificate=own.certificate,
            tls_trust=("trustedCertificateTls", trust.ci.certificate),
        )
    assert joining.key is not None, "joining by import names a key"
    try:
        return EimIdentity(joining.eim_id, signing_key(joining.key))
    except (OSError, ValueError) as problem:
        raise LabFault(f"the key of the eIM {joining.eim_id} cannot be read: {problem}") from problem


def request_for_owner(rack: Rack, eid: str) -> dict[str, str]:
    """What the owner of a card signs and sends to it so that our eIM becomes one of its eIMs: an addEim.

    Octets in hexadecimal. The owner's eIM puts `eco_list` as euiccPackage into a package of its own.
    """
    identity = joined_identity(rack, Joining(EXPORT))
    eco = encode("Eco", add_eim(configuration(identity)))
    return {
        "eid": eid,
        "eim_id": identity.eim_id,
        "add_eim": eco.hex().upper(),
        "eco_list": tlv.build(0xA1, eco).hex().upper(),
        "note": "no association token is asked for; the counter starts at 0",
    }


def joined_eim(rack: Rack, joining: Joining, device: str) -> Eim:
    """The joined eIM. What the lab's state remembers of it counts, unless the lab file knows of a later counter."""
    return Eim(
        joined_identity(rack, joining), rack.entropy.child(f"joined/{device}"), store=association_store(rack, device)
    )


def take_up(eim: Eim, es10: Es10, eid: bytes, joining: Joining) -> int:
    """Makes the card known to its joined eIM and shows that it takes packages; how many it took to find the counter.

    A lost counter is looked for upwards in steps of 1, 10, 100… up to `joining.search` above the known one. Raises
    LabFault with what is left to do where the card takes none.
    """
    certificates = es10.get_certs()
    known = eim.associate(
        eid,
        euicc_certificate=certificates.euicc or None,
        eum_certificate=certificates.eum or None,
        association_token=joining.token,
    )
    last = max(known.association.counter, joining.counter)
    tried = 0
    for tried, counter in enumerate(_upwards(last, joining.search), 1):
        answer = es10.load_package(eim.package(list_profile_info(), eid=eid, counter=counter))
        if answer.is_result:
            return tried
        if answer.kind == "error-unsigned":
            hint = "compare eimId, key and association token in the lab file with the card's eIM"
            raise LabFault(f"the card believes no package of the eIM {eim.identity.eim_id}", hint=hint)
        if answer.error_code != _REPLAY:
            said = f"the card refuses a package of the eIM {eim.identity.eim_id}: error {answer.error_code}"
            raise LabFault(said, hint=_ADVICE)
    raise LabFault(
        f"the counter of the eIM {eim.identity.eim_id} is lost: the card has used all {tried} that were tried above {last}",
        hint=f"{_ADVICE}; or raise `search` ({joining.search})",
    )


def _upwards(last: int, search: int) -> Iterator[int]:
    step = 1
    while step <= search:
        yield last + step
        step *= 10
