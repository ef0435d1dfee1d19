"""Data requests, BF52: what an IPA is asked to tell of itself and its eUICC (SGP.32 v1.2 §2.11.1.2).

Rules of this room:
- What is asked for has the tags and criteria of v1.2; what leaves has those of the IPA's own version.
- What a version cannot ask for is refused here, before it is queued: EncodeError.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.codec import DecodeError, EncodeError, encode
from harness.codec.tlv import parse
from harness.roles.eim.commands import tag_list
from harness.roles.eim.state import Device
from harness.roles.eim.versions import DEFAULT, ESIPA, EsipaForms

NOTIFICATIONS, RESULTS, JOINT_LIST = 0xA0, 0xA2, 0xBF2B
EVERYTHING = (NOTIFICATIONS, 0x81, RESULTS, 0xBF20, 0xBF22, 0x83, 0x84, 0xA5, 0xA6, 0xA8, 0xA9)
"""All tags that a tag list may name in v1.2; 5A and BF2D are none of them."""
_TAG_LIST = 0x5C
_CRITERIA = (0xA1, 0xA2)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one request asks for, as v1.2 has it."""

    tags: bytes | tuple[int, ...] = EVERYTHING
    """Octets are a tag list already, in whatever version, and leave as they are."""
    ci_key_id: bytes | None = None
    notification: tuple[str, Any] | None = None
    """A search criterion as the codec takes it."""
    result_sequence_number: int | None = None


def version_for(device: Device) -> str:
    """The version that a device's IPA is asked in."""
    return device.esipa_version


def data_request(
    transaction_id: bytes | None,
    tags: bytes | Iterable[int] = EVERYTHING,
    *,
    ci_key_id: bytes | None = None,
    notification: tuple[str, Any] | None = None,
    result_sequence_number: int | None = None,
    version: str = DEFAULT,
) -> bytes:
    """The IpaEuiccDataRequest for an IPA of this version. `notification` is a search criterion as the codec takes it.

    Raises EncodeError for what that version cannot ask for.
    """
    listed = tags if isinstance(tags, bytes) else tuple(tags)
    wanted = Wanted(listed, ci_key_id, notification, result_sequence_number)
    forms = ESIPA[version]
    value = _jointly(wanted, forms) if forms.joint_list else _separately(wanted)
    if transaction_id is not None and forms.names_request:
        value["eimTransactionId"] = transaction_id
    return encode("IpaEuiccDataRequest", value, version=forms.version)


def _separately(wanted: Wanted) -> dict[str, Any]:
    value: dict[str, Any] = {"tagList": tag_list(wanted.tags)}
    if wanted.ci_key_id is not None:
        value["euiccCiPKIdentifierToBeUsed"] = wanted.ci_key_id
    if wanted.notification is not None:
        value["searchCriteriaNotification"] = wanted.notification
    if wanted.result_sequence_number is not None:
        value["searchCriteriaEuiccPackageResult"] = ("seqNumber", wanted.result_sequence_number)
    return value


def _jointly(wanted: Wanted, forms: EsipaForms) -> dict[str, Any]:
    value: dict[str, Any] = {"tagList": tag_list(_own_tags(wanted.tags, forms))}
    if wanted.ci_key_id is not None:
        value["euiccCiPKId"] = wanted.ci_key_id
    criterion = _joint_criterion(wanted, forms)
    if criterion is not None:
        value["searchCriteria"] = criterion
    return value


def _own_tags(tags: bytes | tuple[int, ...], forms: EsipaForms) -> bytes | tuple[int, ...]:
    if isinstance(tags, bytes):
        return tags
    own = tuple(dict.fromkeys(forms.data_tags.get(tag, tag) for tag in tags))
    unknown = [f"{tag:X}" for tag in own if tag not in forms.data]
    if unknown:
        raise EncodeError(
            f"IpaEuiccData of SGP.32 v{forms.version} has no {', '.join(unknown)}",
            hint="ask for tags of that version, or for those of v1.2 that it has under another tag",
        )
    return own


def _joint_criterion(wanted: Wanted, forms: EsipaForms) -> tuple[str, Any] | None:
    """The criterion for the joint list. Without one it holds all there is."""
    tags = () if isinstance(wanted.tags, bytes) else wanted.tags
    asks_for_notifications = NOTIFICATIONS in tags or JOINT_LIST in tags
    narrowed = (
        (wanted.notification is not None, RESULTS in tags),
        (wanted.result_sequence_number is not None, asks_for_notifications),
    )
    if all(is_given for is_given, _ in narrowed) or any(is_given and beside for is_given, beside in narrowed):
        raise EncodeError(
            f"SGP.32 v{forms.version} has one search criterion for notifications and results together",
            hint="ask for notifications and results in two requests",
        )
    if wanted.notification is not None:
        return wanted.notification
    if wanted.result_sequence_number is not None:
        return "seqNumber", wanted.result_sequence_number
    return ("euiccPackageResults", None) if RESULTS in tags and not asks_for_notifications else None


def asks_for(request: bytes, wanted: bytes) -> bool:
    """Whether a data request asks for everything that the other one does. Both are ours, for one IPA."""
    have, want = parse(request), parse(wanted)
    if not set(tags_of(want.get(_TAG_LIST).value)) <= set(tags_of(have.get(_TAG_LIST).value)):
        return False
    narrowing = (have.find(tag) for tag in _CRITERIA)
    asked = [found.raw for tag in _CRITERIA if (found := want.find(tag)) is not None]
    return all(found is None or found.raw in asked for found in narrowing)


def tags_of(listed: bytes) -> list[int]:
    """The tags in the octets of a tag list, 5C. Raises DecodeError."""
    tags, at = [], 0
    while at < len(listed):
        length = 2 if listed[at] & 0x1F == 0x1F else 1
        if at + length > len(listed):
            raise DecodeError("a tag list ends within a tag", offset=at)
        tags.append(int.from_bytes(listed[at : at + length], "big"))
        at += length
    return tags
