"""The scene of a case about a card: the card under test, our eIMs and our SM-DP+ beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from harness.conformance.adversaries.fuzzing import Chance
from harness.conformance.case import State
from harness.conformance.devices.euicc import EuiccUnderTest
from harness.conformance.devices.power import PowerUnderTest, TimedPower, WritePower
from harness.conformance.devices.strictness import Strictness
from harness.conformance.ours.parties import Parties, euicc_over, make_known, prepared_card
from harness.conformance.ours.states import described, reach, reach_as_precondition
from harness.conformance.preparing.kept_card import KeptCard, give_back, kept_card, leave_as_found, reach_kept, withheld
from harness.conformance.running import RunningCase
from harness.conformance.scenes.scene import Scene, stage
from harness.errors import HarnessError, Withheld
from harness.lab.benches.card_bench import CardBench
from harness.lab.ledger import ledger_of

if TYPE_CHECKING:
    from harness.conformance.devices.own_ipa import OwnIpa
    from harness.conformance.ours.operator import Operator
    from harness.crypto.pki import TestPki
    from harness.lab.benches.module_bench import ModuleBench
    from harness.lab.clock import Clock
    from harness.links.apdu import CardLink
    from harness.profiles import ProfilePackage
    from harness.roles.eim import Eim
    from harness.roles.eim.ports import HttpPort
    from harness.roles.es10.download import InstallationAnswer
    from harness.roles.smdp import Smdp
    from harness.roles.smds import Smds


_ORDERED = "operational-a"


class CardScene(Scene):
    """One card, reached over one link."""

    def __init__(
        self, bench: CardBench | ModuleBench, link: CardLink, running: RunningCase, http: HttpPort | None = None
    ) -> None:
        """`http` is the eIMs' way to the SM-DP+ where that is served; None: in this process."""
        super().__init__(running)
        self._card_bench = bench
        self._rack = bench.rack
        self._parties = Parties(
            bench.rack,
            f"{running.case.identifier}/{running.way.link}",
            running.case.needs,
            device=bench.device_name,
            observers=[bench.observer_of("in-process")],
            http=http,
            trust=bench.slot.trust,
            names=bench.names,
        )
        self._euicc = euicc_over(link, self._parties, bench.known_eid, bench.version)
        self._euicc.ledger = ledger_of(bench)
        self._euicc.ipa_version = bench.ipa_version
        self._euicc.strictness = self._strictness = Strictness(
            lambda: self._parties.eims, self._made_certificate, bench.version
        )
        self._own_ipa: OwnIpa | None = None
        self._kept: KeptCard | None = None

    def prepare(self) -> None:
        """By a snapshot on a simulated card, by the standard's functions on a real one."""
        bench, needs, eims = self._card_bench, self.running.case.needs, self._parties.eims
        trust = bench.slot.trust
        reason = withheld(self.running.case, trust)
        if reason:
            raise Withheld(reason)
        if trust.keeps_card:
            self._prepare_kept()
            return
        if bench.config is None or not bench.takes_snapshots:
            bench.farewell = lambda: self._leave(
                lambda: reach(State(), self._euicc, eims, self._parties.profiles, self.download)
            )
            reach_as_precondition(self.running.steps, needs, self._euicc, eims, self.profiles, self.download)
            return
        prepared = prepared_card(self._rack, bench.config, needs)
        bench.restore(prepared.snapshot)
        make_known(eims, bench.config, prepared, self._rack, bench.ipa_version)

    def _leave(self, give_back: Callable[[], None]) -> None:
        """After the last case: what is of ours goes, and the channel with it."""
        try:
            give_back()
        finally:
            self._euicc.close()

    def _made_certificate(self) -> bytes | None:
        """The certificate that a simulated card was made with; None for a real one."""
        config = self._card_bench.config
        return None if config is None else self._rack.pki.euicc_identity("nist", config.eid).certificate

    def _prepare_kept(self) -> None:
        case, parties = self.running.case, self._parties
        with self.running.steps(f"on the card of somebody else: {described(case.needs)}", precondition=True):
            bench = self._card_bench
            kept = self._kept = kept_card(self._rack, bench.name, bench.slot.trust, self._euicc, parties.eims)
            bench.farewell = lambda: self._leave(lambda: give_back(kept, self._euicc))
            self._euicc.guard = self._kept.guard
            reach_kept(self._kept, case.needs, self._euicc, parties.eims, parties.profiles, self.download)

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

    @cached_property
    def ipa(self) -> OwnIpa:
        """Our own IPA on the card under test."""
        from harness.conformance.devices.own_ipa import OwnIpa

        observers = [self._card_bench.observer_of("https")]
        others = [self.other_smdp] if "other_smdp" in self.running.case.fixtures else []
        self._own_ipa = OwnIpa(self._rack, self._euicc, self.eim, (self.smdp, *others), observers)
        return self._own_ipa

    @cached_property
    def operator(self) -> Operator:
        """The operators of the fixture profiles."""
        from harness.conformance.ours.operator import Operator

        return Operator(self._euicc, self.profiles)

    def close(self) -> None:
        """Stops what the case made run, and judges the form of what the card answered in it.

        A card of somebody else is left as it was found.
        """
        if self._own_ipa is not None:
            self._own_ipa.close()
        if self._kept is not None:
            leave_as_found(self._kept, self._euicc, self._parties.eims, self._rack.profiles)
        if not self._card_bench.takes_snapshots:  # a snapshot comes with a reset, which closes every channel
            with suppress(HarnessError):
                self._euicc.close()
        self._strictness.judge(self.running.steps)

    @property
    def smdp(self) -> Smdp:
        """The SM-DP+."""
        return self._parties.smdp

    @property
    def other_smdp(self) -> Smdp:
        """The SM-DP+ of another operator."""
        return self._parties.other_smdp

    @property
    def smds(self) -> Smds:
        """The SM-DS."""
        return self._parties.smds

    @property
    def download(self) -> Callable[[str], InstallationAnswer]:
        """Installs a fixture profile on the card under test."""
        return self._parties.download_to(self._euicc)

    @property
    def ordered_download(self) -> Callable[[], InstallationAnswer]:
        """Installs a profile of our SM-DP+, or of one that the lab has an account at where the card believes no key of ours."""
        if self._card_bench.slot.trust.has_smdp_keys:
            return lambda: self.download(_ORDERED)
        observers = [self._card_bench.observer_of("https")]
        return lambda: self._parties.download_by_account(self._euicc, self.running.case.identifier, observers)

    @property
    def profiles(self) -> Mapping[str, ProfilePackage]:
        """The fixture profiles, or what stands for one on a card that keeps its own."""
        return self._parties.profiles

    @property
    def pki(self) -> TestPki:
        """The lab's PKI, for certificates made to be wrong."""
        return self._rack.pki

    @cached_property
    def power(self) -> PowerUnderTest:
        """The power of the card. Raises Withheld where the lab cannot switch it."""
        bench = self._card_bench
        if bench.power is not None:
            return WritePower(bench.power, self._euicc)
        if bench.mains is None:
            hint = "wire a switch between the card and its supply, and name it as `power` of the slot"
            raise Withheld("the lab has no switch for the power of this card", hint=hint)
        return TimedPower(bench.mains, self._euicc, bench.boot, self.chance)

    @cached_property
    def chance(self) -> Chance:
        """Random numbers from the run's seed, also on hardware, where keys and challenges are the system's."""
        return Chance(f"{self._rack.seed}/{self.running.case.identifier}/{self.running.way.link}")

    @property
    def clock(self) -> Clock:
        """The lab's clock."""
        return self._rack.clock


@stage.register
def _(bench: CardBench, running: RunningCase) -> Scene:
    return CardScene(bench, bench.link, running)
