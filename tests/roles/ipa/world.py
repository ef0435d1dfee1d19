"""A device, an eIM and an SM-DP+ in one process: messages go by function calls, the card is the simulated eUICC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from harness.codec import named_bits
from harness.crypto.entropy import Entropy
from harness.crypto.pki import TestPki, mint
from harness.profiles import ProfilePackage, load_profile
from harness.resources import path
from harness.roles.eim import Eim, EimIdentity
from harness.roles.es10 import Es10, Terminal
from harness.roles.es10.eims import TrustData
from harness.roles.ipa import CONFORMING, Ipa, IpaSettings, NoAnswer
from harness.roles.smdp import Smdp, SmdpIdentity
from harness.roles.smds import Smds, SmdsIdentity
from harness.rules import Rules
from harness.simulators.euicc import CardConfig, SimulatedEuicc, VolatileMemory

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SMDP, SMDS, EIM = "smdp.harness.test", "smds.harness.test", "eim.harness.test"
ASN1 = ("Content-Type", "application/x-gsma-rsp-asn1"), ("X-Admin-Protocol", "gsma/rsp/v2.1.0")


class CardPort:
    """The simulated eUICC as a CardPort."""

    def __init__(self, card: SimulatedEuicc) -> None:
        self.card = card

    def transmit(self, command: bytes, *, deadline: float = 10.0) -> bytes:
        return self.card.transmit(command)

    def reset(self) -> bytes:
        return self.card.power_on()


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True)
class Seen:
    url: str
    headers: dict[str, str]
    body: bytes
    reply: Reply


@dataclass
class Network:
    """HttpPort and ModemPort: which profile has a data path, and which servers answer."""

    eims: dict[str, Eim]
    smdp: Smdp
    smds: Smds
    refusing: set[bytes] = field(default_factory=set)
    """ICCIDs whose network takes nobody."""
    unreachable: set[str] = field(default_factory=set)
    """Hosts that do not answer."""
    unreachable_over: dict[bytes, set[str]] = field(default_factory=dict)
    tampering: list[Reply] = field(default_factory=list)
    """Answers to give in place of the next ones."""
    enabled: bytes | None = None
    seen: list[Seen] = field(default_factory=list)
    trusts: list[TrustData | None] = field(default_factory=list)
    now: float = 0.0
    is_calling: bool = False

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, trust: TrustData | None) -> Reply:
        host, _, target = url.removeprefix("https://").partition("/")
        self.trusts.append(trust)
        if host in self.unreachable | self.unreachable_over.get(self.enabled or b"", set()):
            raise NoAnswer(f"{host} does not answer")
        if self.tampering:
            reply = self.tampering.pop(0)
        elif host in (SMDP, SMDS):
            server = self.smdp if host == SMDP else self.smds
            answer = server.handle("/" + target, body, NOW)
            reply = Reply(answer.status, answer.body)
        elif host not in self.eims:
            raise NoAnswer(f"nobody is called {host}")
        else:
            octets = self.eims[host].handle(body, self.now)
            reply = Reply(200, octets, ASN1) if octets else Reply(204, b"")
        self.seen.append(Seen(url, dict(headers), body, reply))
        return reply

    def connect(self) -> bool:
        return self.enabled not in self.refusing

    def registered_plmn(self) -> bytes | None:
        return bytes.fromhex("00F110")

    def has_emergency_call(self) -> bool:
        return self.is_calling

    def messages(self, tag: str) -> list[bytes]:
        """The bodies sent that begin with this tag, in hexadecimal."""
        return [seen.body for seen in self.seen if seen.body.hex().upper().startswith(tag)]


class World:
    """Everything, set up: the card knows the eIM and trusts it."""

    def __init__(
        self,
        settings: IpaSettings | None = None,
        rules: Rules = CONFORMING,
        *,
        indirect: bool = False,
        after_enable: str = "refresh",
        installed: tuple[str, ...] = (),
        card: CardConfig | None = None,
        injects: bool = False,
    ) -> None:
        entropy = Entropy("ipa-tests")
        self.pki = shared_pki()
        self.card = SimulatedEuicc(
            card or CardConfig(after_enable=after_enable),  # type: ignore[arg-type]
            self.pki.euicc_identities(CardConfig().eid),
            VolatileMemory(),
            entropy.child("card"),
        )
        trust = self.pki.trust("nist")
        self.smdp = Smdp(SmdpIdentity.of(self.pki, SMDP), entropy.child("smdp"))
        self.eim = Eim(
            EimIdentity(EIM, trust.eim_sign.private_key, fqdn=EIM, offers_indirect_download=indirect),
            entropy.child("eim"),
            http=_ToSmdp(self.smdp),
            trusted_ci=[trust.ci.certificate],
        )
        self.smds = Smds(SmdsIdentity.of(self.pki, SMDS), entropy.child("smds"))
        self.network = Network({EIM: self.eim}, self.smdp, self.smds)
        self.terminal = Terminal(_Tracking(CardPort(self.card), self))
        self.es10 = Es10(self.terminal)
        self.ipa = Ipa(self.es10, self.network, self.network, settings, rules)
        self.eid = self.es10.get_eid()
        certs = self.es10.get_certs()
        self.eim.associate(self.eid, euicc_certificate=certs.euicc, eum_certificate=certs.eum)
        protocols = {"eimSupportedProtocol": named_bits([0, 2])} if injects else {}
        assert self.es10.add_initial_eim([self.eim.configuration(**protocols)]).error is None
        for name in installed:
            self.install(name)
        self.network.seen.clear()

    def install(self, name: str) -> bytes:
        """Orders a fixture profile and has the IPA download it; returns its ICCID."""
        package = profile(name)
        self.eim.queue_download(self.eid, activation_code=self.smdp.order(package).activation_code)
        self.wake()
        assert package.iccid in [found.iccid for found in self.es10.get_profiles_info()]
        return package.iccid

    def wake(self) -> float:
        """A trigger and a visit, a second after the last one."""
        self.network.now += 1
        self.ipa.trigger()
        return self.ipa.wake(self.network.now)

    def enabled(self) -> bytes | None:
        return next((profile.iccid for profile in self.es10.get_profiles_info() if profile.is_enabled), None)


class _ToSmdp:
    def __init__(self, smdp: Smdp) -> None:
        self._smdp = smdp

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes) -> Reply:
        answer = self._smdp.handle("/" + url.removeprefix("https://").partition("/")[2], body, NOW)
        return Reply(answer.status, answer.body)


class _Tracking:
    """A CardPort that tells the network which profile is enabled after each reset."""

    def __init__(self, port: CardPort, world: World) -> None:
        self._port = port
        self._world = world

    def transmit(self, command: bytes, *, deadline: float = 10.0) -> bytes:
        return self._port.transmit(command)

    def reset(self) -> bytes:
        atr = self._port.reset()
        state = self._world.card.state
        enabled = next((profile for profile in state.profiles if profile.enabled), None)
        self._world.network.enabled = None if enabled is None else enabled.iccid
        return atr


_pki: list[TestPki] = []


def shared_pki() -> TestPki:
    """One PKI for all tests of a process: minting costs more than they do."""
    if not _pki:
        _pki.append(mint(Entropy("ipa-tests-pki"), NOW))
    return _pki[0]


def profile(name: str) -> ProfilePackage:
    """A fixture profile."""
    return load_profile(path(f"fixtures/profiles/{name}.yaml"))
