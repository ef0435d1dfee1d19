"""A profile package as an SM-DP+ holds it: the unprotected octets and the metadata that goes with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.codec import DecodeError, decode_pe, encode_pe, named_bits, tlv
from harness.codec.digits import swapped, unswapped
from harness.profiles.description import (
    CLASSES,
    EVENTS,
    ICONS,
    POLICY_RULES,
    Metadata,
    Owner,
    ProfileDescription,
)
from harness.profiles.elements import elements
from harness.profiles.numbers import ICCID_OCTETS, plmn_octets

_SERVICE_DATA = {"serviceSpecificDataStoredInEuicc": True, "serviceSpecificDataNotStoredInEuicc": False}


@dataclass(frozen=True, slots=True)
class ProfilePackage:
    """One profile, ready to be ordered."""

    name: str
    iccid: bytes
    """Ten octets as under tag 5A, nibbles swapped."""
    der: bytes
    """The unprotected profile package: profile elements in a row."""
    metadata: Mapping[str, Any]
    """The codec's value of StoreMetadataRequest."""
    description: ProfileDescription | None = None
    """What it was made from; None for octets taken as they came."""

    @property
    def iccid_digits(self) -> str:
        """The ICCID as it is printed."""
        return unswapped(self.iccid)

    @property
    def version(self) -> tuple[int, int]:
        """The format version its header asks for. Raises DecodeError where the package does not begin with a header."""
        header = header_of(self.der)
        return header["major-version"], header["minor-version"]


def build(description: ProfileDescription) -> ProfilePackage:
    """The package of a described profile; a ready-made one is read from its file.

    Raises DecodeError for a ready-made package without a header, OSError where it cannot be read.
    """
    if description.package is not None:
        ready = ready_made(description.name, description.package.read_bytes(), description.metadata)
        return ProfilePackage(ready.name, ready.iccid, ready.der, ready.metadata, description)
    if description.subscription is None:
        raise ValueError(f"{description.name} has neither a subscription nor a package")
    der = b"".join(encode_pe(element) for element in elements(description, description.subscription))
    iccid = swapped(description.iccid, ICCID_OCTETS)
    return ProfilePackage(description.name, iccid, der, store_metadata(iccid, description.metadata), description)


def ready_made(name: str, der: bytes, metadata: Metadata | None = None) -> ProfilePackage:
    """A package that somebody else made. Its ICCID, and its name where no metadata are given, come from its header.

    Raises DecodeError where it does not begin with a ProfileHeader.
    """
    header = header_of(der)
    iccid = swapped(header["iccid"].hex().upper().rstrip("F"), ICCID_OCTETS)
    metadata = metadata or Metadata(service_provider="", profile_name=str(header.get("profileType", name))[:64])
    return ProfilePackage(name, iccid, der, store_metadata(iccid, metadata))


def header_of(der: bytes) -> dict[str, Any]:
    """The ProfileHeader a package begins with. Raises DecodeError."""
    kind, header = decode_pe(tlv.first(der).raw) if der else ("nothing", {})
    if kind != "header":
        raise DecodeError(f"a profile package begins with a header, not with {kind}", offset=0)
    return dict(header)


def store_metadata(iccid: bytes, metadata: Metadata) -> dict[str, Any]:
    """The codec's value of StoreMetadataRequest for these metadata."""
    value: dict[str, Any] = {
        "iccid": iccid,
        "serviceProviderName": metadata.service_provider,
        "profileName": metadata.profile_name,
        "profileClass": CLASSES.index(metadata.profile_class),
    }
    if metadata.icon:
        value["iconType"] = next(number for number, head in enumerate(ICONS) if metadata.icon.startswith(head))
        value["icon"] = metadata.icon
    if metadata.receivers:
        value["notificationConfigurationInfo"] = [
            {
                "profileManagementOperation": named_bits(EVENTS.index(event) for event in receiver.events),
                "notificationAddress": receiver.address,
            }
            for receiver in metadata.receivers
        ]
    if metadata.owner is not None:
        value["profileOwner"] = _operator(metadata.owner)
    if metadata.policy_rules:
        value["profilePolicyRules"] = named_bits(POLICY_RULES[rule] for rule in metadata.policy_rules)
    for name, stored in _SERVICE_DATA.items():
        extensions = [data for data in metadata.service_data if data.stored is stored]
        if extensions:
            value[name] = [{"vendorOid": one.vendor, "vendorSpecificData": one.octets} for one in extensions]
    if metadata.ecall is not None:
        value["ecallIndication"] = metadata.ecall
    if metadata.fallback_allowed is not None:
        value["fallbackAllowed"] = metadata.fallback_allowed
    return value


def _operator(owner: Owner) -> dict[str, Any]:
    groups = {"gid1": owner.gid1, "gid2": owner.gid2}
    return {"mccMnc": plmn_octets(owner.plmn), **{name: value for name, value in groups.items() if value}}
