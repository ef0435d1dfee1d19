"""Cards in slots: the simulated one in this process, the one behind a reader, and the way each becomes a CardPort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.crypto.eid import octets_of, with_check_digits
from harness.errors import DeviceFault, LabFault
from harness.lab.file import features
from harness.lab.file.configuration import Slot
from harness.lab.file.device import Simulated, defects_of
from harness.links.apdu import CardLink
from harness.roles.es10 import Es10, Terminal
from harness.roles.es10.ports import CardPort
from harness.roles.es10.versions import DEFAULT, version_named
from harness.simulators.defects import broken
from harness.simulators.euicc import CONFORMING, CardConfig, FileMemory, SimulatedEuicc, VolatileMemory

if TYPE_CHECKING:
    from harness.lab.rack import Rack
    from harness.roles.es10.identity import EuiccInfo2

_EID_PREFIX = "890490321234512345123456789"
"""Inside the range of the SGP.26 test EUM."""


def card_config(rack: Rack, slot_name: str, device: Simulated) -> CardConfig:
    """The card of a slot. Each slot of a lab has an EID of its own, the same in every run."""
    eid = device.eid or slot_eid(list(rack.lab.slots).index(slot_name))
    return CardConfig(
        eid=octets_of(eid),
        version=device.version,
        **features.flags((*device.lacks, *features.LACKING_IN[device.version])),
        **dict(device.habits),
    )


def slot_eid(position: int) -> str:
    """The EID of the simulated card in the slot at this position of the lab file."""
    return with_check_digits(f"{_EID_PREFIX}{position + 1:03}")


def card_memory(rack: Rack, slot_name: str) -> Path | None:
    """The file that a simulated card keeps its state in; None where the lab starts fresh."""
    return None if rack.lab.state is None else rack.lab.state / "cards" / f"{slot_name}.card"


def simulated_card(
    rack: Rack, slot_name: str, config: CardConfig, defects: Sequence[str], label: str
) -> SimulatedEuicc:
    """A card in this process, its keys from the lab's PKI, its chance from the lab's under `label`."""
    file = card_memory(rack, slot_name)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    return SimulatedEuicc(
        config,
        rack.pki.euicc_identities(config.eid),
        VolatileMemory() if file is None else FileMemory(file),
        rack.entropy.child(label),
        broken(CONFORMING, "euicc", defects_of("euicc", defects)),
    )


def conforming_card(rack: Rack, config: CardConfig) -> SimulatedEuicc:
    """A card like the one in the slot that breaks no rule and remembers nothing: snapshots are made with it."""
    label = f"conforming/{config.eid.hex()}"
    return SimulatedEuicc(
        config, rack.pki.euicc_identities(config.eid), VolatileMemory(), rack.entropy.child(label), CONFORMING
    )


def port_of(link: CardLink) -> CardPort:
    """What ES10 talks to: the harness's own terminal where it is one, else the modem."""
    return Terminal(link) if link.is_terminal else link


def checked_eid(link: CardLink, slot: Slot, expected: str) -> str:
    """What a real card says its EID is; `expected` is what the lab file says, empty where it leaves that open.

    Raises LabFault for a card that does not even tell its EID, for another one than expected, and for one that knows
    SGP.22 only: no case here is about it.
    """
    es10 = Es10(port_of(link))
    try:
        found = es10.get_eid().hex()
        knows_sgp22_only = is_sgp22_only(es10)
        es10.close()
    except DeviceFault as fault:
        raise LabFault(
            f"the card in slot {slot.name} does not tell its EID: {fault}",
            hint="is there an eUICC, the right way round?",
        ) from fault
    if expected and found != expected:
        hint = "put the right card in, or correct the EID in the lab file"
        raise LabFault(f"the card in slot {slot.name} is {found}, the lab file says {expected}", hint=hint)
    if knows_sgp22_only:
        hint = "put an IoT eUICC in; `sgp32 lab check` shows what this one says of itself"
        raise LabFault(f"the card in slot {slot.name} is an SGP.22 eUICC: it has nothing of SGP.32", hint=hint)
    return found


def is_sgp22_only(es10: Es10) -> bool:
    """Whether a card has neither iotSpecificInfo nor the functions that every SGP.32 eUICC has.

    One that has either is left to the cases: leaving out the other is its fault.
    """
    try:
        if es10.get_euicc_info2().iot_versions is not None:
            return False
    except DeviceFault:
        return False
    for ask in (es10.get_eim_configuration, es10.get_certs):
        try:
            ask()
        except DeviceFault:
            continue
        return False
    return True


@dataclass(frozen=True, slots=True)
class SaidByCard:
    """What a card said of itself when it was identified."""

    lacks: features.Lacks = field(default_factory=dict)
    version: str = DEFAULT
    """The SGP.32 version that is spoken with it."""
    version_in_words: str = ""
    """The same for the record, with who says so."""


def said_by_card(rack: Rack, slot: Slot, es10: Es10) -> SaidByCard:
    """What the card says that it lacks and which version it is of, which `es10` speaks from now on.

    A simulated one is not asked: it is made as the lab file says, defects and all.
    """
    if isinstance(slot.device, Simulated):
        lacks = {} if "brainpool" in rack.pki.curves else {"brainpool": "the lab's certificate set"}
        return SaidByCard(lacks, es10.dialect.schema, f"v{slot.device.version} (lab file)")
    return said_in(rack, es10.learn_version())


def said_in(rack: Rack, info: EuiccInfo2) -> SaidByCard:
    """The same of a real card, from its EUICCInfo2."""
    ci_ids = {str(curve): rack.pki.trust(curve).ci_key_id for curve in rack.pki.curves}
    told = ", ".join(".".join(map(str, version)) for version in info.iot_versions or ())
    version = version_named(info.iot_versions)
    words = f"the card says {told}" if told else "assumed: the card says none"
    return SaidByCard(features.said_by_card(info, ci_ids), version, f"v{version} ({words})")
