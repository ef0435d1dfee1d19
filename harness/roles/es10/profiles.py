"""The profiles on an eUICC (SGP.32 v1.2 §5.9.14)."""

from __future__ import annotations

from dataclasses import dataclass

from harness.codec import tlv
from harness.errors import MalformedAnswer
from harness.roles.es10.reading import bits, decoded, inside, parsed

DISABLED, ENABLED = 0, 1


class ProfilesInfoError(MalformedAnswer):
    """GetProfilesInfo was answered with an error. `code` is that of ProfileInfoListError."""

    def __init__(self, code: int) -> None:
        super().__init__(f"GetProfilesInfo answered error {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class NotificationReceiver:
    """Who wants to hear of which events of a profile."""

    events: frozenset[int]
    """Bits of NotificationEvent: 0 install, 1 enable, 2 disable, 3 delete."""
    address: str


@dataclass(frozen=True, slots=True)
class ProfileInfo:
    """One profile, as far as the tag list asked for it: a field that was not in the answer is None."""

    raw: bytes
    """The whole E3."""
    tags: tuple[int, ...]
    """The tags inside E3, in the order received."""
    iccid: bytes | None
    """Ten octets as on the wire (nibbles swapped, F-padded)."""
    isdp_aid: bytes | None
    state: int | None
    """0 disabled, 1 enabled."""
    nickname: str | None
    service_provider_name: str | None
    name: str | None
    profile_class: int | None
    """0 test, 1 provisioning, 2 operational."""
    notification_receivers: tuple[NotificationReceiver, ...] | None
    owner_mcc_mnc: bytes | None
    policy_rules: frozenset[int] | None
    """Bits of PprIds: 1 disabling not allowed, 2 deletion not allowed."""
    ecall_indication: bool | None
    fallback_attribute: bool
    fallback_allowed: bool | None
    icon_type: int | None = None
    """0 JPEG, 1 PNG."""
    icon: bytes | None = None

    @property
    def is_enabled(self) -> bool:
        return self.state == ENABLED


def profiles(raw: bytes) -> tuple[ProfileInfo, ...]:
    """The answer to GetProfilesInfo, BF2D. Raises ProfilesInfoError for an error answer."""
    outer = parsed(raw, 0xBF2D)
    entries = inside(outer)
    if entries and entries[0].tag == 0x81:
        raise ProfilesInfoError(int.from_bytes(entries[0].value, "big"))
    if entries and entries[0].tag == 0xA0:
        entries = inside(entries[0])
    return tuple(_profile(entry) for entry in entries)


def _profile(entry: tlv.Tlv) -> ProfileInfo:
    value = decoded("ProfileInfo", entry.raw)
    receivers = value.get("notificationConfigurationInfo")
    owner = value.get("profileOwner")
    rules = value.get("profilePolicyRules")
    return ProfileInfo(
        raw=entry.raw,
        tags=tuple(child.tag for child in inside(entry)),
        iccid=value.get("iccid"),
        isdp_aid=value.get("isdpAid"),
        state=value.get("profileState"),
        nickname=value.get("profileNickname"),
        service_provider_name=value.get("serviceProviderName"),
        name=value.get("profileName"),
        profile_class=value.get("profileClass"),
        notification_receivers=None
        if receivers is None
        else tuple(
            NotificationReceiver(bits(entry["profileManagementOperation"]), entry["notificationAddress"])
            for entry in receivers
        ),
        owner_mcc_mnc=None if owner is None else owner["mccMnc"],
        policy_rules=None if rules is None else bits(rules),
        ecall_indication=value.get("ecallIndication"),
        fallback_attribute=value.get("fallbackAttribute", False),
        fallback_allowed=value.get("fallbackAllowed"),
        icon_type=value.get("iconType"),
        icon=value.get("icon"),
    )
