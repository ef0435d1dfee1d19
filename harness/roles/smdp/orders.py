"""Download orders: which profile for whom, under which code, and what became of it (SGP.22 v2.5 §3.1.1, §4.1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from harness.crypto.ecdsa import Curve, PrivateKey, curve_of
from harness.profiles import ProfilePackage

CONFIRMATION_ATTEMPTS = 3
DOWNLOAD_ATTEMPTS = 10


class OrderState(StrEnum):
    """How far an order has come; with its profile (SGP.22 v2.5 §3.1.6, where FAILED is Error)."""

    ALLOCATED = "allocated"
    """A profile is reserved for it, for no certain eUICC."""
    LINKED = "linked"
    """A profile is reserved for it and one eUICC."""
    CONFIRMED = "confirmed"
    """The operator confirmed it and has not released the profile."""
    RELEASED = "released"
    DOWNLOADED = "downloaded"
    """A package was bound and handed out; what the eUICC made of it is not known yet."""
    INSTALLED = "installed"
    CANCELLED = "cancelled"
    """Ended by the operator."""
    FAILED = "failed"
    """Ended without success: refused by the eUICC or its user, or locked by wrong confirmation codes."""


_UNCONFIRMED = frozenset({OrderState.ALLOCATED, OrderState.LINKED})
_OVER = frozenset({OrderState.INSTALLED, OrderState.CANCELLED, OrderState.FAILED})


@dataclass(frozen=True, slots=True, repr=False)
class Binding:
    """How a profile was bound to one eUICC; kept, so that a retry with the same eUICC key gets the same octets."""

    eid: bytes
    euicc_otpk: bytes
    smdp_key: PrivateKey
    sequences: bytes
    """A0, A1, A2 and A3 of the bound profile package: all that does not depend on the session."""

    @property
    def curve(self) -> Curve:
        return curve_of(self.smdp_key)


@dataclass(frozen=True, slots=True)
class Order:
    """One download order. Replaced as a whole when something happens to it."""

    number: int
    profile: ProfilePackage
    matching_id: str
    """Empty: found by the EID, or by anybody's request without a matchingId."""
    address: str
    """Of the SM-DP+, for the activation code."""
    eid: bytes | None = None
    """The only eUICC that may have it; None for any."""
    confirmation_code: str = ""
    oid: str = ""
    """Our OID where the activation code is to name it."""
    expires: datetime | None = None
    may_rebind: bool = True
    """Whether an eUICC with a new one-time key gets the profile bound again."""
    replaces_keys: bool = False
    """Whether the package protects the profile under keys of its own (ReplaceSessionKeys)."""
    state: OrderState = OrderState.RELEASED
    confirmation_attempts: int = CONFIRMATION_ATTEMPTS
    """How many wrong confirmation codes are still taken."""
    download_attempts: int = DOWNLOAD_ATTEMPTS
    """How often it may still be asked for."""
    binding: Binding | None = None
    smds_address: str = ""
    """Of the SM-DS that is to tell the eUICC of it; empty: none."""
    has_event: bool = False
    """Whether that SM-DS has an event of it now, under the matchingId."""

    @property
    def activation_code(self) -> str:
        """1$address$matchingId, then the OID and the confirmation code flag where there are such."""
        parts = ["1", self.address, self.matching_id, self.oid, "1" if self.confirmation_code else ""]
        while len(parts) > 3 and not parts[-1]:
            parts.pop()
        return "$".join(parts)

    @property
    def is_open(self) -> bool:
        """Whether a download can still come of it."""
        return self.state not in _OVER

    @property
    def is_confirmed(self) -> bool:
        """Whether its codes are settled, so that it can be asked for."""
        return self.state not in _UNCONFIRMED

    def ended(self, state: OrderState) -> Order:
        """The order at its end, without the keys of its binding."""
        return replace(self, state=state, binding=None)
