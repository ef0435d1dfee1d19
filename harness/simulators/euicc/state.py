"""What a card keeps when it has no power: one frozen value.

Rules of this room:
- A function of the card takes a CardState and returns the next one; only the card itself commits it, as a whole.
- Octets that came from outside (metadata, eIM configuration) are kept as received, so that they can be given back so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.simulators.euicc.domain import SecurityDomain


class Event(IntEnum):
    """NotificationEvent: the number of its bit."""

    INSTALL = 0
    ENABLE = 1
    DISABLE = 2
    DELETE = 3

    @property
    def bits(self) -> bytes:
        """Contents of the BIT STRING with this bit only."""
        return bytes([7 - self.value, 0x80 >> self.value])


class ProfileClass(IntEnum):
    """ProfileClass of ProfileInfo and StoreMetadataRequest."""

    TEST = 0
    PROVISIONING = 1
    OPERATIONAL = 2


@dataclass(frozen=True, slots=True)
class ElementaryFile:
    """A file of an installed profile that a terminal can read."""

    path: bytes
    """File identifiers from below the MF or, beginning 7FFF, from below the USIM's ADF."""
    contents: bytes
    record_length: int = 0
    """0 for a transparent file."""


@dataclass(frozen=True, slots=True)
class Profile:
    """An installed profile."""

    iccid: bytes
    """10 octets as in EF_ICCID: nibbles swapped."""
    isdp_aid: bytes
    metadata: bytes
    """The StoreMetadataRequest (BF25), without what is not to be stored, with what the operator updated since."""
    size: int
    """Octets of memory that it takes."""
    ci_key_id: bytes
    """The CI under which it was downloaded: its notifications are signed under the same one."""
    dp_proprietary_data: bytes = b""
    """What the SM-DP+ configured for itself (DpProprietaryData, B8), as received; empty: nothing."""
    smdp_oid: str = ""
    smdp_address: str = ""
    enabled: bool = False
    fallback: bool = False
    preloaded: bool = False
    usim_aid: bytes = b""
    files: tuple[ElementaryFile, ...] = ()
    domain: SecurityDomain | None = None
    """The operator's security domain; None in a profile that brought none."""

    def field(self, tag: int) -> Tlv | None:
        """One field of the metadata."""
        return metadata_fields(self.metadata).get(tag)

    @property
    def profile_class(self) -> int:
        found = self.field(0x95)
        return ProfileClass.OPERATIONAL if found is None else int.from_bytes(found.value, "big")

    @property
    def policy_rules(self) -> frozenset[int]:
        """The bits set in profilePolicyRules: 1 is PPR1, 2 is PPR2."""
        found = self.field(0x99)
        return frozenset() if found is None else bits_of(found.value)


@dataclass(frozen=True, slots=True)
class EimAssociation:
    """An eIM that this card obeys."""

    eim_id: str
    counter: int
    """counterValue of the last package taken from it."""
    token: int | None
    fields: bytes
    """The other fields of its EimConfigurationData, as received and in order."""

    @property
    def key_data(self) -> Tlv | None:
        return fields_of(self.fields).get(0xA5)

    @property
    def ci_key_id(self) -> bytes | None:
        """euiccCiPKId: under which CI results for it are signed. None where it named none."""
        found = fields_of(self.fields).get(0x88)
        return None if found is None else found.value


@dataclass(frozen=True, slots=True)
class Notification:
    """A pending notification, signed."""

    sequence: int
    event: int
    address: str
    iccid: bytes
    metadata: bytes
    """The NotificationMetadata (BF2F)."""
    signed: bytes
    """The PendingNotification: BF37, or 30 with both certificates."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """An eUICC Package Result that no eIM acknowledged yet."""

    sequence: int
    eim_id: str
    octets: bytes
    """The BF51."""


@dataclass(frozen=True, slots=True)
class RollbackGrant:
    """What an enable with rollbackFlag allows the IPA to undo."""

    previous_iccid: bytes
    result_sequence: int
    eim: EimAssociation
    counter: int
    transaction_id: bytes | None
    eim_signature: bytes = b""
    """Of the package that granted it."""


@dataclass(frozen=True, slots=True)
class ImmediateEnable:
    """Configuration of immediate enabling (SGP.32 v1.2 §5.9.17)."""

    allowed: bool = False
    smdp_oid: str | None = None
    smdp_address: str | None = None


@dataclass(frozen=True, slots=True)
class CardState:
    """All that survives a reset."""

    default_smdp_address: str = ""
    profiles: tuple[Profile, ...] = ()
    eims: tuple[EimAssociation, ...] = ()
    notifications: tuple[Notification, ...] = ()
    results: tuple[StoredResult, ...] = ()
    sequence: int = 0
    """The last number given to a notification or a result: they share one counter."""
    tokens_given: int = 0
    isdps_made: int = 0
    rollback: RollbackGrant | None = None
    return_iccid: bytes | None = None
    """The profile that was enabled before the fallback profile took over."""
    emergency: bool = False
    """The emergency profile is enabled as such (SGP.32 v1.2 §5.9.22)."""
    interrupted_iccid: bytes | None = None
    """The profile that was enabled before the emergency."""
    immediate: ImmediateEnable = ImmediateEnable()

    @property
    def enabled(self) -> Profile | None:
        return next((profile for profile in self.profiles if profile.enabled), None)

    @property
    def used_memory(self) -> int:
        return sum(profile.size for profile in self.profiles)

    def profile(self, iccid: bytes) -> Profile | None:
        return next((profile for profile in self.profiles if profile.iccid == iccid), None)

    def eim(self, eim_id: str) -> EimAssociation | None:
        return next((eim for eim in self.eims if eim.eim_id == eim_id), None)

    def with_profile(self, changed: Profile) -> CardState:
        """The same with the profile of this ICCID replaced."""
        return replace(self, profiles=tuple(changed if p.iccid == changed.iccid else p for p in self.profiles))

    def with_eim(self, changed: EimAssociation) -> CardState:
        """The same with the eIM of this eimId replaced, or added behind the others."""
        if self.eim(changed.eim_id) is None:
            return replace(self, eims=(*self.eims, changed))
        return replace(self, eims=tuple(changed if e.eim_id == changed.eim_id else e for e in self.eims))


def bits_of(contents: bytes) -> frozenset[int]:
    """The numbers of the bits set in a BIT STRING's contents octets."""
    unused, octets = contents[0], contents[1:]
    return frozenset(n for n in range(8 * len(octets) - unused) if octets[n // 8] & 0x80 >> n % 8)


def bit_string(bits: Iterable[int]) -> bytes:
    """Contents octets of a named BIT STRING, trailing zeros left out (X.690 §11.2.2)."""
    wanted = set(bits)
    count = max(wanted, default=-1) + 1
    number = sum(1 << (count - 1 - bit) for bit in wanted) << (-count % 8)
    return bytes([-count % 8]) + number.to_bytes((count + 7) // 8, "big")


@lru_cache(maxsize=64)
def metadata_fields(metadata: bytes) -> dict[int, Tlv]:
    """The fields of a StoreMetadataRequest by tag."""
    return {field.tag: field for field in tlv.parse(metadata).children}


@lru_cache(maxsize=64)
def fields_of(fields: bytes) -> dict[int, Tlv]:
    """A row of TLVs by tag."""
    return {field.tag: field for field in tlv.parse_all(fields)}
