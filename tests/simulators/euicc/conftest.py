from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from harness.codec import encode
from harness.crypto import pki
from harness.crypto.entropy import Entropy
from harness.crypto.pki import CiSet
from harness.profiles import ProfilePackage, load_profiles
from harness.resources import path
from harness.simulators.euicc import CardConfig, SimulatedEuicc, VolatileMemory
from tests.simulators.euicc.support import Eim, Smdp, Terminal, download


@pytest.fixture(scope="session")
def credentials() -> pki.TestPki:
    return pki.mint(Entropy("card tests"), datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="session")
def trust(credentials: pki.TestPki) -> CiSet:
    return credentials.trust("nist")


@pytest.fixture(scope="session")
def packages() -> dict[str, ProfilePackage]:
    return dict(load_profiles(path("fixtures/profiles")))


@dataclass
class Bench:
    """A card and everybody around it."""

    card: SimulatedEuicc
    memory: VolatileMemory
    terminal: Terminal
    eim: Eim
    trust: CiSet
    packages: dict[str, ProfilePackage]

    def install(self, name: str) -> bytes:
        """Downloads a profile; its ICCID."""
        package = self.packages[name]
        smdp = Smdp(self.trust, self.card.config.eid)
        result = download(self.terminal, smdp, encode("StoreMetadataRequest", dict(package.metadata)), package.der)
        assert result.find(0xBF27, 0xA2, 0xA0) is not None, result.raw.hex()
        return package.iccid

    def associate(self, token: int | None = None) -> None:
        answer = self.terminal.es10(b"\xbf\x57" + _wrapped(self.eim.configuration(token=token)))
        assert answer.find(0xA0) is not None
        given = answer.find(0xA0, 0x84)
        if given:
            self.eim.token = given.value[0]


def _wrapped(configuration: bytes) -> bytes:
    from harness.codec import tlv

    return tlv.build(0xBF57, tlv.build(0xA0, configuration))[2:]


Maker = Callable[..., Bench]


@pytest.fixture
def make_bench(credentials: pki.TestPki, trust: CiSet, packages: dict[str, ProfilePackage]) -> Maker:
    def make(config: CardConfig | None = None, **options: object) -> Bench:
        config = config or CardConfig()
        memory = VolatileMemory()
        identities = credentials.euicc_identities(config.eid)
        card = SimulatedEuicc(config, identities, memory, Entropy("card"), **options)  # type: ignore[arg-type]
        terminal = Terminal(card).start()
        return Bench(card, memory, terminal, Eim(config.eid), trust, packages)

    return make


@pytest.fixture
def bench(make_bench: Maker) -> Bench:
    return make_bench()
