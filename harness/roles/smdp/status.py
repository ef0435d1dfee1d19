"""Status codes of an SM-DP+: a subject and a reason for each refusal (SGP.22 v2.5 §5.3, §5.6, §5.2.6).

Those of ES2+ are as independent implementations and tools name them; where only one does, it says so here.
"""

from __future__ import annotations

from harness.roles.rsp_server.status import EuiccStatus, Malformed, Refusal, StatusCode

__all__ = ["Malformed", "Refusal", "Status", "StatusCode"]


class Status(EuiccStatus):
    """Every refusal this SM-DP+ knows."""

    INVALID_ADDRESS = StatusCode("8.8.1", "3.8", "the SM-DP+ address is not ours")
    NO_KNOWN_CI = StatusCode("8.8.2", "3.1", "none of the eUICC's CI keys is supported")
    UNSUPPORTED_VERSION = StatusCode("8.8.3", "3.1", "the eUICC's specification version is not supported")
    NO_CERTIFICATE = StatusCode("8.8.4", "3.7", "no DPauth certificate under a CI that the eUICC can verify")
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
    UNKNOWN_PROFILE = StatusCode("8.2.1", "3.9", "no profile has this ICCID")
    PROFILE_IN_USE = StatusCode("8.2.1", "3.3", "the profile is not available")
    PROFILE_OF_OTHER_EID = StatusCode("8.2.1", "3.10", "another EID is associated with this ICCID")
    PROFILE_NOT_RELEASABLE = StatusCode("8.2.1", "3.5", "the profile cannot be released in its state")
    UNKNOWN_PROFILE_TYPE = StatusCode("8.2.5", "3.9", "no profile is of this type")
    NO_PROFILE_OF_TYPE = StatusCode("8.2.5", "3.7", "no profile of this type is available any more")
    OTHER_PROFILE_TYPE = StatusCode("8.2.5", "3.8", "the profile with this ICCID is of another type")
    EID_MISSING = StatusCode("8.1.1", "2.2", "the EID is missing")
    EID_OF_OTHER_ORDER = StatusCode("8.1.1", "3.10", "another EID is associated with this order")
    MATCHING_ID_IN_USE = StatusCode("8.2.6", "3.3", "the matchingId is used by another order")
    MATCHING_ID_INVALID = StatusCode("8.2.6", "2.1", "the matchingId is not one")
    OTHER_MATCHING_ID = StatusCode("8.2.6", "3.10", "another matchingId is associated with this order")
    SMDS_UNREACHABLE = StatusCode("8.9", "5.1", "the SM-DS cannot be reached")
    SMDS_FAILED = StatusCode("8.9", "4.2", "the SM-DS did not register the event")
