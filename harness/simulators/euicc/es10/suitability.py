"""Whether a profile's elements suit its metadata and this card, one by one as they come (SGP.22 §5.5.5)."""

from __future__ import annotations

from typing import Any

from harness.codec.digits import exchanged, unswapped
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.download import Installation
from harness.simulators.euicc.filesystem import EF_IMSI, files_of
from harness.simulators.euicc.state import CardState, ProfileClass, metadata_fields

Element = tuple[str, Any]

_ICCID, _CLASS, _OWNER, _PLMN = 0x5A, 0x95, 0xB7, 0x80
_TEST_USIM_KEY = bytes(range(16))
"""K of the test USIM (TS 34.108 §8.1.2)."""


def metadata_matches(metadata: bytes, element: Element) -> bool:
    """The ICCID of PE-Header is that of the metadata, and the IMSI begins with the network of the profile's owner."""
    kind, value = element
    fields = metadata_fields(metadata)
    if kind == "header":
        return exchanged(value["iccid"]) == fields[_ICCID].value
    owner = fields.get(_OWNER)
    imsi = next((file.contents for file in files_of([element]) if file.path == EF_IMSI), b"")
    return owner is None or not imsi or unswapped(imsi[1:])[1:].startswith(_network(owner.get(_PLMN).value))


def network_key_allowed(metadata: bytes, element: Element) -> bool:
    """A test profile authenticates to no operator's network: its key is all zeros or that of the test USIM."""
    kind, value = element
    profile_class = metadata_fields(metadata).get(_CLASS)
    if kind != "akaParameter" or profile_class is None or profile_class.value[-1] != ProfileClass.TEST:
        return True
    chosen, parameter = value["algoConfiguration"]
    return chosen != "algoParameter" or parameter["key"] == _TEST_USIM_KEY or not any(parameter["key"])


def memory_suffices(config: CardConfig, state: CardState, installation: Installation) -> bool:
    """The profile as far as it came fits beside those that are there."""
    return state.used_memory + installation.elements.room <= config.memory_size


def _network(plmn: bytes) -> str:
    """The five or six digits of three octets as in a PLMN list."""
    digits = exchanged(plmn).hex()
    return digits[:3] + digits[4:] + digits[3].replace("f", "")
