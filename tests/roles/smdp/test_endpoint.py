"""ES9+ over real TLS, on both curves."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.crypto.entropy import Entropy
from harness.endpoints.https import HttpsEndpoint
from harness.endpoints.loop import LoopThread
from harness.endpoints.rsp_server import MAX_BODY
from harness.endpoints.smdp import SmdpEndpoint
from harness.links.events import Interface
from harness.links.https_client import HttpsClient
from harness.links.tls import BRAINPOOL_CURVE, NIST_CURVE, ServerCertificate, Trust
from harness.roles.smdp import Smdp, SmdpIdentity
from tests.roles.smdp.client import NOW, PKI, PREFIX, b64, card

CURVES = {"nist": NIST_CURVE, "brainpool": BRAINPOOL_CURVE}
JSON = (("Content-Type", "application/json;charset=UTF-8"),)
HOST = "https://smdp.harness.test"


def certificate(curve: str) -> ServerCertificate:
    identity = PKI.trust(curve).dp_tls
    key = identity.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return ServerCertificate((identity.certificate,), key, CURVES[curve])


@pytest.fixture
def served() -> Iterator[HttpsEndpoint]:
    role = Smdp(SmdpIdentity.of(PKI), Entropy("smdp"))
    with LoopThread() as loop:
        handler = SmdpEndpoint(role, lambda: NOW)
        with HttpsEndpoint(
            loop, handler, [certificate(curve) for curve in CURVES], interface=Interface.ES9P
        ) as endpoint:
            yield endpoint


def client(served: HttpsEndpoint, curve: str = "nist") -> HttpsClient:
    trust = Trust((PKI.trust(curve).ci.certificate,))
    addresses = {"smdp.harness.test": served.address}
    return HttpsClient(trust, interface=Interface.ES9P, addresses=addresses, curve=CURVES[curve])


@pytest.mark.parametrize("curve", CURVES)
def test_initiate_authentication(served: HttpsEndpoint, curve: str) -> None:
    fields = {
        "smdpAddress": "smdp.harness.test",
        "euiccChallenge": b64(bytes(16)),
        "euiccInfo1": b64(card([curve]).get_euicc_info1().raw),
    }
    with_client = client(served, curve)
    reply = with_client.post(f"{HOST}{PREFIX}initiateAuthentication", JSON, json.dumps(fields).encode())
    with_client.close()
    assert reply.status == 200
    assert reply.header("x-admin-protocol") == "gsma/rsp/v2.5.0"
    assert json.loads(reply.body)["header"] == {"functionExecutionStatus": {"status": "Executed-Success"}}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [
        ("GET", PREFIX + "initiateAuthentication", JSON, b"", 405),
        ("POST", PREFIX + "initiateAuthentication", (), b"{}", 415),
        ("POST", PREFIX + "initiateAuthentication", (("Content-Type", "text/plain"),), b"{}", 415),
        ("POST", PREFIX + "initiateAuthentication", JSON, b"{}", 400),
        ("POST", PREFIX + "initiateAuthentication", JSON, b" " * (MAX_BODY + 1), 413),
        ("POST", "/somewhere", JSON, b"{}", 404),
    ],
)
def test_what_is_no_call(
    served: HttpsEndpoint, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes, status: int
) -> None:
    used = client(served)
    reply = used.request(method, HOST + path, headers, body)
    used.close()
    assert (reply.status, reply.body) == (status, b"")
