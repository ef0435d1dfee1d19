"""HTTPS for a simulated module's firmware: real TLS from the module's process to the harness's servers."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509

from harness.errors import HarnessError
from harness.links.events import Interface
from harness.links.http_messages import TlsFacts
from harness.links.https_client import HttpsClient, TlsRefused
from harness.links.tls import Trust
from harness.roles.es10.eims import TrustData
from harness.roles.ipa import HttpReply, NoAnswer

_DEADLINE = 30.0


class FirmwareHttps:
    """An HttpPort over sockets. One connection to a server is kept as long as the server keeps it."""

    def __init__(self, ci_certificates: Sequence[bytes], addresses: Mapping[str, Sequence[str | int]]) -> None:
        """`addresses` says where a host name really listens: {"eim.example": ["127.0.0.1", 8443]}."""
        self._roots = tuple(ci_certificates)
        self._clients: dict[TrustData | None, HttpsClient] = {}
        self._addresses = _places(addresses)
        self._clock_error = 0.0

    @property
    def clock_error(self) -> float:
        """Seconds by which the module's clock is wrong: it checks certificates at the time that it believes in."""
        return self._clock_error

    @clock_error.setter
    def clock_error(self, seconds: float) -> None:
        if seconds != self._clock_error:
            self._clock_error = seconds
            self.close()

    @property
    def addresses(self) -> Mapping[str, tuple[str, int]]:
        return self._addresses

    @addresses.setter
    def addresses(self, addresses: Mapping[str, Sequence[str | int]]) -> None:
        # Clients made before keep their connections; from now on a name leads to its new place.
        self._addresses = _places(addresses)
        self._clients = {}

    def post(self, url: str, headers: Iterable[tuple[str, str]], body: bytes, *, trust: TrustData | None) -> HttpReply:
        try:
            return self._client(trust).post(url, headers, body)
        except HarnessError as fault:
            raise NoAnswer(str(fault)) from fault
        except ssl.SSLError as fault:
            raise NoAnswer(f"the card names a server certificate that cannot be read: {fault}") from fault

    def _client(self, trust: TrustData | None) -> HttpsClient:
        """The client with this trust. Raises SSLError where it is none."""
        client = self._clients.get(trust)
        if client is None:
            client = self._clients[trust] = HttpsClient(
                trust_in(trust, self._roots),
                interface=Interface.ESIPA,
                addresses=self._addresses,
                deadline=_DEADLINE,
                accepts=self._check_time,
            )
        return client

    def close(self) -> None:
        """Ends every connection."""
        for client in self._clients.values():
            client.close()
        self._clients = {}

    def _check_time(self, facts: TlsFacts) -> None:
        """Python's TLS knows the host's time only, by which the certificate is valid."""
        if not self._clock_error:
            return
        certificate = x509.load_der_x509_certificate(facts.peer_certificate)
        believed = datetime.now(UTC) + timedelta(seconds=self._clock_error)
        if not certificate.not_valid_before_utc <= believed <= certificate.not_valid_after_utc:
            raise TlsRefused(f"the server's certificate is not valid on {believed:%Y-%m-%d}", "certificate expired")


def trust_in(trust: TrustData | None, roots: Sequence[bytes]) -> Trust:
    """What a server must prove to be, by an eIM's configuration, or else below the CIs that are the `roots`."""
    if trust is None:
        return Trust(roots=tuple(roots))
    return Trust(roots=(trust.der,)) if trust.is_certificate else Trust(pinned_keys=(trust.der,))


def _places(addresses: Mapping[str, Sequence[str | int]]) -> dict[str, tuple[str, int]]:
    return {name: (str(place[0]), int(place[1])) for name, place in addresses.items()}
