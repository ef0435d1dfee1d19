"""What makes one IPA differ from another: declared capabilities, identity, timing, local decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

DIRECT, INDIRECT, DOWNLOAD_DATA_HANDLING, CTX_PARAMS1_GENERATION, METADATA_VERIFICATION, MINIMIZE_BYTES = range(6)
"""Bits of ipaFeatures (SGP.32 v1.2 §4.1)."""
RETRIEVE_HTTPS, _RETRIEVE_COAPS, INJECT_HTTPS = range(3)
"""Bits of ipaSupportedProtocols and of eimSupportedProtocol."""


@dataclass(frozen=True, slots=True)
class IpaSettings:
    """What the maker of a device declares of its IPA. Times are seconds on the clock that `wake` is given."""

    polling_interval: float = 3600.0
    """From one poll that went well to the next."""
    polling_intervals: Mapping[str, float] = field(default_factory=dict)
    """By eimId, for eIMs that have an interval of their own."""
    first_retry: float = 60.0
    """From a failure to the next try; doubled by each further one."""
    longest_retry: float = 3600.0
    longest_wait: float = 86400.0
    """The most that a server gets by Retry-After."""
    version: str = "1.2"
    """The SGP.32 version of its ESipa: one of `versions.FORMS`. The card's may be another."""
    binding: Literal["asn1", "json"] = "asn1"
    """The function binding of ESipa that it speaks (SGP.32 v1.2 §6.3, §6.4)."""
    features: frozenset[int] = frozenset({DIRECT, INDIRECT})
    protocols: frozenset[int] = frozenset({RETRIEVE_HTTPS})
    tac: bytes = bytes.fromhex("35290611")
    imei: bytes | None = bytes.fromhex("5392601143658709")
    """Eight octets, swapped nibbles, F-padded; None leaves it out of deviceInfo."""
    admin_protocol: str = "gsma/rsp/v2.1.0"
    needs_admin_protocol: bool = False
    """Whether it drops answers without X-Admin-Protocol, as an IPAe was seen to do."""
    user_agent: str = "gsma-rsp-ipad"
    notification_route: Literal["smdp", "eim"] = "smdp"
    """Straight to the SM-DP+ over ES9+, or through the eIM (SGP.32 v1.2 §3.7)."""
    delivery_attempts: int = 3
    """How often a result is offered over the profile in use before the IPA calls it undeliverable."""
    most_packages: int = 50
    """How many packages are taken from one eIM in a row."""
    fallback_after: float | None = 600.0
    """How long the enabled profile may be without a network before the IPA falls back; None: it never does."""
    return_after: float | None = 1800.0
    """How long it stays with the fallback profile before it tries the former one again; None: it never does."""
