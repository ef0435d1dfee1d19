"""The scene of a case about an eIM of somebody else, and a conforming card that it is made to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from harness.conformance.ours.parties import Parties, euicc_over
from harness.conformance.ours.states import forget_notifications
from harness.conformance.scenes.scene import Scene
from harness.conformance.servers.foreign_eim import ForeignEim
from harness.conformance.servers.server import ServerUnderTest
from harness.crypto.eid import octets_of, with_check_digits
from harness.errors import DeviceFault, Withheld
from harness.lab.benches.cards import conforming_card
from harness.links.memory import MemoryLink
from harness.simulators.euicc import CardConfig

if TYPE_CHECKING:
    from harness.conformance.devices.euicc import EuiccUnderTest
    from harness.conformance.running import RunningCase
    from harness.crypto.pki import TestPki
    from harness.lab.benches.server_bench import ServerBench
    from harness.lab.clock import Clock
    from harness.profiles import ProfilePackage
    from harness.roles.eim import Eim
    from harness.roles.es10.download import InstallationAnswer

_NO_QUEUE = "there is no way to queue anything at this eIM"
_QUEUE_HINT = "`queue` beside its `address` names a program or a REST interface that does"
_SMDP = "this eIM cannot be made to reach our SM-DP+"
BEYOND = {
    "behind_eim": _SMDP,
    "smdp": _SMDP,
    "smds": "this eIM cannot be made to reach our SM-DS",
    "tls_behind": _SMDP,
    "restarted_eim": "there is no way to start this eIM anew",
    "tenant": "this eIM has no second identity that the lab knows of",
}
"""What a case may ask for that nobody outside of this eIM can give."""
_EID_PREFIX = "89049032123451234512"
_EID_DIGITS = 10


class ForeignScene(Scene):
    """One eIM that is given by its address."""

    def __init__(self, bench: ServerBench, running: RunningCase) -> None:
        super().__init__(running)
        self._bench = bench
        observers = [bench.observer_of("in-process")]
        self._parties = Parties(bench.rack, f"{running.case.identifier}/eim", running.case.needs, observers=observers)

    def prepare(self) -> None:
        """A fresh card in the state that the case needs, which the eIM is made to know."""
        fixtures = self.running.case.fixtures
        needs_queue = self.running.case.needs.eims or "eim" in fixtures
        if needs_queue and self._bench.operator_side is None:
            raise Withheld(_NO_QUEUE, hint=_QUEUE_HINT)
        for name, reason in BEYOND.items():
            if name in fixtures:
                raise Withheld(reason)
        if self.running.case.needs.eims:
            with self.running.steps("the eIM says who it is, and is associated with a new card", precondition=True):
                self._associate()

    def _associate(self) -> None:
        needs, eim = self.running.case.needs, self.eim
        named = eim.identity.ci_key_id
        known = [self.pki.trust(curve).ci_key_id for curve in self.pki.curves]
        if named is not None and named not in known:
            raise Withheld(
                f"this eIM names the CI {named.hex()} to cards, and our own card is under {known[0].hex()}",
                hint="give the lab a `pki` under the CI that the eIM trusts, or have the eIM trust that of the lab",
            )
        eim.meet(self.card)
        for name in needs.profiles:
            installed = self.download(name)
            if not installed.is_success:
                raise DeviceFault(f"the profile {name} was not installed: error {installed.error_reason}")
        forget_notifications(self.card)

    def close(self) -> None:
        """The eIM forgets what it was told for the case."""
        if "eim" in self.__dict__:
            self.eim.leave()

    @cached_property
    def card(self) -> EuiccUnderTest:
        """A conforming card with an EID that nobody has heard of."""
        card = conforming_card(self._bench.rack, CardConfig(eid=self._new_eid()))
        return euicc_over(MemoryLink(card, [self._bench.observer_of("in-process")]), self._parties)

    @property
    def esipa(self) -> ServerUnderTest:
        """A client towards the eIM under test."""
        return ServerUnderTest(self._bench)

    @cached_property
    def eim(self) -> ForeignEim:
        """The eIM under test from its operator's side."""
        if self._bench.operator_side is None:
            raise Withheld(_NO_QUEUE, hint=_QUEUE_HINT)
        return ForeignEim(self._bench.operator_side, self.clock.now)

    @property
    def other_eim(self) -> Eim:
        """An eIM of ours, for what is to be said of another one."""
        return self._parties.eims[1]

    def new_eids(self, count: int) -> list[bytes]:
        """EIDs that nobody has heard of."""
        return [self._new_eid() for _ in range(count)]

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
        """The lab's PKI: the conforming card's keys."""
        return self._bench.rack.pki

    @property
    def clock(self) -> Clock:
        """The lab's clock."""
        return self._bench.rack.clock

    def _new_eid(self) -> bytes:
        digits = self._bench.rack.entropy.integer(10**_EID_DIGITS)
        return octets_of(with_check_digits(f"{_EID_PREFIX}{digits:0{_EID_DIGITS}d}"))
