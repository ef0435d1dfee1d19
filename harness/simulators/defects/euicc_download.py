"""Defects of an eUICC in a download: mutual authentication, the bound profile package, the installation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.crypto.scp03t import Scp03tReceiver
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, all_of, answering, around, with_rule
from harness.simulators.defects.euicc_signatures import signing_contents_only
from harness.simulators.euicc.config import CardConfig
from harness.simulators.euicc.device import Purpose
from harness.simulators.euicc.download import Installation
from harness.simulators.euicc.es10.installation_result import profile_of
from harness.simulators.euicc.state import CardState, Profile

_HALF_ISDP = bytes.fromhex("A0000005591010FFFFFFFF8900FF0000")
_DOMAIN_SIZE = 0x400
_OTHER_TRANSACTION = b"\xee" * 16
_UNDEFINED_REASON = 127


def _challenge_stays(challenge: bytes | None) -> bytes | None:
    return challenge


def _mac_not_looked_at(receiver: Scp03tReceiver, segment: bytes) -> bytes:
    return receiver.open(segment)


def _half_profile(state: CardState, installation: Installation) -> CardState | None:
    """Keeps what there is of a profile as soon as its metadata are known."""
    if not installation.elements.taken:
        return None
    return _with_profile(state, profile_of(installation, _HALF_ISDP))


def _failed_profile(state: CardState, installation: Installation) -> CardState:
    if not installation.metadata:
        return state
    return _with_profile(state, profile_of(installation, _HALF_ISDP))


def _with_profile(state: CardState, profile: Profile) -> CardState:
    others = tuple(other for other in state.profiles if other.iccid != profile.iccid)
    return replace(state, profiles=(*others, profile))


def _enabled_at_once(inner: Any, state: CardState, profile: Profile) -> CardState:
    return inner(state, replace(profile, enabled=True))  # type: ignore[no-any-return]


def _one_more_domain(state: CardState, _installation: Installation) -> CardState:
    return replace(state, isdps_made=state.isdps_made + 1)


def _less_each_time(inner: Any, config: CardConfig, state: CardState) -> int:
    left: int = inner(config, state) - _DOMAIN_SIZE * state.isdps_made
    return max(0, left)


def _one_reason(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "reason": _UNDEFINED_REASON}


def _other_session(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "transactionId": _OTHER_TRANSACTION}


def _define(name: str, summary: str, change: Change) -> Defect:
    return Defect(name, "euicc", summary, change)


DEFECTS: tuple[Defect, ...] = (
    _define(
        "keeps-challenge-after-authentication",
        "A challenge that served one server serves the next.",
        with_rule("challenge-used", _challenge_stays),
    ),
    _define(
        "accepts-wrong-challenge",
        "A server is taken whatever challenge it answers.",
        answering("server-challenge", True),
    ),
    _define(
        "ignores-server-signature",
        "serverSignature1 is not looked at.",
        answering("server-signature", True),
    ),
    _define(
        "signs-contents-of-signed1",
        "euiccSignature1 leaves out the tag and length of euiccSigned1.",
        signing_contents_only(Purpose.AUTHENTICATION),
    ),
    _define(
        "installs-profile-enabled",
        "A profile is enabled as soon as it is installed.",
        around("profile-installed", _enabled_at_once),
    ),
    _define(
        "signs-installation-result-without-its-tag",
        "euiccSignPIR leaves out the tag and length of BF27.",
        signing_contents_only(Purpose.INSTALLATION),
    ),
    _define(
        "ignores-segment-macs",
        "The MAC of a segment is not looked at.",
        with_rule("segment-opened", _mac_not_looked_at),
    ),
    _define(
        "keeps-profile-after-failed-installation",
        "A profile whose installation failed stays as far as it came.",
        with_rule("installation-failed", _failed_profile),
    ),
    _define(
        "keeps-half-installed-profile",
        "A profile is there before its last segment, and stays when the power goes.",
        all_of(
            with_rule("installation-progress", _half_profile),
            with_rule("profile-installed", _with_profile),
        ),
    ),
    _define(
        "loses-memory-at-interruption",
        "What an interrupted installation took of the memory never comes back.",
        all_of(
            with_rule("installation-progress", _one_more_domain),
            around("free-memory", _less_each_time),
        ),
    ),
    _define(
        "installs-iccid-twice",
        "A profile is installed although its ICCID is there already.",
        answering("iccid-is-new", True),
    ),
    _define(
        "cancels-with-one-reason-only",
        "A cancelled session is signed with undefinedReason, whatever was asked.",
        with_rule("cancel-session-fields", _one_reason),
    ),
    _define(
        "cancels-another-session",
        "A cancelled session is signed with another transactionId.",
        with_rule("cancel-session-fields", _other_session),
    ),
)
