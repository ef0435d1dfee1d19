"""Being an eIM of a card that belongs to somebody else: whose key, which counter, and what to do when it is lost.

The joined eIM is used for one thing: to add the eIMs that cases use, and to delete them again. So no case spends its
counter beyond that, and none is its last eIM.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.codec import encode, tlv
from harness.errors import LabFault
from harness.lab.file.trust import DEFAULT_SEARCH, IMPORT, MOST_COUNTER, Joining, signing_key
from harness.lab.parties import association_store
from harness.roles.eim import TOKEN_REQUESTED, Eim, EimIdentity
from harness.roles.eim.commands import add_eim, list_profile_info, update_eim
from harness.roles.eim.identity import configuration

if TYPE_CHECKING:
    from harness.lab.rack import Rack
    from harness.roles.es10 import Es10

EXPORTED_EIM_ID = "joined.eim.harness.test"
"""Our eIM on cards whose owner adds it: none that a case uses, so that a case cannot spend or delete it."""
_OK, _REPLAY = 0, 4
_ADVICE = "have the card's owner send an updateEim with a new counter, or join under an eimId that it never had"


def joined_identity(rack: Rack, joining: Joining) -> EimIdentity:
    """Who the lab is to the card. Raises LabFault where the key that the lab file names is gone."""
    trust = rack.pki.trust("nist")
    if joining.way != IMPORT:
        name = joining.eim_id or EXPORTED_EIM_ID
        own = trust.eim(name)
        return EimIdentity(
            name,
            own.private_key,
            fqdn=name,
            certificate=own.certificate,
            tls_trust=("trustedCertificateTls", trust.ci.certificate),
        )
    assert joining.key is not None, "joining by import names a key"
    try:
        return EimIdentity(joining.eim_id, signing_key(joining.key))
    except (OSError, ValueError) as problem:
        raise LabFault(f"the key of the eIM {joining.eim_id} cannot be read: {problem}") from problem


def request_for_owner(rack: Rack, eid: str, joining: Joining) -> dict[str, str]:
    """What the owner of a card signs and sends to it so that our eIM becomes one of its eIMs: an addEim.

    Octets in hexadecimal. The owner's eIM puts `eco_list` as euiccPackage into a package of its own.
    """
    identity = joined_identity(rack, joining)
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


def take_up(eim: Eim, es10: Es10, eid: bytes, joining: Joining, helpers: Sequence[Eim] = ()) -> None:
    """Makes the card known to its joined eIM and shows that it takes packages.

    A lost counter is looked for upwards up to `joining.search` above the known one; where it is not found, one of `helpers`
    that is an eIM of the card too lets it begin anew by an updateEim. Raises LabFault with what is left to do where the card
    takes no package.
    """
    certificates = es10.get_certs()
    known = eim.associate(
        eid,
        euicc_certificate=certificates.euicc or None,
        eum_certificate=certificates.eum or None,
        association_token=joining.token,
    )
    last = max(known.association.counter, joining.counter)
    if find_counter(eim, es10, eid, last, joining.search):
        return
    present = {entry.eim_id for entry in es10.get_eim_configuration()}
    for helper in helpers:
        if helper.identity.eim_id in present and _begun_anew(eim, es10, eid, helper):
            return
    raise LabFault(
        f"the counter of the eIM {eim.identity.eim_id} is lost: the card has used all that were tried above {last}",
        hint=f"{_ADVICE}; or raise `search` ({joining.search})",
    )


def take_initial(eim: Eim, es10: Es10, eid: bytes, joining: Joining) -> None:
    """Makes our eIM the first one of a card that has none; one that an earlier run left there is taken up.

    Raises LabFault for a card that somebody else's eIM manages.
    """
    present = [entry.eim_id for entry in es10.get_eim_configuration()]
    if eim.identity.eim_id in present:
        take_up(eim, es10, eid, joining)
        return
    if present:
        hint = "join it by import or export, or reset its eIMs where that is allowed"
        raise LabFault(f"the card has the eIM {', '.join(present)} already: it takes no initial one", hint=hint)
    answer = es10.add_initial_eim([eim.configuration(association_token=TOKEN_REQUESTED)])
    if answer.error is not None or len(answer.entries) != 1:
        raise LabFault(
            f"the card takes no initial eIM: {answer.raw.hex().upper()}", hint="does it allow AddInitialEim?"
        )
    certificates = es10.get_certs()
    eim.associate(
        eid,
        euicc_certificate=certificates.euicc or None,
        eum_certificate=certificates.eum or None,
        association_token=answer.entries[0] or 0,
        counter=0,
        version=es10.dialect.schema,
    )


def find_counter(eim: Eim, es10: Es10, eid: bytes, last: int, search: int = DEFAULT_SEARCH) -> bool:
    """Looks for a counter that the card takes, in steps of 1, 10, 100… above `last`; False where all are used.

    Raises LabFault where the card refuses the eIM's packages for another reason.
    """
    for counter in _upwards(last, search):
        answer = es10.load_package(eim.package(list_profile_info(), eid=eid, counter=counter))
        if answer.is_result:
            return True
        if answer.kind == "error-unsigned":
            hint = "compare eimId, key and association token in the lab file with the card's eIM"
            raise LabFault(f"the card believes no package of the eIM {eim.identity.eim_id}", hint=hint)
        if answer.error_code != _REPLAY:
            said = f"the card refuses a package of the eIM {eim.identity.eim_id}: error {answer.error_code}"
            raise LabFault(said, hint=_ADVICE)
    return False


def _begun_anew(eim: Eim, es10: Es10, eid: bytes, helper: Eim) -> bool:
    """Whether the helper could set the eIM's counter back: it goes down only together with a key (SGP.32 v1.2 §3.5.1)."""
    update = update_eim({**eim.configuration(), "counterValue": 0})
    answer = es10.load_package(helper.package(update, eid=eid))
    if not answer.is_result or answer.result("updateEimResult") != _OK:
        return False
    eim.associate(eid, counter=0)
    return find_counter(eim, es10, eid, 0)


def _upwards(last: int, search: int) -> Iterator[int]:
    step = 1
    while step <= search and last + step <= MOST_COUNTER:
        yield last + step
        step *= 10
