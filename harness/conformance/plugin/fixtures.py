"""What a case may ask for. Each is made for one case and gone with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from harness.conformance.plugin.recording import RUNNING
from harness.conformance.running import RunningCase, Way
from harness.conformance.scenes.scene import Scene, stage
from harness.conformance.steps import CaseSteps

if TYPE_CHECKING:
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


@pytest.fixture
def running(request: pytest.FixtureRequest) -> RunningCase:
    """The case that runs now."""
    case: RunningCase = request.node.stash[RUNNING]
    return case


@pytest.fixture(autouse=True)
def scene(way: Way, running: RunningCase) -> Iterator[Scene]:
    """The device in the state that the case needs, and the parties around it."""
    scene = stage(way.bench, running)
    try:
        scene.prepare()
        yield scene
    finally:
        scene.close()


@pytest.fixture
def step(running: RunningCase) -> CaseSteps:
    """`with step("…", expect="…") as seen:`; `precondition=True` for what has to hold before judging."""
    return running.steps


@pytest.fixture
def euicc(scene: Scene) -> EuiccUnderTest:
    """The card under test: all ES10 functions."""
    return scene.euicc


@pytest.fixture
def card(scene: Scene) -> EuiccUnderTest:
    """A conforming simulated card, for cases that judge an eIM or an SM-DP+."""
    return scene.card


@pytest.fixture
def module(scene: Scene) -> ModuleUnderTest:
    """The module under test at its serial port."""
    return scene.module


@pytest.fixture
def device(scene: Scene) -> DeviceUnderTest:
    """The module under test as an IPA that polls."""
    return scene.device


@pytest.fixture
def esipa(scene: Scene) -> ServerUnderTest:
    """A client towards the eIM under test."""
    return scene.esipa


@pytest.fixture
def es9(scene: Scene) -> ServerUnderTest:
    """A client towards the SM-DP+ under test."""
    return scene.es9


@pytest.fixture
def es11(scene: Scene) -> ServerUnderTest:
    """A client towards the SM-DS under test."""
    return scene.es11


@pytest.fixture
def eim(scene: Scene) -> EimUnderTest:
    """The reference eIM, associated where the case needs one; or the eIM under test from its operator's side."""
    return scene.eim


@pytest.fixture
def other_eim(scene: Scene) -> Eim:
    """A second reference eIM, associated where the case needs two."""
    return scene.other_eim


@pytest.fixture
def tenant(scene: Scene) -> Eim:
    """A second identity of the eIM under test, behind the same server."""
    return scene.tenant


@pytest.fixture
def new_eids(scene: Scene) -> Callable[[int], list[bytes]]:
    """So many EIDs that the eIM under test has never heard of."""
    return scene.new_eids


@pytest.fixture
def behind_eim(scene: Scene) -> BehindEim:
    """The RSP servers behind the eIM under test, with a hand on their answers."""
    return scene.behind_eim


@pytest.fixture
def tls_behind(scene: Scene) -> TlsBehind:
    """Our SM-DP+ behind TLS under any certificate, for the eIM under test as its client."""
    return scene.tls_behind


@pytest.fixture
def restarted_eim(scene: Scene) -> Callable[[], Eim]:
    """Ends the eIM under test and starts it anew; gives it as it is then."""
    return scene.restarted_eim


@pytest.fixture
def ipa(scene: Scene) -> OwnIpa:
    """Our own IPA on the card under test, with the eIM and the SM-DP+ behind HTTPS."""
    return scene.ipa


@pytest.fixture
def operator(scene: Scene) -> Operator:
    """The operators of the fixture profiles, who update their own profile over the air."""
    return scene.operator


@pytest.fixture
def smdp(scene: Scene) -> Smdp:
    """The reference SM-DP+."""
    return scene.smdp


@pytest.fixture
def other_smdp(scene: Scene) -> Smdp:
    """The SM-DP+ of another operator, with another address and registered ID."""
    return scene.other_smdp


@pytest.fixture
def smds(scene: Scene) -> Smds:
    """The reference SM-DS."""
    return scene.smds


@pytest.fixture
def download(scene: Scene) -> Callable[[str], InstallationAnswer]:
    """Installs a fixture profile by a direct download; gives the installation result."""
    return scene.download


@pytest.fixture
def ordered_download(scene: Scene) -> Callable[[], InstallationAnswer]:
    """Installs a profile from an SM-DP+ that the card believes: ours, or one that the lab has an account at."""
    return scene.ordered_download


@pytest.fixture
def profiles(scene: Scene) -> Mapping[str, ProfilePackage]:
    """The fixture profiles by name."""
    return scene.profiles


@pytest.fixture
def power(scene: Scene) -> PowerUnderTest:
    """The power of the card under test, to be taken away in the middle of an action."""
    return scene.power


@pytest.fixture
def chance(scene: Scene) -> Chance:
    """Random numbers from the run's seed, the same for the case in every run with it."""
    return scene.chance


@pytest.fixture
def pki(scene: Scene) -> TestPki:
    """The lab's PKI, for cases that judge what a server or a card thinks of certificates."""
    return scene.pki


@pytest.fixture
def clock(scene: Scene) -> Clock:
    """The lab's clock."""
    return scene.clock
