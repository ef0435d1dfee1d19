"""The network around a simulated module, as a case scripts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import Withheld
from harness.simulators.module import TREATMENTS, ProfileNetwork

if TYPE_CHECKING:
    from harness.lab.benches.module_bench import ModuleBench
    from harness.profiles import ProfilePackage


class Network:
    """What a simulated module's network does with each profile."""

    def __init__(self, bench: ModuleBench, profiles: Mapping[str, ProfilePackage]) -> None:
        self._bench = bench
        self._profiles = profiles
        self._treated: dict[str, ProfileNetwork] = {}
        self._unreachable: set[tuple[str, str]] = set()

    def refuse(self, profile: str) -> None:
        """The fixture profile finds no network any more."""
        self.treat(profile, "no-coverage")

    def accept(self, profile: str) -> None:
        """The fixture profile finds a network again."""
        self.treat(profile, "home")

    def treat(self, profile: str, treatment: str) -> None:
        """The network treats the fixture profile so from now on: one of TREATMENTS."""
        self._treated[self._profiles[profile].iccid_digits] = TREATMENTS[treatment]
        self._tell()

    def lose(self, host: str, *, over: str = "") -> None:
        """Nothing is heard of this host any more: over the network of one fixture profile, or over any."""
        self._unreachable.add((self._profiles[over].iccid_digits if over else "", host))
        self._tell()

    def find(self, host: str) -> None:
        """The host is heard of again."""
        self._unreachable = {(over, lost) for over, lost in self._unreachable if lost != host}
        self._tell()

    def _tell(self) -> None:
        if self._bench.simulated is None:
            raise Withheld("the network around this module is not the lab's to script")
        lab = self._bench.network
        met = {**lab.profiles, **self._treated}
        iccids = met.keys() | {over for over, _ in self._unreachable if over}
        scripts = {iccid: self._without(met.get(iccid, lab.others), iccid) for iccid in iccids}
        self._bench.simulated.set_network(replace(lab, profiles=scripts, others=self._without(lab.others, "")))

    def _without(self, met: ProfileNetwork, iccid: str) -> ProfileNetwork:
        lost = frozenset(host for over, host in self._unreachable if over in ("", iccid))
        return replace(met, unreachable=lost)
