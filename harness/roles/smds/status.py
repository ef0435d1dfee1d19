"""Status codes of an SM-DS (SGP.22 v2.5 §5.8, §5.9)."""

from __future__ import annotations

from harness.roles.rsp_server.status import EuiccStatus, Malformed, Refusal, StatusCode

__all__ = ["Malformed", "Refusal", "Status", "StatusCode"]


class Status(EuiccStatus):
    """Every refusal this SM-DS knows."""

    INVALID_ADDRESS = StatusCode("8.9.1", "3.8", "the SM-DS address is not ours")
    NO_KNOWN_CI = StatusCode("8.9.2", "3.1", "none of the eUICC's CI keys is supported")
    UNSUPPORTED_VERSION = StatusCode("8.9.3", "3.1", "the eUICC's specification version is not supported")
    NO_CERTIFICATE = StatusCode("8.9.4", "3.7", "no DSauth certificate under a CI that the eUICC can verify")
    EVENT_EXISTS = StatusCode("8.9.5", "3.3", "an event of this name is registered for the EID already")
    UNKNOWN_EVENT = StatusCode("8.9.5", "3.9", "no event of this name is registered for the EID")
    TOO_MANY_EVENTS = StatusCode("1.2", "4.2", "no more events are taken")
