"""The scene of a case about a module: its serial port, its card, and the servers that its IPA talks to."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import cached_property

from harness.conformance.adversaries.lying import Answers
from harness.conformance.applicability import acts_on_card
from harness.conformance.devices.device import DeviceUnderTest
from harness.conformance.devices.module import ModuleUnderTest
from harness.conformance.ours.states import described
from harness.conformance.preparing.kept_card import withheld
from harness.conformance.preparing.over_polls import OverPolls
from harness.conformance.running import RunningCase
from harness.conformance.scenes.card_scene import CardScene
from harness.conformance.scenes.scene import Scene, stage
from harness.endpoints.eim import EimEndpoint
from harness.endpoints.smdp import SmdpEndpoint
from harness.endpoints.smds import SmdsEndpoint
from harness.errors import HarnessError, Withheld
from harness.lab.benches.module_bench import ModuleBench
from harness.links.events import Interface
from harness.links.https_client import HttpsClient
from harness.links.tls import Trust
from harness.roles.es10.ports import ISD_R

_ON_THE_CARD = frozenset({"euicc", "download"})
"""What a case asks for that reaches the card over AT, whatever else it looks at."""
_SMDPS = frozenset({"smdp", "other_smdp"})


class ModuleScene(CardScene):
    """One module. Its servers answer for the roles of this case until it is over."""

    def __init__(self, bench: ModuleBench, running: RunningCase) -> None:
        roots = tuple(bench.rack.pki.trust(curve).ci.certificate for curve in bench.rack.pki.curves)
        # What the eIM sends to the SM-DP+ is recorded where it arrives.
        self._to_smdp = HttpsClient(Trust(roots), interface=Interface.ES9P, addresses=bench.addresses)
        super().__init__(bench, bench.link(running.way.link), running, self._to_smdp)
        self.bench = bench
        self._over_polls: OverPolls | None = None
        """How the card came into its state, where it is hidden."""

    def prepare(self) -> None:
        """The card in its state, the module booted with it, our servers up.

        Raises Withheld for a case about the card where the module lets no APDU through to it. A real module whose serial
        port alone is judged keeps its card as it is: it may have no way to it at all.
        """
        by_functions = not self.bench.takes_snapshots
        if by_functions:
            self._find_card()
        acts = acts_on_card(self.running.case)
        is_prepared = acts or self.bench.simulated is not None
        is_hidden = is_prepared and by_functions and bool(self.bench.hides_card)
        if by_functions and self.bench.simulated is not None:
            self.bench.simulated.set_network(self.bench.network)  # a snapshot comes with that
        if is_hidden and acts:
            self._prepare_hidden()
        self._serve()
        if is_prepared and not is_hidden:
            super().prepare()
        if not by_functions:
            self._find_card()
        if not self._is_about_card:
            self.bench.access.leave()

    def _prepare_hidden(self) -> None:
        """Over polls of our own eIM: nothing else reaches a card that gives no APDU access."""
        case, eims = self.running.case, self._parties.eims
        reason = withheld(case, self.bench.slot.trust)
        if reason:
            raise Withheld(reason)
        label = f"{case.identifier}/{self.running.way.link}"
        over_polls = OverPolls(self.bench, label, self._to_smdp, self.running.tell_wait)
        self.bench.farewell = lambda: OverPolls(self.bench, "farewell", self._to_smdp).leave()
        with self.running.steps(
            f"over polls, the hidden card is brought to: {described(case.needs)}", precondition=True
        ):
            over_polls.reach(case.needs)
        over_polls.introduce(eims)
        self._over_polls = over_polls

    def _serve(self) -> None:
        for server, answers in zip(self.bench.eim_servers, self._eim_answers, strict=True):
            server.behind = answers
        self.bench.smdp_servers[0].behind = self._smdp_answers
        if "other_smdp" in self.running.case.fixtures:
            self.bench.smdp_servers[1].behind = SmdpEndpoint(self.other_smdp, self.clock.utc)
        if "smds" in self.running.case.fixtures:
            self._serve_smds()

    def _serve_smds(self) -> None:
        if self.bench.smds_server is None:
            raise Withheld(
                "the lab has no certificate for an SM-DS", hint="its PKI needs a DSauth and a DS TLS certificate"
            )
        self.bench.smds_server.behind = SmdsEndpoint(self.smds, self.clock.utc)

    @property
    def _is_about_card(self) -> bool:
        return self.running.way.link in self.bench.slot.ways.apdu

    def _find_card(self) -> None:
        if not self._is_about_card and _ON_THE_CARD.isdisjoint(self.running.case.fixtures):
            return
        link = self.bench.link(self.running.way.link)
        reason = link.blocked(ISD_R)
        if reason:
            raise Withheld(f"the module lets no APDU through to its card over {link.name}: {reason}")

    def close(self) -> None:
        """Nobody is behind the servers between cases. What a role raised instead of answering is ours to answer for."""
        troubles = []
        for server in self.bench.servers:
            server.behind = None
            troubles += server.troubles
            server.troubles = []
        if self._over_polls is not None:
            self._over_polls.remember(self._parties.eims)
        self._to_smdp.close()
        super().close()
        with suppress(HarnessError):  # the next case finds out what became of it
            self.bench.access.leave()
        if self._is_about_card:
            self.running.doubt = self.bench.doubt
        if troubles:
            raise troubles[0]

    @cached_property
    def _endpoints(self) -> tuple[EimEndpoint, ...]:
        eims, came = (self.eim, self.other_eim), threading.Condition()
        return tuple(EimEndpoint(eim, self.clock.now, came=came) for eim in eims[: len(self.bench.eim_servers)])

    @cached_property
    def _eim_answers(self) -> tuple[Answers, ...]:
        return tuple(Answers(endpoint) for endpoint in self._endpoints)

    @cached_property
    def _smdp_answers(self) -> Answers:
        return Answers(SmdpEndpoint(self.smdp, self.clock.utc))

    @cached_property
    def module(self) -> ModuleUnderTest:
        """The module at its serial port."""
        return ModuleUnderTest(self.bench)

    @cached_property
    def device(self) -> DeviceUnderTest:
        """The module as an IPA."""
        known = None if self.bench.config is None and self._over_polls is None else self.bench.known_eid
        eid = self.euicc.eid if known is None else known
        return DeviceUnderTest(
            self.bench,
            eid,
            self._endpoints,
            self.profiles,
            eim_answers=self._eim_answers[0],
            smdp_answers=self._smdp_answers,
            visits_others="other_eim" in self.running.case.fixtures,
            tells_smdp=not _SMDPS.isdisjoint(self.running.case.fixtures),
            tell_wait=self.running.tell_wait,
        )


@stage.register
def _(bench: ModuleBench, running: RunningCase) -> Scene:
    return ModuleScene(bench, running)
