"""The commands of an eUICC Package: Psmo and Eco values as the codec takes them (SGP.32 v1.2 §2.11.1.1).

An ICCID is given as its digits ("8988…", written with swapped nibbles and an F behind an odd count) or as its octets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from harness.codec import tlv
from harness.codec.digits import swapped

Command = tuple[str, Any]

ECOS = frozenset({"addEim", "deleteEim", "updateEim", "listEim"})


def iccid_octets(iccid: str | bytes) -> bytes:
    """The ten octets of an ICCID. Raises ValueError for a wrong length or anything but digits."""
    if isinstance(iccid, str):
        if not iccid.isdecimal() or not 18 <= len(iccid) <= 20:
            raise ValueError(f"{iccid!r} is no ICCID of 18 to 20 digits")
        iccid = swapped(iccid, 10)
    if len(iccid) != 10:
        raise ValueError(f"an ICCID has 10 octets, not {len(iccid)}")
    return bytes(iccid)


def tag_list(tags: bytes | Iterable[int]) -> bytes:
    """The octets of a tag list (5C) from tags as integers; octets pass unchanged."""
    return tags if isinstance(tags, bytes) else b"".join(tlv.tag_octets(tag) for tag in tags)


def enable(iccid: str | bytes, rollback: bool = False) -> Command:
    """Enable a profile; with `rollback` the IPA may go back when the new profile does not connect."""
    flag = {"rollbackFlag": None} if rollback else {}
    return "enable", {"iccid": iccid_octets(iccid), **flag}


def disable(iccid: str | bytes) -> Command:
    """Disable a profile."""
    return "disable", {"iccid": iccid_octets(iccid)}


def delete(iccid: str | bytes) -> Command:
    """Delete a disabled profile."""
    return "delete", {"iccid": iccid_octets(iccid)}


def list_profile_info(
    tags: bytes | Iterable[int] | None = None,
    iccid: str | bytes | None = None,
    *,
    isdp_aid: bytes | None = None,
    profile_class: int | None = None,
) -> Command:
    """List profiles, all or by one search criterion, with the default tags or those named."""
    value: dict[str, Any] = {}
    criteria: dict[str, Any] = {
        "iccid": None if iccid is None else iccid_octets(iccid),
        "isdpAid": isdp_aid,
        "profileClass": profile_class,
    }
    chosen = [(name, criterion) for name, criterion in criteria.items() if criterion is not None]
    if len(chosen) > 1:
        raise ValueError("profiles are searched by one criterion at most")
    if chosen:
        value["searchCriteria"] = chosen[0]
    if tags is not None:
        value["tagList"] = tag_list(tags)
    return "listProfileInfo", value


def get_rat() -> Command:
    """Read the Rules Authorisation Table."""
    return "getRAT", {}


def configure_immediate_enable(
    *, enabled: bool = True, smdp_oid: str | None = None, smdp_address: str | None = None
) -> Command:
    """Allow (or not) that a profile from this default SM-DP+ is enabled right after its installation."""
    value: dict[str, Any] = {"immediateEnableFlag": None} if enabled else {}
    if smdp_oid is not None:
        value["defaultSmdpOid"] = smdp_oid
    if smdp_address is not None:
        value["defaultSmdpAddress"] = smdp_address
    return "configureImmediateEnable", value


def set_fallback(iccid: str | bytes) -> Command:
    """Give the Fallback Attribute to a profile."""
    return "setFallbackAttribute", {"iccid": iccid_octets(iccid)}


def unset_fallback() -> Command:
    """Take the Fallback Attribute away."""
    return "unsetFallbackAttribute", {}


def set_default_dp_address(address: str) -> Command:
    """Set the default SM-DP+ address."""
    return "setDefaultDpAddress", {"defaultDpAddress": address}


def add_eim(configuration: Mapping[str, Any]) -> Command:
    """Associate another eIM; the configuration as `Eim.configuration` gives it."""
    return "addEim", dict(configuration)


def update_eim(configuration: Mapping[str, Any]) -> Command:
    """Change an associated eIM's configuration; fields that are absent stay."""
    return "updateEim", dict(configuration)


def delete_eim(eim_id: str) -> Command:
    """Remove an associated eIM."""
    return "deleteEim", {"eimId": eim_id}


def list_eim() -> Command:
    """List the associated eIMs."""
    return "listEim", {}
