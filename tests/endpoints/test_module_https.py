"""What the firmware of a simulated module trusts, and what it makes of servers that it does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.crypto.pki import TestPki
from harness.endpoints.https import HttpsEndpoint
from harness.endpoints.loop import LoopThread
from harness.endpoints.module_https import FirmwareHttps
from harness.links.events import Interface
from harness.links.http_messages import Reply, Request
from harness.roles.es10.eims import TrustData
from harness.roles.ipa import NoAnswer
from tests.endpoints.module_bench import EIM, certificate, pki


@pytest.fixture(scope="module")
def keys() -> TestPki:
    return pki()


@pytest.fixture
def served(keys: TestPki) -> Iterator[tuple[dict[str, tuple[str, int]], list[Request]]]:
    """Where an eIM listens, and what it was sent."""
    seen: list[Request] = []

    def answer(request: Request) -> Reply:
        seen.append(request)
        return Reply(200, (("Content-Type", "text/plain"),), b"heard")

    with LoopThread() as loop:
        server = HttpsEndpoint(loop, answer, [certificate(keys.trust("nist").eim_tls)], interface=Interface.ESIPA)
        yield {EIM: ("127.0.0.1", server.start())}, seen
        server.stop()


def key_of(der: bytes) -> bytes:
    public = x509.load_der_x509_certificate(der).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_the_configured_trust_decides(keys: TestPki, served: tuple[dict[str, tuple[str, int]], list[Request]]) -> None:
    addresses, seen = served
    trust = keys.trust("nist")
    accepted = [
        None,
        TrustData(True, trust.ci.certificate),
        TrustData(True, trust.eim_tls.certificate),
        TrustData(False, key_of(trust.eim_tls.certificate)),
    ]
    refused = [TrustData(True, keys.trust("brainpool").ci.certificate), TrustData(False, key_of(trust.ci.certificate))]
    https = FirmwareHttps([trust.ci.certificate], addresses)
    for anchor in accepted:
        reply = https.post(f"https://{EIM}/path", [("X", "y")], b"body", trust=anchor)
        assert (reply.status, reply.body) == (200, b"heard")
    assert len(seen) == len(accepted)
    for anchor in refused:
        with pytest.raises(NoAnswer):
            https.post(f"https://{EIM}/path", [], b"the EID", trust=anchor)
    assert len(seen) == len(accepted)
    https.close()


def test_names_without_a_place_and_dead_ports_are_no_answer(keys: TestPki) -> None:
    https = FirmwareHttps([keys.trust("nist").ci.certificate], {EIM: ("127.0.0.1", 1)})
    with pytest.raises(NoAnswer):
        https.post(f"https://{EIM}/", [], b"", trust=None)


def test_a_connection_is_kept_from_one_message_to_the_next(
    keys: TestPki, served: tuple[dict[str, tuple[str, int]], list[Request]]
) -> None:
    addresses, seen = served
    https = FirmwareHttps([keys.trust("nist").ci.certificate], addresses)
    for _ in range(3):
        https.post(f"https://{EIM}/", [], b"x", trust=None)
    assert len({request.connection for request in seen}) == 1
    https.close()


def test_certificates_are_checked_at_the_time_that_the_module_believes_in(
    keys: TestPki, served: tuple[dict[str, tuple[str, int]], list[Request]]
) -> None:
    addresses, seen = served
    https = FirmwareHttps([keys.trust("nist").ci.certificate], addresses)
    assert https.post(f"https://{EIM}/path", [], b"one", trust=None).status == 200
    for years in (-20, 20):
        https.clock_error = years * 365.25 * 86400
        with pytest.raises(NoAnswer, match="is not valid on"):
            https.post(f"https://{EIM}/path", [], b"two", trust=None)
    https.clock_error = 0.0
    assert https.post(f"https://{EIM}/path", [], b"three", trust=None).status == 200
    assert [request.body for request in seen] == [b"one", b"three"], "nothing is sent to a server that is not trusted"
    https.close()
