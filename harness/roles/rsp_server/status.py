"""How a function of an RSP server fails: a subject and a reason (SGP.22 v2.5 §5.2.6)."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import HarnessError


@dataclass(frozen=True, slots=True)
class StatusCode:
    """Why a function failed."""

    subject: str
    """What it is about, e.g. "8.2.6"."""
    reason: str
    message: str


class EuiccStatus:
    """What is wrong with an eUICC or its session, by the same codes at an SM-DP+ and an SM-DS."""

    UNKNOWN_TRANSACTION = StatusCode("8.10.1", "3.9", "no session has this transaction id, or it is at another step")
    UNKNOWN_CI = StatusCode("8.11.1", "3.9", "the EUM certificate was issued by another CI than the one agreed on")
    EUM_INVALID = StatusCode("8.1.2", "6.1", "the EUM certificate is invalid")
    EUM_EXPIRED = StatusCode("8.1.2", "6.3", "the EUM certificate has expired")
    EUICC_INVALID = StatusCode("8.1.3", "6.1", "the eUICC certificate is invalid")
    EUICC_EXPIRED = StatusCode("8.1.3", "6.3", "the eUICC certificate has expired")
    EUICC_UNVERIFIED = StatusCode("8.1", "6.1", "the eUICC's signature, or what it signed, is wrong")


class Malformed(HarnessError):
    """A request that is none: no JSON, a field missing, base64 or DER that cannot be read. Answered with a 4xx."""


class Refusal(HarnessError):
    """A function ends with this status."""

    def __init__(self, status: StatusCode) -> None:
        super().__init__(status.message)
        self.status = status
