"""The list of profiles: GetProfilesInfo (SGP.22 §5.7.15, SGP.32 v1.2 §5.9.14) and the PSMO listProfileInfo."""

from __future__ import annotations

from typing import Any

from harness.codec import DecodeError, decode, tlv
from harness.codec.tlv import Tlv
from harness.simulators.euicc.device import Answer, Device
from harness.simulators.euicc.state import CardState, Profile
from harness.simulators.euicc.versions import version_of

INCORRECT_INPUT_VALUES = 1
PROFILE_CHANGE_ONGOING = 11
DEFAULT_TAGS = (0x5A, 0x4F, 0x9F70, 0x91, 0x92, 0x95, 0x9F7B, 0x9F26, 0x9F67)
_KNOWN_TAGS = (
    0x5A, 0x4F, 0x9F70, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0xB6, 0xB7, 0xB8, 0x99, 0xBF22, 0x9F7B, 0x9F26, 0x9F67,
)  # fmt: skip
"""The fields of ProfileInfo in their order."""
_TRUE = b"\xff"


def get_profiles_info(device: Device, request: Tlv) -> Answer:
    """BF2D over ES10b."""
    return Answer(device.rules["profile-list"](device, device.state, request))


def profile_list(device: Device, state: CardState, request: Tlv) -> bytes:
    """ProfileInfoListResponse for a ProfileInfoListRequest (BF2D), both as TLV."""
    try:
        value = decode("ProfileInfoListRequest", request.raw)
        tags = _tag_list(value["tagList"]) if "tagList" in value else device.rules["default-profile-tags"]()
    except DecodeError:
        return list_error(INCORRECT_INPUT_VALUES)
    tags = tuple(tag for tag in tags if tag not in version_of(device.config).absent_profile_tags)
    wanted = value.get("searchCriteria")
    entries = [_entry(profile, tags) for profile in state.profiles if _matches(profile, wanted)]
    return tlv.build(0xBF2D, tlv.build(0xA0, *entries))


def list_error(code: int) -> bytes:
    """ProfileInfoListResponse that is an error."""
    return tlv.build(0xBF2D, tlv.integer(0x81, code))


def default_tags() -> tuple[int, ...]:
    """The tags that are sent where the request names none."""
    return DEFAULT_TAGS


def _entry(profile: Profile, tags: tuple[int, ...]) -> bytes:
    return tlv.build(0xE3, *(_field(profile, tag) for tag in _KNOWN_TAGS if tag in tags))


def _field(profile: Profile, tag: int) -> bytes:
    """One field of ProfileInfo; nothing where the profile has none. Unset booleans are left out (DER DEFAULT)."""
    if tag == 0x5A:
        return tlv.build(tag, profile.iccid)
    if tag == 0x4F:
        return tlv.build(tag, profile.isdp_aid)
    if tag == 0x9F70:
        return tlv.build(tag, bytes([profile.enabled]))
    if tag == 0x95:
        return tlv.integer(tag, profile.profile_class)
    if tag == 0x9F26:
        return tlv.build(tag, _TRUE) if profile.fallback else b""
    if tag == 0xB8:
        return profile.dp_proprietary_data
    found = profile.field(tag)
    return b"" if found is None else found.raw


def _tag_list(octets: bytes) -> tuple[int, ...]:
    """The tags in a tag list. Raises DecodeError for one that ends inside a tag or names something unknown."""
    found = []
    at = 0
    while at < len(octets):
        end = at + 1
        if octets[at] & 0x1F == 0x1F:
            while end < len(octets) and octets[end] & 0x80:
                end += 1
            end += 1
        tag = int.from_bytes(octets[at:end], "big")
        if end > len(octets) or tag not in _KNOWN_TAGS:
            raise DecodeError("not a tag of ProfileInfo", offset=at)
        found.append(tag)
        at = end
    return tuple(found)


def _matches(profile: Profile, criterion: tuple[str, Any] | None) -> bool:
    if criterion is None:
        return True
    kind, wanted = criterion
    if kind == "iccid":
        return bool(profile.iccid == wanted)
    if kind == "isdpAid":
        return bool(profile.isdp_aid == wanted)
    return bool(profile.profile_class == wanted)
