"""The device side of a download in tests: a simulated eUICC, and what an LPA does around it, step by step."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.codec import encode, tlv
from harness.crypto import pki as pki_module
from harness.crypto.entropy import Entropy
from harness.crypto.pki import TestPki
from harness.roles.es10.client import Es10
from harness.roles.es10.download import InstallationAnswer
from harness.roles.es10.terminal import Terminal
from harness.roles.smdp import Smdp
from harness.simulators.euicc import CardConfig, SimulatedEuicc, VolatileMemory

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PKI: TestPki = pki_module.mint(Entropy("tests of the SM-DP+"), NOW)
PREFIX = "/gsma/rsp2/es9plus/"
DEVICE_INFO = {"tac": bytes.fromhex("35290611"), "deviceCapabilities": {}}


@dataclass
class MemoryPort:
    """A CardPort straight to a simulated card."""

    card: SimulatedEuicc

    def transmit(self, command: bytes, *, deadline: float = 10.0) -> bytes:
        return self.card.transmit(command)

    def reset(self) -> bytes:
        return self.card.power_on()


def card(curves: Iterable[str] = ("nist",), *, pki: TestPki = PKI, seed: str = "card", **config: Any) -> Es10:
    """The ES10 functions of a new simulated card."""
    made = CardConfig(**config)
    identities = [pki.euicc_identity(curve, made.eid) for curve in curves]
    port = MemoryPort(SimulatedEuicc(made, identities, VolatileMemory(), Entropy(seed)))
    return Es10(Terminal(port))


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def un64(text: str) -> bytes:
    return base64.b64decode(text)


@dataclass
class Session:
    """One download over the JSON binding. Each step keeps what it got, so that a test may change it before the next."""

    smdp: Smdp
    es10: Es10
    matching_id: str | None = None
    now: datetime = NOW

    def post(self, function: str, **fields: str) -> dict[str, Any]:
        reply = self.smdp.handle(PREFIX + function, json.dumps(fields).encode(), self.now)
        assert reply.status in (200, 204), reply
        return json.loads(reply.body) if reply.body else {}

    def initiate(self, address: str | None = None) -> dict[str, Any]:
        self.challenge = self.es10.get_euicc_challenge()
        self.initiated = self.post(
            "initiateAuthentication",
            smdpAddress=address or self.smdp.identity.address,
            euiccChallenge=b64(self.challenge),
            euiccInfo1=b64(self.es10.get_euicc_info1().raw),
        )
        self.transaction_id = self.initiated.get("transactionId", "")
        return self.initiated

    def authenticate_server(self) -> bytes:
        context: dict[str, Any] = {"deviceInfo": DEVICE_INFO}
        if self.matching_id is not None:
            context["matchingId"] = self.matching_id
        request = tlv.build(
            0xBF38,
            *(un64(self.initiated[name]) for name in ("serverSigned1", "serverSignature1", "euiccCiPKIdToBeUsed")),
            un64(self.initiated["serverCertificate"]),
            encode("CtxParams1", ("ctxParamsForCommonAuthentication", context)),
        )
        self.authenticated = self.es10.authenticate_server(request).raw
        return self.authenticated

    def authenticate_client(self) -> dict[str, Any]:
        self.offered = self.post(
            "authenticateClient",
            transactionId=self.transaction_id,
            authenticateServerResponse=b64(self.authenticated),
        )
        return self.offered

    def prepare(self, hash_cc: bytes | None = None) -> bytes:
        request = tlv.build(
            0xBF21,
            un64(self.offered["smdpSigned2"]),
            un64(self.offered["smdpSignature2"]),
            b"" if hash_cc is None else tlv.build(0x04, hash_cc),
            un64(self.offered["smdpCertificate"]),
        )
        self.prepared = self.es10.prepare_download(request).raw
        return self.prepared

    def get_package(self) -> dict[str, Any]:
        self.bound = self.post(
            "getBoundProfilePackage", transactionId=self.transaction_id, prepareDownloadResponse=b64(self.prepared)
        )
        return self.bound

    def to_authentication(self) -> Session:
        self.initiate()
        self.authenticate_server()
        return self

    def to_preparation(self, hash_cc: bytes | None = None) -> Session:
        self.to_authentication().authenticate_client()
        self.prepare(hash_cc)
        return self

    def to_package(self) -> bytes:
        self.to_preparation().get_package()
        return un64(self.bound["boundProfilePackage"])

    def install(self) -> InstallationAnswer:
        self.result = self.es10.load_bound_profile_package(self.to_package())
        return self.result

    def notify(self, raw: bytes) -> None:
        assert self.post("handleNotification", pendingNotification=b64(raw)) == {}


def status(document: dict[str, Any]) -> str | tuple[str, str]:
    """ "Executed-Success", or the subject and reason of a failure."""
    told = document["header"]["functionExecutionStatus"]
    if told["status"] != "Failed":
        return str(told["status"])
    return told["statusCodeData"]["subjectCode"], told["statusCodeData"]["reasonCode"]
