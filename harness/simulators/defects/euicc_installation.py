"""Defects of an eUICC inside a bound profile package: its commands, the profile's metadata and its elements."""

from __future__ import annotations

from typing import Any

from harness.codec.asn1 import has_bit
from harness.crypto.agreement import SessionKeys
from harness.crypto.scp03t import MAC, Scp03tError, Scp03tReceiver
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, answering, around, with_rule
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.es10.loading import LOAD_ELEMENTS

_UPDATE_CONTROL = 0


def _old_keys_go_on(_receiver: Scp03tReceiver, _keys: SessionKeys) -> None:
    """Nothing happens."""


def _nothing_in_broken_segments(inner: Any, receiver: Scp03tReceiver, segment: bytes) -> bytes:
    try:
        return inner(receiver, segment)  # type: ignore[no-any-return]
    except Scp03tError as fault:
        if fault.reason == MAC:
            raise
        return b""


def _rules_of_nobody(inner: Any, config: CardConfig, metadata: dict[str, Any]) -> bool:
    return "profileOwner" not in metadata or inner(config, metadata)


def _no_update_control(inner: Any, config: CardConfig, metadata: dict[str, Any]) -> bool:
    rules = metadata.get("profilePolicyRules")
    return not (rules and has_bit(rules, _UPDATE_CONTROL)) and inner(config, metadata)


def _any_version(inner: Any, taken: list[Any], element: tuple[str, Any]) -> None:
    kind, value = element
    inner(taken, (kind, {**value, "major-version": 2}) if kind == "header" else element)


def _matching_but_for(*kinds: str) -> Change:
    """Elements of these kinds are not compared with the metadata."""

    def matches(inner: Any, metadata: bytes, element: tuple[str, Any]) -> bool:
        return element[0] in kinds or inner(metadata, element)

    return around("metadata-matches", matches)


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "ignores-signature-of-secure-channel",
        "smdpSign of InitialiseSecureChannel is not looked at.",
        answering("secure-channel-signature", True),
    ),
    _define(
        "takes-any-remote-operation",
        "remoteOpId is not looked at.",
        answering("remote-operation-known", True),
    ),
    _define(
        "takes-any-key-template",
        "Key type and length of the control reference template are not looked at.",
        answering("key-template-known", True),
    ),
    _define(
        "goes-on-under-session-keys",
        "ReplaceSessionKeys replaces nothing.",
        with_rule("session-keys-replaced", _old_keys_go_on),
    ),
    _define(
        "takes-keys-of-any-length",
        "New session keys may be longer than those that they replace.",
        answering("new-keys-fit", True),
    ),
    _define(
        "takes-proprietary-data-of-any-length",
        "The SM-DP+ may leave more than 128 octets of its own with ConfigureISDP.",
        answering("proprietary-data-fits", True),
    ),
    _define(
        "blames-loading-for-every-fault",
        "Every failed installation is told as one of LoadProfileElements.",
        answering("failure-location", LOAD_ELEMENTS),
    ),
    _define(
        "passes-over-broken-segments",
        "A segment that cannot be read counts as an empty one.",
        around("segment-opened", _nothing_in_broken_segments),
    ),
    _define(
        "takes-any-profile-class",
        "A profile of a class that does not exist is installed.",
        answering("profile-class-known", True),
    ),
    _define(
        "takes-policy-rules-of-nobody",
        "A profile without an owner may have policy rules.",
        around("policy-rules-authorised", _rules_of_nobody),
    ),
    _define(
        "takes-update-control-for-a-rule",
        "pprUpdateControl counts as a policy rule that nobody may use.",
        around("policy-rules-authorised", _no_update_control),
    ),
    _define(
        "takes-any-profile-version",
        "The version in the header of a profile package is not looked at.",
        around("profile-element", _any_version),
    ),
    _define(
        "omits-sima-response",
        "A failed installation tells nothing of the profile elements.",
        answering("failure-response", b""),
    ),
    _define(
        "promises-more-than-its-memory",
        "A profile is installed whose files are larger than the memory.",
        answering("memory-suffices", True),
    ),
    _define(
        "installs-under-another-iccid",
        "The ICCID of the metadata need not be that of the profile.",
        _matching_but_for("header"),
    ),
    _define(
        "ignores-owner-of-profile",
        "The owner in the metadata need not be the network of the IMSI.",
        _matching_but_for("usim", "iot"),
    ),
    _define(
        "takes-operators-key-in-test-profile",
        "A test profile may have the network key of an operator.",
        answering("test-key-allowed", True),
    ),
)
