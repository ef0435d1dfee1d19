"""Defects of an IPA in what it decides by itself, and in what it tells of it."""

from __future__ import annotations

from typing import Any

from harness.roles.ipa.local import EMERGENCY, END_OF_EMERGENCY, FALL_BACK, LOCAL, RETURN
from harness.simulators.defects import Defect
from harness.simulators.defects.changes import Change, around, with_rule


def _never(left_out: str) -> Change:
    """One of the changes is never made."""

    def decide(inner: Any, *circumstances: Any) -> str | None:
        change: str | None = inner(*circumstances)
        return None if change == left_out else change

    return around("change-to-make", decide)


def _local_cause(cause: int | None) -> tuple[bool, int | None]:
    return cause is not None, None if cause is None else LOCAL


def _silent(cause: int | None) -> tuple[bool, int | None]:
    return False, None


DEFECTS: tuple[Defect, ...] = (
    Defect("never-falls-back", "ipa", "Without coverage the profile in use stays for ever.", _never(FALL_BACK)),
    Defect(
        "never-returns-from-fallback", "ipa", "The former profile is not tried again after a fallback.", _never(RETURN)
    ),
    Defect(
        "ignores-emergency-calls", "ipa", "An emergency call does not get the emergency profile.", _never(EMERGENCY)
    ),
    Defect(
        "keeps-the-emergency-profile",
        "ipa",
        "The emergency profile stays enabled after the call.",
        _never(END_OF_EMERGENCY),
    ),
    Defect(
        "names-another-cause",
        "ipa",
        "Whatever changed, stateChangeCause is local.",
        with_rule("state-change", _local_cause),
    ),
    Defect("tells-no-state-change", "ipa", "No eIM hears that profiles changed.", with_rule("state-change", _silent)),
)
