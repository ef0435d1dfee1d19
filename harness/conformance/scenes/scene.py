"""What a case acts with: the device under test and the harness's own parties around it, made anew for every case.

A kind of slot registers how its scene is set with `stage.register`. Asking a scene for something that its slot does not
have is the harness being wrong, since applicability is decided before.
"""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, NoReturn

from harness.conformance.running import RunningCase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.conformance.adversaries.fuzzing import Chance
    from harness.conformance.devices.device import DeviceUnderTest
    from harness.conformance.devices.euicc import EuiccUnderTest
    from harness.conformance.devices.module import ModuleUnderTest
    from harness.conformance.devices.own_ipa import OwnIpa
    from harness.conformance.devices.power import PowerUnderTest
    from harness.conformance.ours.behind_eim import BehindEim
    from harness.conformance.ours.operator import Operator
    from harness.conformance.ours.tls_behind import TlsBehind
    from harness.conformance.servers.eim_under_test import EimUnderTest
    from harness.conformance.servers.server import ServerUnderTest
    from harness.crypto.pki import TestPki
    from harness.lab.clock import Clock
    from harness.profiles import ProfilePackage
    from harness.roles.eim import Eim
    from harness.roles.es10.download import InstallationAnswer
    from harness.roles.smdp import Smdp
    from harness.roles.smds import Smds


class Scene:
    """Everything a case may ask for. A kind of slot overrides what it has."""

    def __init__(self, running: RunningCase) -> None:
        self.running = running

    def prepare(self) -> None:
        """Brings the device into the state that the case needs."""

    def close(self) -> None:
        """The case is over."""

    def _missing(self, what: str) -> NoReturn:
        raise LookupError(f"a slot of kind {self.running.way.bench.slot.kind} has no {what} for a case to use")

    @property
    def euicc(self) -> EuiccUnderTest:
        """The card under test."""
        self._missing("euicc")

    @property
    def card(self) -> EuiccUnderTest:
        """A conforming simulated card of the harness, for cases that judge a server."""
        self._missing("card")

    @property
    def module(self) -> ModuleUnderTest:
        """The module under test at its serial port."""
        self._missing("module")

    @property
    def device(self) -> DeviceUnderTest:
        """The module under test as an IPA."""
        self._missing("device")

    @property
    def esipa(self) -> ServerUnderTest:
        """A client towards the eIM under test."""
        self._missing("esipa")

    @property
    def es9(self) -> ServerUnderTest:
        """A client towards the SM-DP+ under test."""
        self._missing("es9")

    @property
    def es11(self) -> ServerUnderTest:
        """A client towards the SM-DS under test."""
        self._missing("es11")

    @property
    def eim(self) -> EimUnderTest:
        """The reference eIM, associated where the case needs it; or the eIM under test."""
        self._missing("eim")

    @property
    def other_eim(self) -> Eim:
        """A second reference eIM."""
        self._missing("other_eim")

    @property
    def behind_eim(self) -> BehindEim:
        """The RSP servers behind an eIM under test."""
        self._missing("behind_eim")

    @property
    def tls_behind(self) -> TlsBehind:
        """Our SM-DP+ behind TLS, for the eIM under test as its client."""
        self._missing("tls_behind")

    @property
    def tenant(self) -> Eim:
        """A second identity of an eIM under test."""
        self._missing("tenant")

    def new_eids(self, count: int) -> list[bytes]:
        """EIDs that the eIM under test has never heard of."""
        self._missing("new_eids")

    def restarted_eim(self) -> Eim:
        """The eIM under test, ended and started anew with what it has kept."""
        self._missing("eim that can be started anew")

    @property
    def ipa(self) -> OwnIpa:
        """Our own IPA on the card under test."""
        return self._missing("ipa")

    @property
    def operator(self) -> Operator:
        """The operators of the fixture profiles, as they reach the card over the air."""
        self._missing("operator")

    @property
    def smdp(self) -> Smdp:
        """The reference SM-DP+."""
        self._missing("smdp")

    @property
    def other_smdp(self) -> Smdp:
        """The SM-DP+ of another operator."""
        self._missing("other_smdp")

    @property
    def smds(self) -> Smds:
        """The reference SM-DS."""
        self._missing("smds")

    @property
    def download(self) -> Callable[[str], InstallationAnswer]:
        """Installs a fixture profile by a direct download."""
        self._missing("download")

    @property
    def ordered_download(self) -> Callable[[], InstallationAnswer]:
        """Installs a profile that waits at an SM-DP+ which the card believes."""
        self._missing("ordered_download")

    @property
    def profiles(self) -> Mapping[str, ProfilePackage]:
        """The fixture profiles by name."""
        self._missing("profiles")

    @property
    def power(self) -> PowerUnderTest:
        """The power of the card under test."""
        self._missing("power")

    @property
    def chance(self) -> Chance:
        """Random numbers of the case's own."""
        self._missing("chance")

    @property
    def pki(self) -> TestPki:
        """The lab's PKI."""
        self._missing("pki")

    @property
    def clock(self) -> Clock:
        """The lab's clock."""
        self._missing("clock")


@singledispatch
def stage(bench: object, running: RunningCase) -> Scene:
    """The scene for a case on this bench."""
    return Scene(running)
