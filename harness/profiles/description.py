"""A profile as a person describes it: one subscription, its secrets, and what the eUICC is to do and tell about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CLASSES = ("test", "provisioning", "operational")
"""The profile classes in the order of their numbers in StoreMetadataRequest."""
EVENTS = ("install", "enable", "disable", "delete")
"""The notification events in the order of their bits in NotificationEvent."""
POLICY_RULES = {"ppr1": 1, "ppr2": 2}
"""Profile Policy Rules by their bits in PprIds: PPR1 forbids disabling, PPR2 forbids deletion."""
NETWORKS = ("simulator", "live")
"""Where a profile can attach: a simulator that knows the fixture subscribers, an operator's network."""
ALGORITHMS = ("milenage", "usim-test-algorithm")
ICONS = (b"\xff\xd8\xff", b"\x89PNG")
"""How a JPEG and a PNG begin, in the order of their numbers in IconType."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The operator a profile belongs to."""

    plmn: str
    """Five or six digits: MCC and MNC."""
    gid1: bytes = b""
    gid2: bytes = b""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told which events of a profile."""

    address: str
    events: tuple[str, ...]
    """Words of EVENTS."""


@dataclass(frozen=True, slots=True)
class ServiceData:
    """What a vendor adds to the metadata for itself (VendorSpecificExtension)."""

    vendor: str
    """Its object identifier with dots."""
    octets: bytes
    stored: bool = True
    """Whether the eUICC keeps it with the profile; else it is told to the IPA only."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an SM-DP+ tells the eUICC about a profile beside the package itself (SGP.32 StoreMetadataRequest)."""

    service_provider: str
    profile_name: str
    profile_class: str = "operational"
    owner: Owner | None = None
    receivers: tuple[Receiver, ...] = ()
    icon: bytes = b""
    """The octets of a JPEG or a PNG; empty for none."""
    service_data: tuple[ServiceData, ...] = ()
    policy_rules: tuple[str, ...] = ()
    """Words of POLICY_RULES."""
    fallback_allowed: bool | None = None
    """None leaves the field out."""
    ecall: bool | None = None


@dataclass(frozen=True, slots=True)
class Authentication:
    """The network authentication of a USIM."""

    algorithm: str
    """One of ALGORITHMS."""
    key: bytes
    opc: bytes


@dataclass(frozen=True, slots=True)
class Codes:
    """The secrets of the card holder and of the operator's administrator, as digits."""

    pin1: str = "0000"
    puk1: str = "11111111"
    pin2: str = "9999"
    puk2: str = "22222222"
    adm1: str = "55555555"


@dataclass(frozen=True, slots=True)
class OtaKeys:
    """The AES keys of the operator's security domain for secured packets (SCP80)."""

    version: int
    encryption: bytes
    authentication: bytes
    key_encryption: bytes


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a profile package is built from."""

    imsi: str
    plmn: str
    """The home network, the first digits of the IMSI."""
    authentication: Authentication
    codes: Codes
    ota: OtaKeys
    apn: str = ""
    rfm_tar: bytes = b""
    """The toolkit application reference of remote file management; empty for none."""


@dataclass(frozen=True, slots=True)
class ProfileDescription:
    """One described profile: built from a subscription, or around a ready-made package."""

    name: str
    iccid: str
    """Digits with the check digit; empty for a ready-made package, whose header tells it."""
    metadata: Metadata
    subscription: Subscription | None
    package: Path | None = None
    networks: tuple[str, ...] = ("simulator",)
    """Words of NETWORKS."""
