"""The profiles that an operator can order, each with what became of it (SGP.22 v2.5 §3.1.6)."""

from __future__ import annotations

from dataclasses import dataclass

from harness.profiles import ProfilePackage


@dataclass(frozen=True, slots=True)
class Stock:
    """One profile of the SM-DP+."""

    profile: ProfilePackage
    profile_type: str
    """What the operator calls profiles like it."""
    order: int = 0
    """The number of its order; 0: it has none."""
    is_withdrawn: bool = False
    """Whether a cancellation made it unavailable for good."""

    @property
    def iccid(self) -> str:
        """Its ICCID in digits, as ES2+ names it."""
        return self.profile.iccid_digits

    @property
    def is_available(self) -> bool:
        """Whether it can be ordered."""
        return not self.order and not self.is_withdrawn
