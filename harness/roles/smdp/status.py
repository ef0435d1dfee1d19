"""Status codes of ES9+: a subject and a reason for each refusal (SGP.22 v2.5 §5.6, §5.2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.errors import HarnessError


@dataclass(frozen=True, slots=True)
class StatusCode:
    """Why a function failed."""

    subject: str
    """What it is about, e.g. "8.2.6"."""
    reason: str
    message: str


class Status(Enum):
    """Every refusal this SM-DP+ knows."""

    INVALID_ADDRESS = StatusCode("8.8.1", "3.8", "the SM-DP+ address is not ours")
    NO_KNOWN_CI = StatusCode("8.8.2", "3.1", "none of the eUICC's CI keys is supported")
    UNSUPPORTED_VERSION = StatusCode("8.8.3", "3.1", "the eUICC's specification version is not supported")
    NO_CERTIFICATE = StatusCode("8.8.4", "3.7", "no DPauth certificate under a CI that the eUICC can verify")
    UNKNOWN_TRANSACTION = StatusCode("8.10.1", "3.9", "no session has this transaction id, or it is at another step")
    UNKNOWN_CI = StatusCode("8.11.1", "3.9", "the EUM certificate was issued by another CI than the one agreed on")
    EUM_INVALID = StatusCode("8.1.2", "6.1", "the EUM certificate is invalid")
    EUM_EXPIRED = StatusCode("8.1.2", "6.3", "the EUM certificate has expired")
    EUICC_INVALID = StatusCode("8.1.3", "6.1", "the eUICC certificate is invalid")
    EUICC_EXPIRED = StatusCode("8.1.3", "6.3", "the eUICC certificate has expired")
    EUICC_UNVERIFIED = StatusCode("8.1", "6.1", "the eUICC's signature, or what it signed, is wrong")
    INSUFFICIENT_MEMORY = StatusCode("8.1", "4.8", "the eUICC has too little memory for the profile")
    NOT_RELEASED = StatusCode("8.2", "1.2", "the profile is not released yet")
    NO_NEW_BINDING = StatusCode("8.2", "3.7", "the profile cannot be bound again")
    MATCHING_ID_REFUSED = StatusCode("8.2.6", "3.8", "the matchingId is refused")
    EID_REFUSED = StatusCode("8.1.1", "3.8", "the order is for another EID")
    NOT_ELIGIBLE = StatusCode("8.2.5", "4.3", "the profile does not suit this eUICC")
    ORDER_EXPIRED = StatusCode("8.8.5", "4.10", "the download order has expired")
    ORDER_RETRIES_EXCEEDED = StatusCode("8.8.5", "6.4", "the download order was tried too often")
    CONFIRMATION_CODE_MISSING = StatusCode("8.2.7", "2.2", "the confirmation code is missing")
    CONFIRMATION_CODE_REFUSED = StatusCode("8.2.7", "3.8", "the confirmation code is refused")
    CONFIRMATION_RETRIES_EXCEEDED = StatusCode("8.2.7", "6.4", "the confirmation code was tried too often")
    INVALID_OID = StatusCode("8.8", "3.10", "the eUICC signed for another SM-DP+")


class Malformed(HarnessError):
    """A request that is none: no JSON, a field missing, base64 or DER that cannot be read. Answered with a 4xx."""


class Refusal(HarnessError):
    """A function ends with this status."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.value.message)
        self.status = status
