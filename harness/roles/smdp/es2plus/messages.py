"""The four functions' requests and answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DownloadOrder:
    """SGP.22 v2.5 §5.3.1. One of `iccid` and `profile_type` at least."""

    eid: bytes | None
    iccid: str | None
    """19 or 20 digits, without padding."""
    profile_type: str | None


@dataclass(frozen=True, slots=True)
class DownloadOrderOk:
    """Which profile was reserved."""

    iccid: str


@dataclass(frozen=True, slots=True)
class ConfirmOrder:
    """SGP.22 v2.5 §5.3.2."""

    iccid: str
    eid: bytes | None
    matching_id: str | None
    """None: the SM-DP+ makes one up; empty: the order is found by the EID alone."""
    confirmation_code: str
    smds_address: str
    release: bool


@dataclass(frozen=True, slots=True)
class ConfirmOrderOk:
    """The codes that go into an activation code."""

    eid: bytes | None
    matching_id: str
    smdp_address: str


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """SGP.22 v2.5 §5.3.3."""

    iccid: str
    eid: bytes | None
    matching_id: str | None
    is_available_again: bool
    """finalProfileStatusIndicator: Available, or Unavailable."""


@dataclass(frozen=True, slots=True)
class ReleaseProfile:
    """SGP.22 v2.5 §5.3.4."""

    iccid: str


@dataclass(frozen=True, slots=True)
class Done:
    """The answer of a function that returns no data."""


Request = DownloadOrder | ConfirmOrder | CancelOrder | ReleaseProfile
Answer = DownloadOrderOk | ConfirmOrderOk | Done
