"""The words a verdict can be. Who says them when is decided in `harness.conformance`."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The raw verdict of one case on one slot over one link."""

    PASS = "pass"
    FAIL = "fail"
    """The device broke a rule that is certain."""
    DEVIATION = "deviation"
    """The device differs from our reading of a rule that is only likely."""
    RECORDED = "recorded"
    """The rule is unsure: what was seen is reported, nothing is judged."""
    INCONCLUSIVE = "inconclusive"
    """A precondition or the lab failed, never the device's fault."""
    ERROR = "error"
    """The harness is wrong."""
    NOT_APPLICABLE = "not_applicable"
    NOT_RUN = "not_run"
