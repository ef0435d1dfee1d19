"""A simulated module in its own process, with our eIM and SM-DP+ behind real TLS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.crypto.entropy import Entropy
from harness.crypto.pki import Identity, TestPki, mint
from harness.endpoints.eim import EimEndpoint
from harness.endpoints.https import HttpsEndpoint
from harness.endpoints.loop import LoopThread
from harness.endpoints.module_process import ModuleProcess
from harness.endpoints.smdp import SmdpEndpoint
from harness.links.events import Interface
from harness.links.tls import ServerCertificate
from harness.profiles import load_profile
from harness.resources import path
from harness.roles.eim import Eim, EimIdentity
from harness.roles.smdp import Smdp, SmdpIdentity
from harness.simulators.defects import broken
from harness.simulators.euicc import CONFORMING, CardConfig, FileMemory, SimulatedEuicc

EIM, SMDP = "eim.harness.test", "smdp.harness.test"
SEED = "module-process-tests"
FACTORY = "tests.endpoints.module_bench:make_card"


def make_card(arguments: Mapping[str, Any], defects: Sequence[str]) -> SimulatedEuicc:
    """The card in the child. Minting from the same seed gives it keys under the parent's CI."""
    config = CardConfig(after_enable=arguments["after_enable"])
    return SimulatedEuicc(
        config,
        pki().euicc_identities(config.eid),
        FileMemory(Path(arguments["memory"])),
        Entropy("module-card"),
        broken(CONFORMING, "euicc", defects),
    )


def pki() -> TestPki:
    return mint(Entropy(SEED), datetime.now(UTC) - timedelta(days=1))


@dataclass
class Bench:
    module: ModuleProcess
    eim: Eim
    smdp: Smdp
    seen: EimEndpoint
    now: float = 1_800_000_000.0

    def poll(self) -> float | None:
        """A trigger, a second after the last one."""
        self.now += 1
        return self.module.wake(self.now, trigger=True)

    def order(self, name: str) -> tuple[str, bytes]:
        """Activation code and ICCID of a fixture profile, ordered."""
        package = load_profile(path(f"fixtures/profiles/{name}.yaml"))
        return self.smdp.order(package).activation_code, package.iccid


@contextmanager
def bench(folder: Path, after_enable: str = "refresh", **options: Any) -> Iterator[Bench]:
    keys = pki()
    trust = keys.trust("nist")
    smdp = Smdp(SmdpIdentity.of(keys, SMDP), Entropy("smdp"))
    eim = Eim(
        EimIdentity(
            EIM,
            trust.eim_sign.private_key,
            fqdn=EIM,
            tls_trust=("trustedCertificateTls", trust.ci.certificate),
            offers_indirect_download=False,
        ),
        Entropy("eim"),
        trusted_ci=[trust.ci.certificate],
    )
    with LoopThread() as loop:
        seen = EimEndpoint(eim, lambda: made.now)
        servers = [
            HttpsEndpoint(loop, seen, [certificate(trust.eim_tls)], interface=Interface.ESIPA),
            HttpsEndpoint(
                loop,
                SmdpEndpoint(smdp, lambda: datetime.now(UTC)),
                [certificate(trust.dp_tls)],
                interface=Interface.ES9P,
            ),
        ]
        ports = [server.start() for server in servers]
        module = ModuleProcess(
            FACTORY,
            {"memory": str(folder / "card"), "after_enable": after_enable},
            folder,
            ci_certificates=[trust.ci.certificate],
            addresses={EIM: ("127.0.0.1", ports[0]), SMDP: ("127.0.0.1", ports[1])},
            **options,
        )
        made = Bench(module, eim, smdp, seen)
        with module:
            yield made
        for server in servers:
            server.stop()


def certificate(identity: Identity) -> ServerCertificate:
    key = identity.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ServerCertificate((identity.certificate,), key)
