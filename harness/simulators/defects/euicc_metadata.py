"""Defects of an eUICC in what it keeps, and shows, of a profile's metadata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.codec import tlv
from harness.codec.tlv import Tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, around
from harness.simulators.euicc.device import Device
from harness.simulators.euicc.state import CardState

_ICON_TYPE, _ICON = 0x93, 0x94
_NOTIFICATIONS, _OWNER, _DP_DATA, _POLICY, _SERVICE_DATA = 0xB6, 0xB7, 0xB8, 0x99, 0xBF22
_ECALL_INDICATION, _FALLBACK_ALLOWED = 0x9F7B, 0x9F67
_MCC_MNC = 0x80
_PNG = b"\x01"
_SHORT = 64

Shown = Callable[[Tlv], bytes]
"""What a card shows of one field of ProfileInfo."""


def _listing(shown: Shown) -> Change:
    """Whatever lists profiles shows their fields so."""

    def wrapper(inner: Any, device: Device, state: CardState, request: Tlv) -> bytes:
        listed: bytes = inner(device, state, request)
        found = tlv.parse(listed).find(0xA0)
        if found is None:
            return listed
        entries = (tlv.build(entry.tag, *(shown(field) for field in entry.children)) for entry in found.children)
        return tlv.build(0xBF2D, tlv.build(0xA0, *entries))

    return around("profile-list", wrapper)


def _without(tag: int) -> Change:
    return _listing(lambda field: b"" if field.tag == tag else field.raw)


def _first_of(tag: int) -> Change:
    return _listing(lambda field: tlv.build(tag, field.children[0].raw) if field.tag == tag else field.raw)


def _cut_icon(field: Tlv) -> bytes:
    return tlv.build(field.tag, field.value[:_SHORT]) if field.tag == _ICON else field.raw


def _png_only(field: Tlv) -> bytes:
    return tlv.build(field.tag, _PNG) if field.tag == _ICON_TYPE else field.raw


def _without_groups(field: Tlv) -> bytes:
    return tlv.build(field.tag, field.get(_MCC_MNC).raw) if field.tag == _OWNER else field.raw


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define("cuts-icon-short", f"No more than {_SHORT} octets of an icon are kept.", _listing(_cut_icon)),
    _define("calls-every-icon-a-png", "iconType is png, whatever the icon is.", _listing(_png_only)),
    _define(
        "lists-first-receiver-only", "Of those who want notifications the first is listed.", _first_of(_NOTIFICATIONS)
    ),
    _define("drops-groups-of-owner", "Of the profile's owner MCC and MNC are kept alone.", _listing(_without_groups)),
    _define("drops-dp-proprietary-data", "What the SM-DP+ had kept with the profile is gone.", _without(_DP_DATA)),
    _define(
        "drops-service-specific-data", "What a vendor had stored with the profile is gone.", _without(_SERVICE_DATA)
    ),
    _define("hides-policy-rules", "Policy rules are not shown in the list of profiles.", _without(_POLICY)),
    _define(
        "forgets-ecall-indication", "No profile is listed as one for emergency calls.", _without(_ECALL_INDICATION)
    ),
    _define(
        "forgets-fallback-allowed",
        "No profile is listed as one that may be fallen back to.",
        _without(_FALLBACK_ALLOWED),
    ),
)
