"""The listening side of a simulated module's IPA: HTTPS, to which an eIM brings its packages (SGP.32 v1.2 §3.1.1.2).

Rules of this room:
- How a device proves itself to an eIM that connects to it is not known to us: this one has a key of its own, made at its
  start, which whoever connects is told beforehand.
- Both function bindings are served, each on its path.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from harness.endpoints.https import HttpsEndpoint
from harness.endpoints.loop import LoopThread
from harness.links.events import Interface
from harness.links.http_messages import Reply, Request
from harness.links.tls import ServerCertificate
from harness.roles.ipa import json_binding
from harness.roles.ipa.esipa import MEDIA_TYPE, PATH
from harness.roles.ipa.reading import BadReply

JSON_PATH = json_binding.PATH + "transferEimPackage"
NAME = "ipa.module.test"
_LIFE = timedelta(days=30)


class Listener:
    """Serves `transfer`, which takes a TransferEimPackageRequest and gives its response, both in TLV."""

    def __init__(self, transfer: Callable[[bytes], bytes]) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        """SubjectPublicKeyInfo of its TLS key, DER."""
        self._transfer = transfer
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        certificate = ServerCertificate((_certificate(key),), pem)
        self._loop = LoopThread().start()
        self._endpoint = HttpsEndpoint(self._loop, self._answer, [certificate], interface=Interface.ESIPA)
        self.port = self._endpoint.start()

    def stop(self) -> None:
        """Listens no more."""
        self._endpoint.stop()
        self._loop.stop()

    def _answer(self, request: Request) -> Reply:
        served = {PATH: MEDIA_TYPE, JSON_PATH: json_binding.MEDIA_TYPE}
        media_type = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
        if request.path not in served:
            return Reply(404)
        if request.method != "POST":
            return Reply(405, (("Allow", "POST"),))
        if media_type != served[request.path]:
            return Reply(415)
        headers = (("X-Admin-Protocol", request.header("X-Admin-Protocol") or "gsma/rsp/v2.1.0"),)
        if request.path == PATH:
            return Reply(200, (("Content-Type", MEDIA_TYPE), *headers), self._transfer(request.body))
        try:
            message = json_binding.transfer_read(request.body)
        except BadReply:
            return Reply(400, headers)
        body = json_binding.transfer_written(self._transfer(message))
        return Reply(200, (("Content-Type", json_binding.CONTENT_TYPE), *headers), body)


def _certificate(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Self-signed, DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    )
    return builder.sign(key, SHA256()).public_bytes(Encoding.DER)
