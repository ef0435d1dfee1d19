"""The eIM behind real TLS."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from harness.codec.tlv import build as t
from harness.crypto import pki
from harness.crypto.entropy import Entropy
from harness.endpoints.eim import EimEndpoint
from harness.endpoints.https import HttpsEndpoint
from harness.endpoints.loop import LoopThread
from harness.links.events import Interface
from harness.links.https_client import HttpsClient
from harness.links.tls import ServerCertificate, Trust
from tests.roles.eim.support import EID, Servers, get_eim_package, make_eim, notification

HOST = "eim.harness.test"
HEADERS = (
    ("Content-Type", "application/x-gsma-rsp-asn1"),
    ("X-Admin-Protocol", "gsma/rsp/v2.1.0"),
    ("User-Agent", "gsma-rsp-ipad"),
)


@contextmanager
def served(eim):
    # A TLS certificate is judged by real time, so this one is minted now.
    trust = pki.mint(Entropy("tls"), datetime.now(UTC), hosts=[HOST]).trust("nist")
    tls = trust.eim_tls
    key = tls.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    certificate = ServerCertificate((tls.certificate,), key)
    endpoint = EimEndpoint(eim, lambda: 5.0)
    with LoopThread() as loop, HttpsEndpoint(loop, endpoint, [certificate], interface=Interface.ESIPA) as server:
        client = HttpsClient(
            Trust((trust.ci.certificate,)), interface=Interface.ESIPA, addresses={HOST: server.address}
        )
        try:
            yield client, endpoint
        finally:
            client.close()


def test_one_connection_from_poll_to_notification():
    servers = Servers()
    with served(make_eim(http=servers)) as (client, endpoint):
        url = f"https://{HOST}/gsma/rsp2/asn1"
        reply = client.post(url, HEADERS, get_eim_package(EID))
        assert (reply.status, reply.body) == (200, bytes.fromhex("BF4F03020101"))
        assert reply.header("Content-Type") == "application/x-gsma-rsp-asn1"
        assert reply.header("X-Admin-Protocol") == "gsma/rsp/v2.1.0"
        reply = client.post(url, HEADERS, t(0xBF3D, t(0xA0, notification())))
        assert (reply.status, reply.body) == (204, b"")
        assert client.request("GET", url).status == 405
        assert client.post(f"https://{HOST}/", HEADERS, b"").status == 404
        assert [seen.connection for seen in endpoint.requests] == [1, 1, 1, 1]
        assert endpoint.requests[0].header("User-Agent") == "gsma-rsp-ipad"
        assert len(servers.posts) == 1
