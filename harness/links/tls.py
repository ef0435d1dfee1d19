"""TLS as both ends of our HTTPS links set it up: keys, trust, versions.

Rules of this room:
- Nothing weaker than TLS 1.2 unless a case asks for it by name (SGP.32 v1.2 §2.6.3).
- A context has one EC certificate, so a server has one context a certificate and picks by what the ClientHello offers.
- A client's trust is what it is given, never the system's roots.
"""

from __future__ import annotations

import base64
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from harness.links.client_hello import BRAINPOOL_P256R1, BRAINPOOL_P256R1_TLS13, SECP256R1, ClientHello

NIST_CURVE, BRAINPOOL_CURVE = "prime256v1", "brainpoolP256r1"


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """Versions and suites one side offers. `suites` is an OpenSSL cipher list and concerns TLS 1.2 and below."""

    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    suites: str | None = None

    def apply(self, context: ssl.SSLContext) -> None:
        """Sets the options on a context."""
        if self.minimum < ssl.TLSVersion.TLSv1_2:
            context.set_ciphers(self.suites or "DEFAULT:@SECLEVEL=0")
        elif self.suites:
            context.set_ciphers(self.suites)
        context.minimum_version = self.minimum
        context.maximum_version = self.maximum


DEFAULT_TLS = TlsOptions()


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """A certificate a server may show, with its key."""

    chain: tuple[bytes, ...]
    """DER, leaf first; intermediates after it."""
    private_key: bytes
    """PEM, unencrypted."""
    curve: str = NIST_CURVE
    names: tuple[str, ...] = ()
    """Host names it is shown for; empty: for any."""

    def context(self, options: TlsOptions) -> ssl.SSLContext:
        """A server context with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        options.apply(context)
        if self.curve == BRAINPOOL_CURVE:
            _offer_only(BRAINPOOL_CURVE, context, options)
        context.set_alpn_protocols(["http/1.1"])
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:  # the ssl module reads keys from files only
            file.write(b"".join(pem(certificate) for certificate in self.chain) + self.private_key)
            file.flush()
            context.load_cert_chain(file.name)
        return context


def pick_certificate(certificates: Sequence[ServerCertificate], hello: ClientHello) -> ServerCertificate:
    """The certificate for a ClientHello: by name, then by the curves the client can use, then the first."""
    named = [item for item in certificates if not item.names or (hello.server_name or "").lower() in item.names]
    candidates = named or list(certificates)
    return next((item for item in candidates if _usable(item, hello)), candidates[0])


def _usable(certificate: ServerCertificate, hello: ClientHello) -> bool:
    wanted = {BRAINPOOL_P256R1, BRAINPOOL_P256R1_TLS13} if certificate.curve == BRAINPOOL_CURVE else {SECP256R1}
    return not hello.groups or not wanted.isdisjoint(hello.groups)


@dataclass(frozen=True, slots=True)
class Trust:
    """What a client accepts as its server."""

    roots: tuple[bytes, ...] = ()
    """CA or server certificates as DER or PEM. The chain is checked up to one of them."""
    pinned_keys: tuple[bytes, ...] = ()
    """SubjectPublicKeyInfo as DER. Where any is given the server's key must be one of them and no chain is checked."""
    check_name: bool = True
    """The certificate must carry the host name; a pinned key carries none."""

    def context(self, options: TlsOptions, curve: str | None) -> ssl.SSLContext:
        """A client context; with pinned keys the caller compares the key after the handshake."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        options.apply(context)
        if curve is not None:
            _offer_only(curve, context, options)
        context.set_alpn_protocols(["http/1.1"])
        if self.pinned_keys:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        context.check_hostname = self.check_name
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a server certificate or a sub-CA may be the anchor
        for root in self.roots:
            context.load_verify_locations(cadata=root.decode("ascii") if root.startswith(b"-----") else root)
        return context


def _offer_only(curve: str, context: ssl.SSLContext, options: TlsOptions) -> None:
    if curve == BRAINPOOL_CURVE:  # OpenSSL before 3.2 has no brainpool in TLS 1.3, and finds no group at all then
        context.maximum_version = min(options.maximum, ssl.TLSVersion.TLSv1_2)
    context.set_ecdh_curve(curve)


def pem(certificate: bytes) -> bytes:
    """A DER certificate as PEM."""
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(certificate) + b"-----END CERTIFICATE-----\n"
