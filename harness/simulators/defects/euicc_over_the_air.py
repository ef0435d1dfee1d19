"""Defects of an eUICC in what its operator does over the air: secured packets, and metadata that they update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.codec import tlv
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, answering, around, with_rule
from harness.simulators.euicc.es6 import FALLBACK_ALLOWED
from harness.simulators.euicc.short_messages import Part
from harness.simulators.euicc.state import Profile

_RECEIVERS, _ICON, _SERVICE_DATA = 0xB6, 0x94, 0xBF22


def _unchanged(profile: Profile, _changes: Mapping[int, bytes]) -> Profile:
    return profile


def _without_receivers(inner: Any, profile: Profile, changes: Mapping[int, bytes]) -> Profile:
    return inner(profile, {**changes, _RECEIVERS: b""})  # type: ignore[no-any-return]


def _passing_over(tag: int) -> Any:
    """Wraps the update: this field is not changed by it."""

    def wrapper(inner: Any, profile: Profile, changes: Mapping[int, bytes]) -> Profile:
        return inner(profile, {one: raw for one, raw in changes.items() if one != tag})  # type: ignore[no-any-return]

    return wrapper


def _no_longer_allowed(inner: Any, profile: Profile, changes: Mapping[int, bytes]) -> Profile:
    if FALLBACK_ALLOWED in changes:
        changes = {**changes, FALLBACK_ALLOWED: tlv.build(FALLBACK_ALLOWED, b"\x00")}
    return inner(profile, changes)  # type: ignore[no-any-return]


def _first_part_alone(inner: Any, waiting: dict[int, dict[int, Part]], part: Part) -> bytes | None:
    return inner(waiting, replace(part, count=1, number=1))  # type: ignore[no-any-return]


def _counter_stays(profile: Profile, _version: int, _counter: int) -> Profile:
    return profile


def _whatever_is_asked(_stored: frozenset[int], asked: frozenset[int]) -> frozenset[int]:
    return asked


def _as_before(stored: frozenset[int], _asked: frozenset[int]) -> frozenset[int]:
    return stored


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "says-metadata-updated-but-does-not",
        "UpdateMetadata is confirmed and changes nothing.",
        with_rule("metadata-updated", _unchanged),
    ),
    _define(
        "loses-receivers-at-an-update",
        "After UpdateMetadata the profile's changes are told to nobody.",
        around("metadata-updated", _without_receivers),
    ),
    _define(
        "keeps-the-icon-at-an-update",
        "UpdateMetadata changes the type of the icon and not the icon.",
        around("metadata-updated", _passing_over(_ICON)),
    ),
    _define(
        "drops-service-data-at-an-update",
        "UpdateMetadata passes over data of a vendor.",
        around("metadata-updated", _passing_over(_SERVICE_DATA)),
    ),
    _define(
        "takes-each-part-for-a-packet",
        "A secured packet in several short messages is read as several packets.",
        around("packet-joined", _first_part_alone),
    ),
    _define(
        "takes-packet-with-wrong-checksum",
        "The cryptographic checksum of a secured packet is not looked at.",
        answering("packet-checksum-holds", True),
    ),
    _define(
        "takes-unprotected-packet",
        "A packet without checksum, encipherment and counter is executed.",
        answering("packet-security-suffices", True),
    ),
    _define(
        "takes-replayed-packet",
        "The counter of a secured packet is not looked at.",
        answering("packet-counter-advances", True),
    ),
    _define(
        "never-moves-its-packet-counter",
        "The counter of a secured packet is compared and not kept.",
        with_rule("packet-counter-taken", _counter_stays),
    ),
    _define(
        "sets-policy-rules-over-the-air",
        "UpdateMetadata puts policy rules on a profile that had none.",
        with_rule("policy-rules-left", _whatever_is_asked),
    ),
    _define(
        "keeps-lifted-policy-rules",
        "UpdateMetadata lifts no policy rule.",
        with_rule("policy-rules-left", _as_before),
    ),
    _define(
        "updates-fallback-allowed-undeclared",
        "fallbackAllowed is updated by a card that does not declare that it can.",
        answering("fallback-allowed-updates", True),
    ),
    _define(
        "ignores-update-of-fallback-allowed",
        "A card that declares the update of fallbackAllowed passes it over.",
        answering("fallback-allowed-updates", False),
    ),
    _define(
        "updates-fallback-allowed-to-false",
        "An update of fallbackAllowed always forbids the fallback.",
        around("metadata-updated", _no_longer_allowed),
    ),
)
