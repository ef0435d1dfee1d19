"""What a simulated module is: its dialect, its IPA's settings, and the networks it may meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.roles.ipa import IpaSettings


@dataclass(frozen=True, slots=True)
class ModuleConfig:
    """Everything about a simulated module that does not change while it lives."""

    dialect: str = "harness"
    """How it speaks: one of DIALECTS."""
    imei: str = "352906113456789"
    """15 digits."""
    ipa: IpaSettings = field(default_factory=IpaSettings)
    sessions: int = 3
    """How many logical channels +CCHO opens at a time."""


@dataclass(frozen=True, slots=True)
class ProfileNetwork:
    """How the network treats one profile."""

    attaches: bool = True
    denies: bool = False
    """Whether it answers an attach with a refusal, where it does not let the profile attach; else there is no coverage."""
    has_data: bool = True
    """Whether a data path comes up after the attach."""
    plmn: str = ""
    """MCC and MNC of the network found; empty: the profile's home network, from its IMSI."""
    pool: str = "10.0.0."
    """What the addresses begin with that it gives to contexts."""
    resolves: bool = True
    """Whether it has a name server that answers."""
    carries: bool = True
    """Whether it carries what a host sends to where it is addressed."""
    unreachable: frozenset[str] = frozenset()
    """Hosts that nothing is heard of over this network."""
    clock_error: float | None = None
    """Seconds by which the time that it tells (NITZ) is wrong; None where it tells none."""


NOWHERE = ProfileNetwork(attaches=False, has_data=False)
ABROAD = "99970"
"""A network that is nobody's home: MCC 999 is for private use."""
_YEAR = 365.25 * 86400.0

TREATMENTS: Mapping[str, ProfileNetwork] = {
    "home": ProfileNetwork(),
    "roaming": ProfileNetwork(plmn=ABROAD),
    "denied": ProfileNetwork(attaches=False, denies=True, has_data=False),
    "no-coverage": NOWHERE,
    "no-data": ProfileNetwork(has_data=False),
    "no-names": ProfileNetwork(resolves=False),
    "no-route": ProfileNetwork(carries=False),
    "other-pool": ProfileNetwork(pool="192.168.7."),
    "wrong-time": ProfileNetwork(clock_error=-20 * _YEAR),
}
"""How a network may treat a profile, by the word that a lab file has for it."""


@dataclass(frozen=True, slots=True)
class NetworkScript:
    """Which network each profile meets."""

    profiles: Mapping[str, ProfileNetwork] = field(default_factory=dict)
    """By ICCID, as digits."""
    others: ProfileNetwork = field(default_factory=ProfileNetwork)
    apns: Mapping[str, str] = field(default_factory=dict)
    """By ICCID, the APN that its operator gives a device which asks for none."""
    other_bearer: bool = True
    """Data gets through by other means, such as a LAN, as long as no profile is enabled: how a virgin device begins."""

    def of(self, iccid: str | None) -> ProfileNetwork:
        """The network that the profile with this ICCID meets; nowhere without one."""
        if iccid is None:
            return replace(NOWHERE, unreachable=self.others.unreachable)  # met over the other bearer
        return self.profiles.get(iccid, self.others)
