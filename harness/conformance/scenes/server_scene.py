"""The scene of a case about a server: the eIM, SM-DP+ or SM-DS under test, and a conforming card to drive it with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.ours.behind_eim import BehindEim
from harness.conformance.ours.parties import Parties, euicc_over, make_known, prepared_card
from harness.conformance.ours.tls_behind import TlsBehind
from harness.conformance.running import RunningCase
from harness.conformance.scenes.foreign_scene import ForeignScene
from harness.conformance.scenes.scene import Scene, stage
from harness.conformance.servers.server import ServerUnderTest
from harness.endpoints.eim import EimEndpoint
from harness.lab.benches.cards import conforming_card
from harness.lab.benches.server_bench import ServerBench
from harness.lab.in_process import InProcessSmds
from harness.lab.parties import new_eim, new_smdp, new_smds
from harness.links.memory import MemoryLink
from harness.roles.eim import MemoryStore
from harness.simulators.euicc import CardConfig

if TYPE_CHECKING:
    from harness.crypto.pki import TestPki
    from harness.lab.clock import Clock
    from harness.profiles import ProfilePackage
    from harness.roles.eim import Eim
    from harness.roles.es10.download import InstallationAnswer
    from harness.roles.smdp import Smdp
    from harness.roles.smds import Smds


_NEW_EIDS = "890490320000000000000000"


class ServerScene(Scene):
    """One server of ours under test."""

    def __init__(self, bench: ServerBench, running: RunningCase) -> None:
        super().__init__(running)
        self._bench = bench
        self._config = CardConfig()
        self._entropy = bench.rack.entropy.child(f"{running.case.identifier}/under-test")
        self._store = MemoryStore()
        self._restarts = 0
        label, observers = f"{running.case.identifier}/{bench.slot.kind}", [bench.observer_of("in-process")]
        self._parties = Parties(bench.rack, label, running.case.needs, observers=observers)

    def prepare(self) -> None:
        """A fresh server role, and a card in the state that the case needs, which the eIM knows."""
        kind = self._bench.slot.kind
        if kind == "eim":
            self._serve()
            if self.running.case.needs.eims:
                prepared = prepared_card(self._bench.rack, self._config, self.running.case.needs)
                make_known([self.eim, self.other_eim], self._config, prepared, self._bench.rack)
        elif kind == "smds":
            from harness.endpoints.smds import SmdsEndpoint

            self._bench.server.behind = SmdsEndpoint(self.smds, self.clock.utc)
        else:
            from harness.endpoints.smdp import SmdpEndpoint

            self._bench.server.behind = SmdpEndpoint(self.smdp, self.clock.utc)

    def close(self) -> None:
        """Nobody is behind the server between cases. What a role raised instead of answering is ours to answer for."""
        self._bench.server.behind = None
        troubles, self._bench.server.troubles = self._bench.server.troubles, []
        if troubles:
            raise troubles[0]

    @cached_property
    def card(self) -> EuiccUnderTest:
        """A conforming card in the state that the case needs."""
        card = conforming_card(self._bench.rack, self._config)
        card.restore(prepared_card(self._bench.rack, self._config, self.running.case.needs).snapshot)
        return euicc_over(MemoryLink(card, [self._bench.observer_of("in-process")]), self._parties)

    @property
    def esipa(self) -> ServerUnderTest:
        """A client towards the eIM under test."""
        return ServerUnderTest(self._bench) if self._bench.slot.kind == "eim" else super().esipa

    @property
    def es9(self) -> ServerUnderTest:
        """A client towards the SM-DP+ under test."""
        return ServerUnderTest(self._bench) if self._bench.slot.kind == "smdp" else super().es9

    @property
    def es11(self) -> ServerUnderTest:
        """A client towards the SM-DS under test."""
        return ServerUnderTest(self._bench) if self._bench.slot.kind == "smds" else super().es11

    @cached_property
    def eim(self) -> Eim:
        """The eIM under test from its operator's side, or our own where the SM-DP+ is under test."""
        if self._bench.slot.kind != "eim":
            return self._parties.eims[0]
        return self._new_eim(0)

    @cached_property
    def other_eim(self) -> Eim:
        """A second identity of the eIM under test, or another eIM of ours where the SM-DP+ is under test."""
        if self._bench.slot.kind != "eim":
            return self._parties.eims[1]
        return self._new_eim(1)

    @property
    def tenant(self) -> Eim:
        """The second identity of the eIM under test."""
        return self.other_eim if self._bench.slot.kind == "eim" else super().tenant

    def new_eids(self, count: int) -> list[bytes]:
        """EIDs that no case has a card with."""
        return [bytes.fromhex(f"{_NEW_EIDS}{number:08d}") for number in range(1, count + 1)]

    def restarted_eim(self) -> Eim:
        """Ends the eIM under test and starts it anew with what it has kept; devices are made known to it again.

        Only what is in its store is left: what was queued in memory is gone.
        """
        known = tuple(self.eim.state.devices.values())
        self._restarts += 1
        self.__dict__["eim"] = again = self._new_eim(0, f"restart {self._restarts}")
        for device in known:
            again.associate(
                device.eid,
                euicc_certificate=device.euicc_certificate,
                eum_certificate=device.eum_certificate,
                version=device.version,
                ipa_version=device.ipa_version,
            )
        self._serve()
        return again

    @cached_property
    def behind_eim(self) -> BehindEim:
        """The RSP servers that the eIM under test reaches."""
        return BehindEim(self.smdp, self.smds, self.clock, [self._bench.observer_of("in-process")])

    @property
    def tls_behind(self) -> TlsBehind:
        """Our SM-DP+ behind TLS, for the eIM under test as its client."""
        observer = self._bench.observer_of("https")
        return TlsBehind(self._bench.rack, self.smdp, self.behind_eim, self.eim, observer)

    def _new_eim(self, number: int, start: str = "start") -> Eim:
        entropy = self._entropy.child(start)
        defects = self._bench.defects
        return new_eim(self._bench.rack, entropy, number, http=self.behind_eim, defects=defects, store=self._store)

    def _serve(self) -> None:
        self._bench.server.behind = EimEndpoint(self.eim, self.clock.now, self.other_eim)

    @cached_property
    def smdp(self) -> Smdp:
        """The SM-DP+ under test from its operator's side, or our own where another server is under test."""
        way = InProcessSmds(self.smds, self.clock, [self._bench.observer_of("in-process")])
        if self._bench.slot.kind == "smdp":
            return new_smdp(self._bench.rack, self._entropy, defects=self._bench.defects, http=way)
        if self._bench.slot.kind == "smds":
            return new_smdp(self._bench.rack, self._entropy, http=way)
        return self._parties.smdp

    @cached_property
    def smds(self) -> Smds:
        """The SM-DS under test from within, or our own where another server is under test."""
        defects = self._bench.defects if self._bench.slot.kind == "smds" else ()
        return new_smds(self._bench.rack, self._entropy, defects=defects)

    @property
    def download(self) -> Callable[[str], InstallationAnswer]:
        """Installs a fixture profile on the conforming card."""
        return self._parties.download_to(self.card)

    @property
    def profiles(self) -> Mapping[str, ProfilePackage]:
        """The fixture profiles."""
        return self._bench.rack.profiles

    @property
    def pki(self) -> TestPki:
        """The lab's PKI: the conforming card's keys, and certificates made to be wrong."""
        return self._bench.rack.pki

    @property
    def clock(self) -> Clock:
        """The lab's clock."""
        return self._bench.rack.clock


@stage.register
def _(bench: ServerBench, running: RunningCase) -> Scene:
    return ForeignScene(bench, running) if bench.is_remote else ServerScene(bench, running)
