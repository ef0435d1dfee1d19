"""What a simulated card is made like: identity, limits and habits that differ from one real product to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DEFAULT_EID = bytes.fromhex("89049032123451234512345678900071")


@dataclass(frozen=True, slots=True)
class AuthorisationRule:
    """One row of the Rules Authorisation Table: which policy rules which operators may use (SGP.22 §2.9.2.3)."""

    rules: tuple[int, ...] = (1, 2)
    """Bit numbers of PprIds: 1 is PPR1, 2 is PPR2."""
    mcc_mnc: bytes = b"\xee\xee\xee"
    """Three octets as in OperatorId; EEEEEE stands for every operator."""
    consent_required: bool = False


@dataclass(frozen=True, slots=True)
class CardConfig:
    """Everything about a simulated eUICC that does not change while it lives."""

    eid: bytes = DEFAULT_EID
    """16 octets."""
    version: str = "1.2"
    """The SGP.32 version announced in iotSpecificInfo."""
    after_enable: Literal["refresh", "reset"] = "refresh"
    """A change of the enabled profile is followed by a REFRESH (91xx), or ES10 answers 6985 until a reset."""
    refresh: Literal["uicc-reset", "profile-state-change"] = "uicc-reset"
    """The qualifier of that REFRESH (TS 102 223 §8.6): 04 or 09."""
    needs_terminal_capability: bool = True
    """ES10 answers 6985 until a TERMINAL CAPABILITY declared eUICC support (83), and an IPAd (84) where it has no IPAe."""
    latches_terminal_capability: bool = True
    """Only the first TERMINAL CAPABILITY after a reset counts."""
    strict_segments: bool = True
    """Refuses a segment of a bound profile package above 1,020 octets (SGP.22 §5.5)."""
    max_counter: int = 0x7FFFFF
    """The highest counterValue it takes from an eIM."""
    root_smds_address: str = "rootsmds.example.com"
    default_smdp_address: str = ""
    http_parameters: bytes = b"http.apn=iot.test"
    """What GetConnectivityParameters gives while a profile is enabled, as the operator provided it; empty: nothing."""
    ipae_supported: bool = False
    ecall_supported: bool = False
    fallback_supported: bool = False
    fallback_allowed_update_supported: bool = True
    """Whether the operator may change fallbackAllowed over the air, on a card of a version that has this."""
    eim_reset_supported: bool = True
    immediate_enable_supported: bool = True
    memory_size: int = 0x80000
    """Octets for profiles; reported as free non-volatile memory."""
    max_eims: int = 8
    max_results: int = 16
    """How many unacknowledged eUICC Package Results it keeps; the oldest is dropped for a new one."""
    max_result_size: int = 0x4000
    """Octets of euiccResult in one eUICC Package Result."""
    max_package_size: int = 0x4000
    """Octets of one eUICC Package."""
    max_command_size: int = 0x8000
    """Octets of one STORE DATA chain."""
    channels: int = 4
    """Logical channels including the basic one; 1: a card that knows no other, and serves ES10 there."""
    authorisation: tuple[AuthorisationRule, ...] = (
        AuthorisationRule(rules=(1,), mcc_mnc=bytes.fromhex("99F907"), consent_required=True),
        AuthorisationRule(),
    )
    """By default one operator needs the end user's consent to PPR1, and every one may use both rules."""
    atr: bytes = bytes.fromhex("3B9D96803FC7828031E073FE211B655347503332")
    """Without its check octet TCK, which the card appends: T=15 stands among the protocols, so one is due."""

    def __post_init__(self) -> None:
        if len(self.eid) != 16:
            raise ValueError(f"an EID has 16 octets, not {len(self.eid)}")
