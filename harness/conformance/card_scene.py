"""The scene of a case about a card: the card under test, our eIMs and our SM-DP+ beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from harness.conformance.downloading import direct_download
from harness.conformance.euicc import EuiccUnderTest
from harness.conformance.running import RunningCase
from harness.conformance.scene import Scene, stage
from harness.conformance.states import Prepared, reach, reach_as_precondition
from harness.errors import DeviceFault
from harness.lab.card_bench import CardBench
from harness.lab.cards import conforming_card, port_of
from harness.lab.in_process import InProcessSmdp
from harness.lab.parties import new_eim, new_smdp
from harness.links.memory import MemoryLink

if TYPE_CHECKING:
    from harness.crypto.certificates import Certificate
    from harness.lab.clock import Clock
    from harness.lab.rack import Rack
    from harness.links.apdu import CardLink
    from harness.links.events import Observer
    from harness.profiles import ProfilePackage
    from harness.roles.eim import Eim
    from harness.roles.es10.download import InstallationAnswer
    from harness.roles.smdp import Smdp
    from harness.simulators.euicc import CardConfig


class Parties:
    """The harness's own parties of one case."""

    def __init__(self, rack: Rack, label: str, device: str = "", observers: Sequence[Observer] = ()) -> None:
        """`device` is what the lab's memory calls the card; `observers` are told what crosses no other link."""
        self.rack = rack
        self._entropy = rack.entropy.child(label)
        self._device = device
        self._observers = observers

    @cached_property
    def eims(self) -> tuple[Eim, Eim]:
        """The case's eIM and its other one."""
        first, second = (new_eim(self.rack, self._entropy, number, device=self._device) for number in (0, 1))
        return first, second

    @cached_property
    def smdp(self) -> Smdp:
        """The SM-DP+."""
        return new_smdp(self.rack, self._entropy)

    def download_to(self, euicc: EuiccUnderTest) -> Callable[[str], InstallationAnswer]:
        """Installs a fixture profile on that card."""

        def download(name: str) -> InstallationAnswer:
            way = InProcessSmdp(self.smdp, self.rack.clock, self._observers)
            return direct_download(euicc, self.smdp, way, self.rack.profiles[name])

        return download

    def checked(self, euicc: bytes, eum: bytes) -> Certificate:
        """An eUICC's certificate, its chain checked up to one of the lab's CIs. Raises DeviceFault where none holds."""
        from harness.crypto.certificates import Certificate
        from harness.crypto.chain import ChainRefusal, verify_euicc_chain
        from harness.crypto.errors import CertificateError

        refusals = []
        for curve in self.rack.pki.curves:
            try:
                leaf, manufacturer = Certificate(euicc), Certificate(eum)
                verify_euicc_chain(self.rack.pki.trust(curve).ci.view, manufacturer, leaf)
                return leaf
            except (ChainRefusal, CertificateError) as refusal:
                refusals.append(f"{curve}: {refusal}")
        raise DeviceFault("the eUICC's certificate leads to no CI of this lab: " + "; ".join(refusals))


def prepared_card(rack: Rack, config: CardConfig, running: RunningCase) -> Prepared:
    """The snapshot of a card like this in the state that the case needs; made once in a rack."""
    needs = running.case.needs
    key = (config, needs)
    found = rack.kept.get(key)
    if not isinstance(found, Prepared):
        card = conforming_card(rack, config)
        parties = Parties(rack, f"prepared/{config.eid.hex()}/{needs}")
        euicc = _euicc(MemoryLink(card), parties)
        reach(needs, euicc, parties.eims, rack.profiles, parties.download_to(euicc))
        associations = tuple(eim.device().association for eim in parties.eims[: needs.eims])
        found = rack.kept[key] = Prepared(card.snapshot(), associations)
    return found


def _euicc(link: CardLink, parties: Parties) -> EuiccUnderTest:
    return EuiccUnderTest(port_of(link), link, checked=parties.checked, profiles=parties.rack.profiles)


class CardScene(Scene):
    """One card, reached over one link."""

    def __init__(self, bench: CardBench, running: RunningCase) -> None:
        super().__init__(running)
        self._bench = bench
        label = f"{running.case.identifier}/{running.way.link}"
        self._parties = Parties(bench.rack, label, bench.device_name, [bench.observer_of("in-process")])
        self._euicc = _euicc(bench.link, self._parties)

    def prepare(self) -> None:
        """By a snapshot on a simulated card, by the standard's functions on a real one."""
        config, needs = self._bench.config, self.running.case.needs
        if config is None:
            reach_as_precondition(
                self.running.steps, needs, self._euicc, self._parties.eims, self.profiles, self.download
            )
            return
        prepared = prepared_card(self._bench.rack, config, self.running)
        self._bench.restore(prepared.snapshot)
        identity = self._bench.rack.pki.euicc_identity("nist", config.eid)
        for eim, association in zip(self._parties.eims, prepared.associations, strict=False):
            eim.associate(
                config.eid,
                euicc_certificate=identity.certificate,
                eum_certificate=identity.eum_certificate,
                association_token=association.token,
                counter=association.counter,
            )

    @property
    def euicc(self) -> EuiccUnderTest:
        """The card under test."""
        return self._euicc

    @property
    def eim(self) -> Eim:
        """The first eIM."""
        return self._parties.eims[0]

    @property
    def other_eim(self) -> Eim:
        """The second eIM."""
        return self._parties.eims[1]

    @property
    def smdp(self) -> Smdp:
        """The SM-DP+."""
        return self._parties.smdp

    @property
    def download(self) -> Callable[[str], InstallationAnswer]:
        """Installs a fixture profile on the card under test."""
        return self._parties.download_to(self._euicc)

    @property
    def profiles(self) -> Mapping[str, ProfilePackage]:
        """The fixture profiles."""
        return self._bench.rack.profiles

    @property
    def clock(self) -> Clock:
        """The lab's clock."""
        return self._bench.rack.clock


@stage.register
def _(bench: CardBench, running: RunningCase) -> Scene:
    return CardScene(bench, running)
